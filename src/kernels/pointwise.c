#include "kernels/activations_simd.h"
#include "kernels/kernels.h"

/* The loop over a plane, once; `body` sees r (row) and i (float in the row). What it writes may be
 * what it reads, float by float, which keeps no compiler from vectors. */
#define EACH_FLOAT(e, body)                     \
  for (size_t r = 0; r < (size_t)(e).rows; r++) \
  _Pragma("GCC ivdep") for (size_t i = 0; i < (size_t)(e).width * ESP_LANES; i++) body

/* A loop for each `op`: a choice within would keep the longer slopes from becoming vectors. */
#define SLOPES(f, op)                                                              \
  EACH_FLOAT(e, {                                                                  \
    const float slope = f##_slope(x.at[r * x.stride + i], y.at[r * y.stride + i]); \
    dx.at[r * dx.stride + i] op dy.at[r * dy.stride + i] * slope;                  \
  })
#define ACTIVATION(f)                                                                             \
  static void f##_plane(esp__extent e, esp__rows x, esp__rows y) {                                \
    EACH_FLOAT(e, y.at[r * y.stride + i] = f(x.at[r * x.stride + i]);)                            \
  }                                                                                               \
  static void f##_plane_back(esp__extent e, esp__rows x, esp__rows y, esp__rows dy, esp__rows dx, \
                             bool add) {                                                          \
    if (add)                                                                                      \
      SLOPES(f, +=)                                                                               \
    else                                                                                          \
      SLOPES(f, =)                                                                                \
  }
ACTIVATION(esp__relu)
ACTIVATION(esp__relu6)
ACTIVATION(esp__leaky_relu)

/* The same of the smooth ones, whose vectors are written out. */
#define EACH_VECTOR(e)                          \
  for (size_t r = 0; r < (size_t)(e).rows; r++) \
    for (size_t i = 0; i < (size_t)(e).width * ESP_LANES; i += ESP_VECTOR)
#define AT(rows) ((rows).at + r * (rows).stride + i)
#define SMOOTH(f)                                                                                 \
  static void f##_plane(esp__extent e, esp__rows x, esp__rows y) {                                \
    EACH_VECTOR(e) esp__vec_store(AT(y), f(esp__vec_load(AT(x))));                                \
  }                                                                                               \
  static void f##_plane_back(esp__extent e, esp__rows x, esp__rows y, esp__rows dy, esp__rows dx, \
                             bool add) {                                                          \
    EACH_VECTOR(e) {                                                                              \
      const esp__vec slope = f##_slope(esp__vec_load(AT(x)), esp__vec_load(AT(y))),               \
                     v = esp__vec_mul(esp__vec_load(AT(dy)), slope);                              \
      esp__vec_store(AT(dx), add ? esp__vec_add(esp__vec_load(AT(dx)), v) : v);                   \
    }                                                                                             \
  }
SMOOTH(esp__vec_tanh)
SMOOTH(esp__vec_sigmoid)
SMOOTH(esp__vec_gelu)

static const struct {
  void (*forward)(esp__extent, esp__rows, esp__rows);
  void (*back)(esp__extent, esp__rows, esp__rows, esp__rows, esp__rows, bool);
} activations[ESP_ACTIVATIONS] = {
    [ESP_ACT_RELU] = {esp__relu_plane, esp__relu_plane_back},
    [ESP_ACT_RELU6] = {esp__relu6_plane, esp__relu6_plane_back},
    [ESP_ACT_LEAKY_RELU] = {esp__leaky_relu_plane, esp__leaky_relu_plane_back},
    [ESP_ACT_TANH] = {esp__vec_tanh_plane, esp__vec_tanh_plane_back},
    [ESP_ACT_SIGMOID] = {esp__vec_sigmoid_plane, esp__vec_sigmoid_plane_back},
    [ESP_ACT_GELU] = {esp__vec_gelu_plane, esp__vec_gelu_plane_back},
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
