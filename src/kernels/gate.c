#include "kernels/kernels.h"

enum { CHAINS = 4 }; /* running sums by column, so that additions do not wait for each other */

/* to[l] = the sum over the plane of `value`, an expression of the pixel p. */
#define SUM_IMAGES(e, x, p, to, value)                             \
  {                                                                \
    float sum[CHAINS][ESP_LANES] = {{0}};                          \
    for (int r = 0; r < (e).rows; r++)                             \
      for (int column = 0; column < (e).width; column++) {         \
        const size_t p = (size_t)column * ESP_LANES;               \
        float *chain = sum[column % CHAINS];                       \
        for (size_t l = 0; l < ESP_LANES; l++) chain[l] += value;  \
      }                                                            \
    for (int l = 0; l < ESP_LANES; l++)                            \
      (to)[l] = (sum[0][l] + sum[1][l]) + (sum[2][l] + sum[3][l]); \
  }

static inline float absolute(float x) {
  return x < 0.0f ? -x : x;
}

void ESP_ISA_NAME(esp__mean_abs)(esp__extent e, esp__rows x, float *mean) {
  const float share = 1.0f / (float)(e.rows * e.width);
  SUM_IMAGES(e, x, p, mean, absolute(x.at[(size_t)r * x.stride + p + l]))
  for (int l = 0; l < ESP_LANES; l++) mean[l] *= share;
}

void ESP_ISA_NAME(esp__dot_images)(esp__extent e, esp__rows x, esp__rows y, float *sum_) {
  SUM_IMAGES(e, x, p, sum_, x.at[(size_t)r * x.stride + p + l] * y.at[(size_t)r * y.stride + p + l])
}

/* Each pixel of each row: its offset p in a row of x and one of y. */
#define EACH_PIXEL(e, r, p)                     \
  for (size_t r = 0; r < (size_t)(e).rows; r++) \
    for (size_t p = 0; p < (size_t)(e).width * ESP_LANES; p += ESP_LANES)

void ESP_ISA_NAME(esp__mean_abs_back)(esp__extent e, esp__rows x, const float *dmean, esp__rows dx,
                                      bool add) {
  const float share = 1.0f / (float)(e.rows * e.width);
  EACH_PIXEL(e, r, p) {
    const float *from = x.at + r * x.stride + p;
    float *to = dx.at + r * dx.stride + p;
    for (int l = 0; l < ESP_LANES; l++) {
      const float d = dmean[l] * share, v = from[l] > 0.0f ? d : from[l] < 0.0f ? -d : 0.0f;
      to[l] = add ? to[l] + v : v;
    }
  }
}

void ESP_ISA_NAME(esp__scale_images)(esp__extent e, esp__rows x, const float *by, esp__rows y,
                                     bool add) {
  EACH_PIXEL(e, r, p) {
    const float *from = x.at + r * x.stride + p;
    float *to = y.at + r * y.stride + p;
    for (int l = 0; l < ESP_LANES; l++) {
      const float v = from[l] * by[l];
      to[l] = add ? to[l] + v : v;
    }
  }
}

/* A channel wins when fewer than `keep` others come before it. */
void ESP_ISA_NAME(esp__top_k)(int channels, int keep, esp__rows x, esp__rows y) {
  for (int c = 0; c < channels; c++) {
    const float *own = x.at + (size_t)c * x.stride;
    float *to = y.at + (size_t)c * y.stride;
    int32_t before[ESP_LANES] = {0};
    for (int d = 0; d < channels; d++) {
      const float *other = x.at + (size_t)d * x.stride;
      const bool first = d < c;
      for (int l = 0; l < ESP_LANES; l++)
        before[l] += (other[l] > own[l]) | (first & (other[l] == own[l]));
    }
    for (int l = 0; l < ESP_LANES; l++) to[l] = before[l] < keep && own[l] > 0.0f ? own[l] : 0.0f;
  }
}

void ESP_ISA_NAME(esp__count_images)(esp__extent e, esp__rows x, size_t step, uint32_t *count) {
  for (int l = 0; l < ESP_LANES; l++) count[l] = 0;
  for (size_t r = 0; r < (size_t)e.rows; r++)
    for (size_t c = 0; c < (size_t)e.width; c++) {
      const float *at = x.at + r * x.stride + c * step;
      for (int l = 0; l < ESP_LANES; l++) count[l] += at[l] != 0.0f;
    }
}
