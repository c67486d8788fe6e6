#include "kernels/kernels.h"
#include "kernels/simd.h"

enum { CHAINS = 4 }; /* running sums by column, so that additions do not wait for each other */

static inline void store_chains(float *to, const esp__vec s[CHAINS]) {
  esp__vec_store(to, esp__vec_add(esp__vec_add(s[0], s[1]), esp__vec_add(s[2], s[3])));
}

/* Adds `a(column)` and `b(column)`, expressions of the offset i, over the plane into first[] and
 * second[]. */
#define SUM_PLANE(e, FIRST, SECOND, setup, a, b)                           \
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR) {            \
    esp__vec s[CHAINS], q[CHAINS];                                         \
    for (int k = 0; k < CHAINS; k++) s[k] = q[k] = esp__vec_set(0.0f);     \
    for (size_t r = 0; r < (size_t)(e).rows; r++) {                        \
      int x = 0;                                                           \
      for (; x + CHAINS <= (e).width; x += CHAINS)                         \
        for (int k = 0; k < CHAINS; k++) SUM_STEP(setup, a, b, x + k, k)   \
      for (int k = 0; x < (e).width; x++, k++) SUM_STEP(setup, a, b, x, k) \
    }                                                                      \
    store_chains(FIRST + lane, s);                                         \
    store_chains(SECOND + lane, q);                                        \
  }
#define SUM_STEP(setup, a, b, column, k)                \
  {                                                     \
    const size_t i = (size_t)(column)*ESP_LANES + lane; \
    setup;                                              \
    const esp__vec first_ = a, second_ = b;             \
    s[k] = esp__vec_add(s[k], first_);                  \
    q[k] = esp__vec_fma(first_, second_, q[k]);         \
  }

void ESP_ISA_NAME(esp__moments)(esp__extent e, esp__rows x_, float centre, float *sum,
                                float *square) {
  const esp__vec minus = esp__vec_set(-centre);
  SUM_PLANE(e, sum, square,
            const esp__vec v = esp__vec_add(esp__vec_load(x_.at + r * x_.stride + i), minus), v, v)
}

/* How the gate of a ReLU is found; a constant at each use below, so that the loops test nothing. */
typedef enum gate_kind { NO_GATE, GATE_FROM_Y, GATE_FROM_X } gate_kind;

static inline gate_kind kind_of(const esp__relu_mask *gate, esp__rows y) {
  return !gate->relu ? NO_GATE : y.at ? GATE_FROM_Y : GATE_FROM_X;
}

/* Where `y` is read; NULL where it is not, and may not be there. */
static inline __attribute__((always_inline)) const float *gate_at(const gate_kind kind, esp__rows y,
                                                                  size_t r, size_t i) {
  return kind == GATE_FROM_Y ? y.at + r * y.stride + i : NULL;
}

/* The gradient that passes: `y` is read, or found again from x = `value`. */
static inline __attribute__((always_inline)) esp__vec through(const gate_kind kind,
                                                              const esp__relu_mask *gate,
                                                              const float *y, esp__vec value,
                                                              esp__vec g) {
  if (kind == GATE_FROM_Y) return esp__vec_positive(esp__vec_load(y), g);
  if (kind == NO_GATE) return g;
  return esp__vec_positive(
      esp__vec_add(esp__vec_mul(value, esp__vec_set(gate->scale)), esp__vec_set(gate->shift)), g);
}

void ESP_ISA_NAME(esp__normalise_sums)(esp__extent e, esp__rows x_, esp__rows y, esp__rows dy,
                                       float mean, esp__relu_mask gate, float *sum,
                                       float *product) {
  const esp__vec minus = esp__vec_set(-mean);
#define SUMS(kind)                                                                               \
  SUM_PLANE(                                                                                     \
      e, sum, product, const esp__vec v = esp__vec_load(x_.at + r * x_.stride + i),              \
      through(kind, &gate, gate_at(kind, y, r, i), v, esp__vec_load(dy.at + r * dy.stride + i)), \
      esp__vec_add(v, minus))
  switch (kind_of(&gate, y)) {
    case NO_GATE:
      SUMS(NO_GATE)
      break;
    case GATE_FROM_Y:
      SUMS(GATE_FROM_Y)
      break;
    case GATE_FROM_X:
      SUMS(GATE_FROM_X)
      break;
  }
#undef SUMS
}

