#include "kernels/winograd.h"

#include "base/integer.h"
#include "kernels/kernels.h"
#include "kernels/simd.h"
#include "kernels/store_simd.h"

#define INLINE static inline __attribute__((always_inline))

/* ---- activations: a lane of images at a time ---- */

/* B' times four numbers. */
INLINE void input_four(const esp_vec d[4], esp_vec v[4]) {
  v[0] = esp_vec_sub(d[0], d[2]);
  v[1] = esp_vec_add(d[1], d[2]);
  v[2] = esp_vec_sub(d[2], d[1]);
  v[3] = esp_vec_sub(d[1], d[3]);
}

void ESP_ISA_NAME(esp_winograd_input)(const esp_winograd_input *k) {
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)
    for (int t = 0; t < k->tiles; t++) {
      const float *x = k->x + k->tile[t].x + lane;
      float *to = k->to + (size_t)t * ESP_LANES + lane;
      esp_vec along[4][4];
      if (k->ahead && lane == 0)
#pragma GCC unroll 4
        for (int r = 0; r < 4; r++) {
          __builtin_prefetch(x + k->ahead + (size_t)r * k->row + 2 * ESP_LANES);
          __builtin_prefetch(x + k->ahead + (size_t)r * k->row + 3 * ESP_LANES);
        }
#pragma GCC unroll 4
      for (int r = 0; r < 4; r++) {
        esp_vec d[4];
#pragma GCC unroll 4
        for (int c = 0; c < 4; c++) d[c] = esp_vec_load(x + (size_t)r * k->row + c * ESP_LANES);
        input_four(d, along[r]);
      }
#pragma GCC unroll 4
      for (int c = 0; c < 4; c++) {
        const esp_vec d[4] = {along[0][c], along[1][c], along[2][c], along[3][c]};
        esp_vec v[4];
        input_four(d, v);
#pragma GCC unroll 4
        for (int r = 0; r < 4; r++) esp_vec_store(to + (size_t)(4 * r + c) * k->next, v[r]);
      }
    }
}

/* A times two numbers. */
INLINE void gradient_two(esp_vec a, esp_vec b, esp_vec v[4]) {
  v[0] = a;
  v[1] = esp_vec_add(a, b);
  v[2] = esp_vec_sub(a, b);
  v[3] = esp_vec_sub(esp_vec_set(0.0f), b);
}

void ESP_ISA_NAME(esp_winograd_gradient)(const esp_winograd_gradient *k) {
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)
    for (int t = 0; t < k->tiles; t++) {
      const float *y = k->y + k->tile[t].y + lane;
      float *to = k->to + (size_t)t * ESP_LANES + lane;
      esp_vec along[2][4];
#pragma GCC unroll 2
      for (int r = 0; r < 2; r++)
        gradient_two(esp_vec_load(y + (size_t)r * k->row), esp_vec_load(y + (size_t)r * k->row + ESP_LANES),
                     along[r]);
#pragma GCC unroll 4
      for (int c = 0; c < 4; c++) {
        esp_vec v[4];
        gradient_two(along[0][c], along[1][c], v);
#pragma GCC unroll 4
        for (int r = 0; r < 4; r++) esp_vec_store(to + (size_t)(4 * r + c) * k->next, v[r]);
      }
    }
}

/* A' times four numbers. */
INLINE void output_two(const esp_vec m[4], esp_vec y[2]) {
  y[0] = esp_vec_add(esp_vec_add(m[0], m[1]), m[2]);
  y[1] = esp_vec_sub(esp_vec_sub(m[1], m[2]), m[3]);
}

INLINE void output_tile(const esp_winograd_output *k, int t, size_t lane, const bool plain) {
  const float *from = k->from + (size_t)t * ESP_LANES + lane;
  const size_t at = (size_t)k->tile[t].y + lane;
  esp_vec along[4][2];
#pragma GCC unroll 4
  for (int r = 0; r < 4; r++) {
    esp_vec m[4];
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) m[c] = esp_vec_load(from + (size_t)(4 * r + c) * k->next);
    output_two(m, along[r]);
  }
#pragma GCC unroll 2
  for (int c = 0; c < 2; c++) {
    const esp_vec m[4] = {along[0][c], along[1][c], along[2][c], along[3][c]};
    esp_vec y[2];
    output_two(m, y);
    esp_store(y[0], &k->finish, plain, 0, k->y, at + (size_t)c * ESP_LANES);
    esp_store(y[1], &k->finish, plain, 0, k->y, at + k->row + (size_t)c * ESP_LANES);
  }
}

