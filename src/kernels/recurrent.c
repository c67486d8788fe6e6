#include "kernels/activations_simd.h"
#include "kernels/kernels.h"

/* The loop over the vectors of a lane: `lane` is the float one begins at. */
#define EACH_VECTOR for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)

/* ---- one unit, by its index ---- */

static inline float *gate_at(const esp__gates *g, int unit, int gate) {
  return g->at + (size_t)unit * g->unit + (size_t)gate * g->gate;
}

static inline esp__vec gate_of(const esp__gates *g, int unit, int gate, size_t lane) {
  return esp__vec_load(gate_at(g, unit, gate) + lane);
}

/* What both the input and the token before give to a gate. */
static inline esp__vec sum_of(const esp__recurrent_cell *k, int unit, int gate, size_t lane) {
  return esp__vec_add(gate_of(&k->x, unit, gate, lane), gate_of(&k->sums, unit, gate, lane));
}

/* Zeros, where there is no token before. */
static inline esp__vec before(const float *at, int unit, size_t stride, size_t lane) {
  return at ? esp__vec_load(at + (size_t)unit * stride + lane) : esp__vec_set(0.0f);
}

/* 1 for images that have this token, 0 for those that have ended. */
static void find_valid(const esp__recurrent_cell *k, float *valid) {
  for (int l = 0; l < ESP_LANES; l++) valid[l] = k->token < k->length[l] ? 1.0f : 0.0f;
}

static inline esp__vec rest_of(esp__vec share) {
  return esp__vec_sub(esp__vec_set(1.0f), share);
}

/* ---- forward: first what depends on the sums alone, of all units, so that they do not wait for
 * each other ---- */

static void lstm_gates(const esp__recurrent_cell *k, int u, size_t lane, esp__vec valid) {
  const esp__vec was = before(k->inner_before, u, k->inner_unit, lane),
                 in = esp__vec_sigmoid(sum_of(k, u, 0, lane)),
                 forget = esp__vec_sigmoid(sum_of(k, u, 1, lane)),
                 candidate = esp__vec_tanh(sum_of(k, u, 2, lane)),
                 out = esp__vec_sigmoid(sum_of(k, u, 3, lane)),
                 inner = esp__vec_add(esp__vec_mul(forget, was), esp__vec_mul(in, candidate));
  esp__vec_store(gate_at(&k->sums, u, 0) + lane, in);
  esp__vec_store(gate_at(&k->sums, u, 1) + lane, forget);
  esp__vec_store(gate_at(&k->sums, u, 2) + lane, candidate);
  esp__vec_store(gate_at(&k->sums, u, 3) + lane, out);
  esp__vec_store(k->inner + (size_t)u * k->inner_unit + lane, esp__vec_positive(valid, inner));
}

static void lstm_output(const esp__recurrent_cell *k, int u, size_t lane, esp__vec valid) {
  const esp__vec inner = esp__vec_load(k->inner + (size_t)u * k->inner_unit + lane),
                 h = esp__vec_mul(gate_of(&k->sums, u, 3, lane), esp__vec_tanh(inner));
  esp__vec_store(k->h + (size_t)u * k->h_unit + lane, esp__vec_positive(valid, h));
}

void ESP_ISA_NAME(esp__lstm)(const esp__recurrent_cell *k) {
  _Alignas(64) float valid[ESP_LANES];
  find_valid(k, valid);
  EACH_VECTOR {
    const esp__vec own = esp__vec_load(valid + lane);
    for (int u = 0; u < k->units; u++) lstm_gates(k, u, lane, own);
    for (int u = 0; u < k->units; u++) lstm_output(k, u, lane, own);
  }
}

static void gru_gates(const esp__recurrent_cell *k, int u, size_t lane) {
  const esp__vec reset = esp__vec_sigmoid(sum_of(k, u, 0, lane)),
                 update = esp__vec_sigmoid(sum_of(k, u, 1, lane));
  esp__vec_store(gate_at(&k->sums, u, 0) + lane, reset);
  esp__vec_store(gate_at(&k->sums, u, 1) + lane, update);
}

static void gru_output(const esp__recurrent_cell *k, int u, size_t lane, esp__vec valid) {
  const esp__vec was = before(k->h_before, u, k->h_unit, lane),
                 update = gate_of(&k->sums, u, 1, lane),
                 left = esp__vec_mul(gate_of(&k->sums, u, 0, lane), gate_of(&k->sums, u, 2, lane)),
                 inner = esp__vec_tanh(esp__vec_add(gate_of(&k->x, u, 2, lane), left)),
                 h = esp__vec_add(esp__vec_mul(rest_of(update), inner), esp__vec_mul(update, was));
  esp__vec_store(k->inner + (size_t)u * k->inner_unit + lane, inner);
  esp__vec_store(k->h + (size_t)u * k->h_unit + lane, esp__vec_positive(valid, h));
}