/* The forward pass is a plain loop (see pointwise.h). */
void ESP_ISA_NAME(esp__normalise)(esp__extent e, esp__rows x, esp__rows residual, esp__rows y,
                                  float scale, float shift, bool relu) {
  const size_t width = (size_t)e.width * ESP_LANES;
  for (size_t r = 0; r < (size_t)e.rows; r++) {
    const float *from = x.at + r * x.stride,
                *more = residual.at ? residual.at + r * residual.stride : NULL;
    float *to = y.at + r * y.stride;
    if (more)
      for (size_t i = 0; i < width; i++) {
        float v = (from[i] * scale + shift) + more[i];
        to[i] = relu && !(v > 0.0f) ? 0.0f : v;
      }
    else
      for (size_t i = 0; i < width; i++) {
        float v = from[i] * scale + shift;
        to[i] = relu && !(v > 0.0f) ? 0.0f : v;
      }
  }
}

/* `kind`, `add` and `side` are constants at each call below. */
static inline __attribute__((always_inline)) void normalise_back(
    esp__extent e, esp__rows x, esp__rows y, esp__rows dy, esp__rows dx, esp__rows dresidual,
    const esp__normalise_back *k, const gate_kind kind, const bool add, const bool side) {
  const esp__vec minus = esp__vec_set(-k->mean), a = esp__vec_set(k->a), b = esp__vec_set(k->b),
                 c = esp__vec_set(k->c);
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR) {
    const esp__vec valid = esp__vec_load(k->valid + lane);
    for (size_t r = 0; r < (size_t)e.rows; r++)
      for (size_t i = lane; i < (size_t)e.width * ESP_LANES; i += ESP_LANES) {
        const esp__vec value = esp__vec_load(x.at + r * x.stride + i);
        esp__vec g = through(kind, &k->gate, gate_at(kind, y, r, i), value,
                             esp__vec_load(dy.at + r * dy.stride + i));
        esp__vec v =
            esp__vec_mul(esp__vec_fma(a, g, esp__vec_fma(b, esp__vec_add(value, minus), c)), valid);
        float *down = dx.at + r * dx.stride + i;
        if (add) v = esp__vec_add(esp__vec_load(down), v);
        esp__vec_store(down, v);
        if (!side) continue;
        float *beside = dresidual.at + r * dresidual.stride + i;
        if (k->add_residual) g = esp__vec_add(esp__vec_load(beside), g);
        esp__vec_store(beside, g);
      }
  }
}

void ESP_ISA_NAME(esp__normalise_back)(esp__extent e, esp__rows x, esp__rows y, esp__rows dy,
                                       esp__rows dx, esp__rows dresidual,
                                       const esp__normalise_back *k) {
  const bool side = dresidual.at != NULL;
#define BACK(kind)                                                       \
  case kind:                                                             \
    if (k->add && side)                                                  \
      normalise_back(e, x, y, dy, dx, dresidual, k, kind, true, true);   \
    else if (k->add)                                                     \
      normalise_back(e, x, y, dy, dx, dresidual, k, kind, true, false);  \
    else if (side)                                                       \
      normalise_back(e, x, y, dy, dx, dresidual, k, kind, false, true);  \
    else                                                                 \
      normalise_back(e, x, y, dy, dx, dresidual, k, kind, false, false); \
    break;
  switch (kind_of(&k->gate, y)) { BACK(NO_GATE) BACK(GATE_FROM_Y) BACK(GATE_FROM_X) }
#undef BACK
}