void ESP_ISA_NAME(esp_winograd_output)(const esp_winograd_output *k) {
  const bool plain = esp_finish_plain(&k->finish);
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)
    for (int t = 0; t < k->tiles; t++)
      if (plain)
        output_tile(k, t, lane, true);
      else
        output_tile(k, t, lane, false);
}

/* ---- weights: 16 windows at a time; plain loops over them, which the compiler turns into vectors ---- */

enum { WINDOWS = 16, WINDOW = 9 };
#define EACH(l) for (int l = 0; l < WINDOWS; l++)

/* G times three rows of numbers. */
INLINE void weights_four(const float *a, const float *b, const float *c, float *to[4]) {
  EACH(l) {
    const float ends = a[l] + c[l];
    to[0][l] = a[l];
    to[1][l] = 0.5f * (ends + b[l]);
    to[2][l] = 0.5f * (ends - b[l]);
    to[3][l] = c[l];
  }
}

static void transform_windows(float g[WINDOW][WINDOWS], float u[ESP_POSITIONS][WINDOWS]) {
  float along[3][4][WINDOWS];
  for (int r = 0; r < 3; r++)
    weights_four(g[3 * r], g[3 * r + 1], g[3 * r + 2],
                 (float *[4]){along[r][0], along[r][1], along[r][2], along[r][3]});
  for (int c = 0; c < 4; c++)
    weights_four(along[0][c], along[1][c], along[2][c], (float *[4]){u[c], u[4 + c], u[8 + c], u[12 + c]});
}

void ESP_ISA_NAME(esp_winograd_weights)(const esp_winograd_weights *k) {
  const int together = WINDOWS / ESP_TILE; /* channels */
  float g[WINDOW][WINDOWS] = {{0}}, u[ESP_POSITIONS][WINDOWS];
  for (int first = 0; first < k->channels; first += together) {
    const int channels = esp_least(together, k->channels - first), count = channels * k->outputs;
    for (int c = 0; c < channels; c++)
      for (int o = 0; o < k->outputs; o++) {
        const float *value = k->value + (size_t)k->output[o] * k->output_stride +
                             (size_t)k->channel[first + c] * k->channel_stride;
        for (int i = 0; i < WINDOW; i++) g[i][c * k->outputs + o] = value[k->turn ? WINDOW - 1 - i : i];
      }
    transform_windows(g, u);
    for (int p = 0; p < ESP_POSITIONS; p++) {
      float *to = k->to + (size_t)p * k->next + (size_t)(first * k->outputs);
      for (int l = 0; l < count; l++) to[l] = u[p][l];
    }
  }
}

/* G' times four rows of numbers. */
INLINE void windows_three(const float *const s[4], float *to[3]) {
  EACH(l) {
    to[0][l] = s[0][l] + 0.5f * (s[1][l] + s[2][l]);
    to[1][l] = 0.5f * (s[1][l] - s[2][l]);
    to[2][l] = 0.5f * (s[1][l] + s[2][l]) + s[3][l];
  }
}

static void transform_sums(float s[ESP_POSITIONS][WINDOWS], float g[WINDOW][WINDOWS]) {
  float along[4][3][WINDOWS];
  for (int r = 0; r < 4; r++)
    windows_three((const float *const[4]){s[4 * r], s[4 * r + 1], s[4 * r + 2], s[4 * r + 3]},
                  (float *[3]){along[r][0], along[r][1], along[r][2]});
  for (int c = 0; c < 3; c++)
    windows_three((const float *const[4]){along[0][c], along[1][c], along[2][c], along[3][c]},
                  (float *[3]){g[c], g[3 + c], g[6 + c]});
}

void ESP_ISA_NAME(esp_winograd_windows)(const esp_winograd_windows *k) {
  float s[ESP_POSITIONS][WINDOWS] = {{0}}, g[WINDOW][WINDOWS];
  for (int o = 0; o < k->outputs; o++)
    for (int first = 0; first < k->channels; first += WINDOWS) {
      const int count = esp_least(WINDOWS, k->channels - first);
      for (int p = 0; p < ESP_POSITIONS; p++) {
        const float *from = k->sum + (size_t)p * k->next + (size_t)(o * k->channels + first);
        for (int l = 0; l < count; l++) s[p][l] = from[l];
      }
      transform_sums(s, g);
      for (int l = 0; l < count; l++) {
        float *to =
            k->gradient + (size_t)k->output[o] * k->output_stride + (size_t)k->channel[first + l] * WINDOW;
        for (int i = 0; i < WINDOW; i++) to[i] = g[i][l];
      }
    }
}
