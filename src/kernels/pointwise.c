#include "kernels/expf.h"
#include "kernels/kernels.h"

/* Each activation is its value and its derivative, side by side; the derivative may use both x and
 * y = f(x). */
static inline float relu(float x) {
  return x > 0.0f ? x : 0.0f;
}
static inline float relu_slope(float x, float y) {
  (void)y;
  return x > 0.0f ? 1.0f : 0.0f;
}

static inline float leaky_relu(float x) {
  return x > 0.0f ? x : 0.01f * x;
}
static inline float leaky_relu_slope(float x, float y) {
  (void)y;
  return x > 0.0f ? 1.0f : 0.01f;
}

/* Near zero (1 - t) / (1 + t) cancels; there the odd series to x^9 takes over. */
static inline float tanh_of(float x) {
  float size = x < 0.0f ? -x : x, t = esp__expf(-2.0f * size), large = (1.0f - t) / (1.0f + t),
        x2 = x * x;
  float series = 2.1869488536e-2f;
  series = series * x2 - 5.3968253968e-2f;
  series = series * x2 + 1.3333333333e-1f;
  series = series * x2 - 3.3333333333e-1f;
  series = series * x2 * x + x;
  return size < 0.25f ? series : x < 0.0f ? -large : large;
}
static inline float tanh_of_slope(float x, float y) {
  (void)x;
  return 1.0f - y * y;
}

static inline float sigmoid(float x) {
  float t = esp__expf(x < 0.0f ? x : -x);
  return (x < 0.0f ? t : 1.0f) / (1.0f + t);
}
static inline float sigmoid_slope(float x, float y) {
  (void)x;
  return y * (1.0f - y);
}

/* 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
static inline float gelu_inner(float x) {
  return 0.7978845608f * (x + 0.044715f * x * x * x);
}
static inline float gelu(float x) {
  return 0.5f * x * (1.0f + tanh_of(gelu_inner(x)));
}
static inline float gelu_slope(float x, float y) {
  (void)y;
  x = x > 16.0f    ? 16.0f
      : x < -16.0f ? -16.0f
                   : x; /* beyond, the slope is that of a line, and x^2 may overflow */
  float t = tanh_of(gelu_inner(x));
  return 0.5f * (1.0f + t) +
         0.5f * x * (1.0f - t * t) * (0.7978845608f * (1.0f + 0.134145f * x * x));
}

/* The loop over a plane, once; `body` sees r (row) and i (float in the row). */
#define EACH_FLOAT(e, body)                     \
  for (size_t r = 0; r < (size_t)(e).rows; r++) \
    for (size_t i = 0; i < (size_t)(e).width * ESP_LANES; i++) body

#define ACTIVATION(f)                                                                             \
  static void f##_plane(esp__extent e, esp__rows x, esp__rows y) {                                \
    EACH_FLOAT(e, y.at[r * y.stride + i] = f(x.at[r * x.stride + i]);)                            \
  }                                                                                               \
  static void f##_plane_back(esp__extent e, esp__rows x, esp__rows y, esp__rows dy, esp__rows dx, \
                             bool add) {                                                          \
    EACH_FLOAT(e, {                                                                               \
      float slope = f##_slope(x.at[r * x.stride + i], y.at[r * y.stride + i]);                    \
      float value = dy.at[r * dy.stride + i] * slope;                                             \
      dx.at[r * dx.stride + i] = add ? dx.at[r * dx.stride + i] + value : value;                  \
    })                                                                                            \
  }
ACTIVATION(relu)
ACTIVATION(leaky_relu)
ACTIVATION(tanh_of)
ACTIVATION(sigmoid)
ACTIVATION(gelu)

static const struct {
  void (*forward)(esp__extent, esp__rows, esp__rows);
  void (*back)(esp__extent, esp__rows, esp__rows, esp__rows, esp__rows, bool);
} activations[ESP_ACTIVATIONS] = {
    [ESP_ACT_RELU] = {relu_plane, relu_plane_back},
    [ESP_ACT_LEAKY_RELU] = {leaky_relu_plane, leaky_relu_plane_back},
    [ESP_ACT_TANH] = {tanh_of_plane, tanh_of_plane_back},
    [ESP_ACT_SIGMOID] = {sigmoid_plane, sigmoid_plane_back},
    [ESP_ACT_GELU] = {gelu_plane, gelu_plane_back},
};

void ESP_ISA_NAME(esp__activate)(esp_activation kind, esp__extent e, esp__rows x, esp__rows y) {
  activations[kind].forward(e, x, y);
}

void ESP_ISA_NAME(esp__activate_back)(esp_activation kind, esp__extent e, esp__rows x, esp__rows y,
                                      esp__rows dy, esp__rows dx, bool add) {
  activations[kind].back(e, x, y, dy, dx, add);
}

void ESP_ISA_NAME(esp__threshold)(esp__extent e, esp__rows x, esp__rows y, float t) {
  EACH_FLOAT(e, {
    const float v = x.at[r * x.stride + i];
    y.at[r * y.stride + i] = v > t ? v : 0.0f;
  })
}

void ESP_ISA_NAME(esp__threshold_back)(esp__extent e, esp__rows x, esp__rows dy, esp__rows dx,
                                       float t, bool add) {
  EACH_FLOAT(e, {
    const float v = x.at[r * x.stride + i] > t ? dy.at[r * dy.stride + i] : 0.0f;
    dx.at[r * dx.stride + i] = add ? dx.at[r * dx.stride + i] + v : v;
  })
}

void ESP_ISA_NAME(esp__sum)(esp__extent e, esp__rows x, esp__rows y, esp__rows z) {
  EACH_FLOAT(e, z.at[r * z.stride + i] = x.at[r * x.stride + i] + y.at[r * y.stride + i];)
}

void ESP_ISA_NAME(esp__copy)(esp__extent e, esp__rows x, esp__rows y, bool add) {
  if (x.at && add)
    EACH_FLOAT(e, y.at[r * y.stride + i] += x.at[r * x.stride + i];)
  else if (x.at)
    EACH_FLOAT(e, y.at[r * y.stride + i] = x.at[r * x.stride + i];)
  else if (!add)
    EACH_FLOAT(e, y.at[r * y.stride + i] = 0.0f;)
}

void ESP_ISA_NAME(esp__drop)(esp__extent e, esp__rows x, esp__rows y, esp_key key,
                             uint32_t threshold, float scale, bool add) {
  EACH_FLOAT(e, {
    uint64_t number = r * (size_t)e.width * ESP_LANES + i;
    float value = (uint32_t)(esp_random(key, number) >> 40) >= threshold
                      ? x.at[r * x.stride + i] * scale
                      : 0.0f;
    y.at[r * y.stride + i] = add ? y.at[r * y.stride + i] + value : value;
  })
}
