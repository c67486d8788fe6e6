#include "kernels/kernels.h"
#include "kernels/simd.h"

enum { CHAINS = 4 }; /* running sums by column, so that additions do not wait for each other */

static inline void store_joined(float *to, const esp_vec s[CHAINS]) {
  esp_vec_store(to, esp_vec_add(esp_vec_add(s[0], s[1]), esp_vec_add(s[2], s[3])));
}

/* Adds `a(column)` and `b(column)`, expressions of the offset i, over the plane into first[] and second[]. */
#define SUM_PLANE(e, FIRST, SECOND, setup, a, b)                           \
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR) {            \
    esp_vec s[CHAINS], q[CHAINS];                                          \
    for (int k = 0; k < CHAINS; k++) s[k] = q[k] = esp_vec_set(0.0f);      \
    for (size_t r = 0; r < (size_t)(e).rows; r++) {                        \
      int x = 0;                                                           \
      for (; x + CHAINS <= (e).width; x += CHAINS)                         \
        for (int k = 0; k < CHAINS; k++) SUM_STEP(setup, a, b, x + k, k)   \
      for (int k = 0; x < (e).width; x++, k++) SUM_STEP(setup, a, b, x, k) \
    }                                                                      \
    store_joined(FIRST + lane, s);                                         \
    store_joined(SECOND + lane, q);                                        \
  }
#define SUM_STEP(setup, a, b, column, k)                \
  {                                                     \
    const size_t i = (size_t)(column)*ESP_LANES + lane; \
    setup;                                              \
    const esp_vec first_ = a, second_ = b;              \
    s[k] = esp_vec_add(s[k], first_);                   \
    q[k] = esp_vec_fma(first_, second_, q[k]);          \
  }

void ESP_ISA_NAME(esp_moments)(esp_extent e, esp_rows x_, float centre, float *sum, float *square) {
  const esp_vec minus = esp_vec_set(-centre);
  SUM_PLANE(e, sum, square, const esp_vec v = esp_vec_add(esp_vec_load(x_.at + r * x_.stride + i), minus), v,
            v)
}

void ESP_ISA_NAME(esp_normalise_sums)(esp_extent e, esp_rows x_, esp_rows y, esp_rows dy, float mean,
                                      bool relu, float *sum, float *product) {
  const esp_vec minus = esp_vec_set(-mean);
  if (relu)
    SUM_PLANE(e, sum, product, const esp_vec v = esp_vec_add(esp_vec_load(x_.at + r * x_.stride + i), minus);
              const esp_vec g = esp_vec_positive(esp_vec_load(y.at + r * y.stride + i),
                                                 esp_vec_load(dy.at + r * dy.stride + i)),
              g, v)
  else
    SUM_PLANE(e, sum, product, const esp_vec v = esp_vec_add(esp_vec_load(x_.at + r * x_.stride + i), minus),
              esp_vec_load(dy.at + r * dy.stride + i), v)
}

/* The forward pass is a plain loop (see pointwise.h). */
void ESP_ISA_NAME(esp_normalise)(esp_extent e, esp_rows x, esp_rows residual, esp_rows y, float scale,
                                 float shift, bool relu) {
  const size_t width = (size_t)e.width * ESP_LANES;
  for (size_t r = 0; r < (size_t)e.rows; r++) {
    const float *from = x.at + r * x.stride, *more = residual.at ? residual.at + r * residual.stride : NULL;
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

/* `relu`, `add` and `side` are constants at each call below, so that the loop tests nothing. */
static inline __attribute__((always_inline)) void normalise_back(esp_extent e, esp_rows x, esp_rows y,
                                                                 esp_rows dy, esp_rows dx, esp_rows dresidual,
                                                                 const esp_normalise_back *k, const bool relu,
                                                                 const bool add, const bool side) {
  const esp_vec minus = esp_vec_set(-k->mean), a = esp_vec_set(k->a), b = esp_vec_set(k->b),
                c = esp_vec_set(k->c);
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR) {
    const esp_vec valid = esp_vec_load(k->valid + lane);
    for (size_t r = 0; r < (size_t)e.rows; r++)
      for (size_t i = lane; i < (size_t)e.width * ESP_LANES; i += ESP_LANES) {
        esp_vec g = esp_vec_load(dy.at + r * dy.stride + i);
        if (relu) g = esp_vec_positive(esp_vec_load(y.at + r * y.stride + i), g);
        const esp_vec off = esp_vec_add(esp_vec_load(x.at + r * x.stride + i), minus);
        esp_vec v = esp_vec_mul(esp_vec_fma(a, g, esp_vec_fma(b, off, c)), valid);
        float *down = dx.at + r * dx.stride + i;
        if (add) v = esp_vec_add(esp_vec_load(down), v);
        esp_vec_store(down, v);
        if (!side) continue;
        float *beside = dresidual.at + r * dresidual.stride + i;
        if (k->add_residual) g = esp_vec_add(esp_vec_load(beside), g);
        esp_vec_store(beside, g);
      }
  }
}

void ESP_ISA_NAME(esp_normalise_back)(esp_extent e, esp_rows x, esp_rows y, esp_rows dy, esp_rows dx,
                                      esp_rows dresidual, const esp_normalise_back *k) {
#define BACK(relu, add, side) normalise_back(e, x, y, dy, dx, dresidual, k, relu, add, side)
  switch ((k->relu ? 4 : 0) + (k->add ? 2 : 0) + (dresidual.at ? 1 : 0)) {
    case 0:
      BACK(false, false, false);
      break;
    case 1:
      BACK(false, false, true);
      break;
    case 2:
      BACK(false, true, false);
      break;
    case 3:
      BACK(false, true, true);
      break;
    case 4:
      BACK(true, false, false);
      break;
    case 5:
      BACK(true, false, true);
      break;
    case 6:
      BACK(true, true, false);
      break;
    case 7:
      BACK(true, true, true);
      break;
  }
#undef BACK
}
