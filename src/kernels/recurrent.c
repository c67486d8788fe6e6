#include "kernels/activations.h"
#include "kernels/kernels.h"

/* ---- one unit, by its index ---- */

static inline float *gate_at(const esp__gates *g, int unit, int gate) {
  return g->at + (size_t)unit * g->unit + (size_t)gate * g->gate;
}

/* Zeros, where there is no token before. */
static const float none[ESP_LANES];

static inline const float *before(const float *at, int unit, size_t stride) {
  return at ? at + (size_t)unit * stride : none;
}

/* What a unit makes goes to places of its own first, so that the loops over images are vectors. */
static inline void put(float *to, const float *from) {
  for (int l = 0; l < ESP_LANES; l++) to[l] = from[l];
}

static void lstm_unit(const esp__recurrent_cell *k, int u) {
  const float *was = before(k->inner_before, u, k->inner_unit), *x[4], *s[4];
  float gate[4][ESP_LANES], inner[ESP_LANES], h[ESP_LANES];
  for (int i = 0; i < 4; i++) {
    x[i] = gate_at(&k->x, u, i);
    s[i] = gate_at(&k->sums, u, i);
  }
  for (int l = 0; l < ESP_LANES; l++) {
    gate[0][l] = esp__sigmoid(x[0][l] + s[0][l]);
    gate[1][l] = esp__sigmoid(x[1][l] + s[1][l]);
    gate[2][l] = esp__tanhf(x[2][l] + s[2][l]);
    gate[3][l] = esp__sigmoid(x[3][l] + s[3][l]);
  }
  for (int l = 0; l < ESP_LANES; l++) {
    const bool valid = k->token < k->length[l];
    const float c = gate[1][l] * was[l] + gate[0][l] * gate[2][l];
    inner[l] = valid ? c : 0.0f;
    h[l] = valid ? gate[3][l] * esp__tanhf(c) : 0.0f;
  }
  for (int i = 0; i < 4; i++) put(gate_at(&k->sums, u, i), gate[i]);
  put(k->inner + (size_t)u * k->inner_unit, inner);
  put(k->h + (size_t)u * k->h_unit, h);
}

static void gru_unit(const esp__recurrent_cell *k, int u) {
  const float *was = before(k->h_before, u, k->h_unit), *x[3], *s[3];
  float gate[2][ESP_LANES], inner[ESP_LANES], h[ESP_LANES];
  for (int i = 0; i < 3; i++) {
    x[i] = gate_at(&k->x, u, i);
    s[i] = gate_at(&k->sums, u, i);
  }
  for (int l = 0; l < ESP_LANES; l++) {
    gate[0][l] = esp__sigmoid(x[0][l] + s[0][l]);
    gate[1][l] = esp__sigmoid(x[1][l] + s[1][l]);
    inner[l] = esp__tanhf(x[2][l] + gate[0][l] * s[2][l]);
  }
  for (int l = 0; l < ESP_LANES; l++) {
    const float v = (1.0f - gate[1][l]) * inner[l] + gate[1][l] * was[l];
    h[l] = k->token < k->length[l] ? v : 0.0f;
  }
  for (int i = 0; i < 2; i++) put(gate_at(&k->sums, u, i), gate[i]);
  put(k->inner + (size_t)u * k->inner_unit, inner);
  put(k->h + (size_t)u * k->h_unit, h);
}

void ESP_ISA_NAME(esp__lstm)(const esp__recurrent_cell *k) {
  for (int u = 0; u < k->units; u++) lstm_unit(k, u);
}
void ESP_ISA_NAME(esp__gru)(const esp__recurrent_cell *k) {
  for (int u = 0; u < k->units; u++) gru_unit(k, u);
}

/* ---- backward ---- */

/* What a unit's gradients are made of. */
typedef struct back {
  const float *s[4], *inner, *dy, *dh, *carried;
} back;