void ESP_ISA_NAME(esp__gru)(const esp__recurrent_cell *k) {
  _Alignas(64) float valid[ESP_LANES];
  find_valid(k, valid);
  EACH_VECTOR {
    const esp__vec own = esp__vec_load(valid + lane);
    for (int u = 0; u < k->units; u++) gru_gates(k, u, lane);
    for (int u = 0; u < k->units; u++) gru_output(k, u, lane, own);
  }
}

/* ---- backward ---- */

static inline void give(const esp__recurrent_cell_back *k, int u, int gate, size_t lane,
                        esp__vec value) {
  if (!k->dx.at) return;
  float *dx = gate_at(&k->dx, u, gate) + lane;
  esp__vec_store(dx, k->add ? esp__vec_add(esp__vec_load(dx), value) : value);
}

static inline void give_sums(const esp__recurrent_cell_back *k, int u, int gate, size_t lane,
                             esp__vec value) {
  if (!k->dsums) return;
  const esp__gates to = {k->dsums, k->of->sums.unit, k->of->sums.gate};
  esp__vec_store(gate_at(&to, u, gate) + lane, value);
}

/* The gradient of a unit's h from the layers behind and from the next token. */
static inline esp__vec back_of(const esp__recurrent_cell_back *k, int u, size_t lane) {
  return esp__vec_add(esp__vec_load(k->dy + (size_t)u * k->dy_unit + lane),
                      before(k->dh, u, ESP_LANES, lane));
}

/* Of a gate whose value is y. */
static inline esp__vec sigmoid_slope(esp__vec y) {
  return esp__vec_sigmoid_slope(y, y);
}
static inline esp__vec tanh_slope(esp__vec y) {
  return esp__vec_tanh_slope(y, y);
}

static void lstm_back(const esp__recurrent_cell_back *k, int u, size_t lane, esp__vec valid) {
  const esp__recurrent_cell *c = k->of;
  float *carried = k->carried + (size_t)u * ESP_LANES + lane;
  const esp__vec in = gate_of(&c->sums, u, 0, lane), forget = gate_of(&c->sums, u, 1, lane),
                 candidate = gate_of(&c->sums, u, 2, lane), out = gate_of(&c->sums, u, 3, lane),
                 was = before(c->inner_before, u, c->inner_unit, lane),
                 t = esp__vec_tanh(esp__vec_load(c->inner + (size_t)u * c->inner_unit + lane)),
                 dh = back_of(k, u, lane),
                 dc = esp__vec_add(esp__vec_load(carried),
                                   esp__vec_mul(esp__vec_mul(dh, out), tanh_slope(t)));
  const esp__vec d[4] = {esp__vec_mul(esp__vec_mul(dc, candidate), sigmoid_slope(in)),
                         esp__vec_mul(esp__vec_mul(dc, was), sigmoid_slope(forget)),
                         esp__vec_mul(esp__vec_mul(dc, in), tanh_slope(candidate)),
                         esp__vec_mul(esp__vec_mul(dh, t), sigmoid_slope(out))};
  esp__vec_store(carried, esp__vec_positive(valid, esp__vec_mul(dc, forget)));
  for (int i = 0; i < 4; i++) {
    const esp__vec own = esp__vec_positive(valid, d[i]);
    give_sums(k, u, i, lane, own);
    give(k, u, i, lane, own);
  }
}

static void gru_back(const esp__recurrent_cell_back *k, int u, size_t lane, esp__vec valid) {
  const esp__recurrent_cell *c = k->of;
  float *carried = k->carried + (size_t)u * ESP_LANES + lane;
  const esp__vec reset = gate_of(&c->sums, u, 0, lane), update = gate_of(&c->sums, u, 1, lane),
                 inner = esp__vec_load(c->inner + (size_t)u * c->inner_unit + lane),
                 was = before(c->h_before, u, c->h_unit, lane),
                 dh = esp__vec_add(back_of(k, u, lane), esp__vec_load(carried)),
                 dn = esp__vec_mul(esp__vec_mul(dh, rest_of(update)), tanh_slope(inner));
  const esp__vec d[3] = {
      esp__vec_mul(esp__vec_mul(dn, gate_of(&c->sums, u, 2, lane)), sigmoid_slope(reset)),
      esp__vec_mul(esp__vec_mul(dh, esp__vec_sub(was, inner)), sigmoid_slope(update)), dn};
  esp__vec_store(carried, esp__vec_positive(valid, esp__vec_mul(dh, update)));
  for (int i = 0; i < 3; i++) {
    const esp__vec own = i < 2 ? d[i] : esp__vec_mul(dn, reset);
    give_sums(k, u, i, lane, esp__vec_positive(valid, own));
    give(k, u, i, lane, esp__vec_positive(valid, d[i]));
  }
}

#define BACK(name)                                                                        \
  void ESP_ISA_NAME(esp__##name)(const esp__recurrent_cell_back *k) {                     \
    _Alignas(64) float valid[ESP_LANES];                                                  \
    find_valid(k->of, valid);                                                             \
    EACH_VECTOR                                                                           \
    for (int u = 0; u < k->of->units; u++) name(k, u, lane, esp__vec_load(valid + lane)); \
  }
BACK(lstm_back)
BACK(gru_back)