static back back_of(const esp__recurrent_cell_back *k, int u, int gates) {
  const esp__recurrent_cell *c = k->of;
  back b = {.inner = c->inner + (size_t)u * c->inner_unit,
            .dy = k->dy + (size_t)u * k->dy_unit,
            .dh = before(k->dh, u, ESP_LANES),
            .carried = k->carried + (size_t)u * ESP_LANES};
  for (int i = 0; i < gates; i++) b.s[i] = gate_at(&c->sums, u, i);
  return b;
}

static void give(const esp__recurrent_cell_back *k, int u, int gate, const float *value) {
  if (!k->dx.at) return;
  float *dx = gate_at(&k->dx, u, gate);
  for (int l = 0; l < ESP_LANES; l++) dx[l] = k->add ? dx[l] + value[l] : value[l];
}

static void give_sums(const esp__recurrent_cell_back *k, int u, int gate, const float *value) {
  const esp__gates to = {k->dsums, k->of->sums.unit, k->of->sums.gate};
  put(gate_at(&to, u, gate), value);
}

static void lstm_unit_back(const esp__recurrent_cell_back *k, int u) {
  const back b = back_of(k, u, 4);
  const float *was = before(k->of->inner_before, u, k->of->inner_unit);
  float d[4][ESP_LANES], carried[ESP_LANES];
  for (int l = 0; l < ESP_LANES; l++) {
    const bool valid = k->of->token < k->of->length[l];
    const float i = b.s[0][l], f = b.s[1][l], g = b.s[2][l], o = b.s[3][l],
                t = esp__tanhf(b.inner[l]), dh = b.dy[l] + b.dh[l],
                dc = b.carried[l] + dh * o * (1.0f - t * t);
    d[0][l] = valid ? dc * g * (i * (1.0f - i)) : 0.0f;
    d[1][l] = valid ? dc * was[l] * (f * (1.0f - f)) : 0.0f;
    d[2][l] = valid ? dc * i * (1.0f - g * g) : 0.0f;
    d[3][l] = valid ? dh * t * (o * (1.0f - o)) : 0.0f;
    carried[l] = valid ? dc * f : 0.0f;
  }
  put(k->carried + (size_t)u * ESP_LANES, carried);
  for (int i = 0; i < 4; i++) {
    give_sums(k, u, i, d[i]);
    give(k, u, i, d[i]);
  }
}

static void gru_unit_back(const esp__recurrent_cell_back *k, int u) {
  const back b = back_of(k, u, 3);
  const float *was = before(k->of->h_before, u, k->of->h_unit);
  float d[3][ESP_LANES], sum[ESP_LANES], carried[ESP_LANES];
  for (int l = 0; l < ESP_LANES; l++) {
    const bool valid = k->of->token < k->of->length[l];
    const float r = b.s[0][l], z = b.s[1][l], n = b.inner[l], dh = b.dy[l] + b.dh[l] + b.carried[l],
                dn = dh * (1.0f - z) * (1.0f - n * n);
    d[0][l] = valid ? dn * b.s[2][l] * (r * (1.0f - r)) : 0.0f;
    d[1][l] = valid ? dh * (was[l] - n) * (z * (1.0f - z)) : 0.0f;
    d[2][l] = valid ? dn : 0.0f;
    sum[l] = valid ? dn * r : 0.0f;
    carried[l] = valid ? dh * z : 0.0f;
  }
  put(k->carried + (size_t)u * ESP_LANES, carried);
  for (int i = 0; i < 3; i++) {
    give_sums(k, u, i, i < 2 ? d[i] : sum);
    give(k, u, i, d[i]);
  }
}

void ESP_ISA_NAME(esp__lstm_back)(const esp__recurrent_cell_back *k) {
  for (int u = 0; u < k->of->units; u++) lstm_unit_back(k, u);
}
void ESP_ISA_NAME(esp__gru_back)(const esp__recurrent_cell_back *k) {
  for (int u = 0; u < k->of->units; u++) gru_unit_back(k, u);
}
