#include "kernels/winograd.h"

#include "base/inline.h"
#include "base/integer.h"
#include "kernels/kernels.h"
#include "kernels/simd.h"
#include "kernels/store_simd.h"
#include "kernels/winograd_simd.h"

enum {
  SIDE = ESP_WINOGRAD_SIDE,
  WINDOW = ESP_WINOGRAD_WINDOW,
  PLACES = ESP_WINOGRAD_PLACES,
  WINDOWS = ESP_WINOGRAD_WINDOWS
};

static const float a = esp__winograd_a, b = esp__winograd_b, third = esp__winograd_third,
                   sixth = esp__winograd_sixth;

/* ---- activations: a lane of images at a time ---- */

/* Of a tile's pixel; those that are not in the plane are 0. */
ESP_INLINE esp__vec pixel(const float *from, size_t row, int r, int c, int rows, int columns,
                          const bool whole) {
  return whole || (r < rows && c < columns)
             ? esp__vec_load(from + (size_t)r * row + (size_t)c * ESP_LANES)
             : esp__vec_set(0.0f);
}

/* B' times six numbers. */
ESP_INLINE void input_six(const esp__vec d[SIDE], esp__vec v[SIDE]) {
  const esp__vec near_even = esp__vec_fma(esp__vec_set(-2.0f), d[2], d[4]),
                 near_odd = esp__vec_fma(esp__vec_set(-2.0f), d[1], d[3]),
                 far_even = esp__vec_fma(esp__vec_set(-0.5f), d[2], d[4]),
                 far_odd = esp__vec_fma(esp__vec_set(-0.5f), d[1], d[3]);
  v[0] = esp__vec_fma(esp__vec_set(-2.5f), d[2], esp__vec_add(d[0], d[4]));
  v[1] = esp__vec_fma(esp__vec_set(a), near_odd, near_even);
  v[2] = esp__vec_fma(esp__vec_set(-a), near_odd, near_even);
  v[3] = esp__vec_fma(esp__vec_set(b), far_odd, far_even);
  v[4] = esp__vec_fma(esp__vec_set(-b), far_odd, far_even);
  v[5] = esp__vec_fma(esp__vec_set(-2.5f), d[3], esp__vec_add(d[1], d[5]));
}

ESP_INLINE void input_tile(const esp__winograd_plane *k, int t, size_t lane, const bool whole) {
  const esp__winograd_tile *s = &k->tile[t];
  const float *x = k->plane + s->x + lane;
  float *to = k->to + (size_t)t * ESP_LANES + lane;
  esp__vec along[SIDE][SIDE];
#pragma GCC unroll 6
  for (int r = 0; r < SIDE; r++) {
    esp__vec d[SIDE];
#pragma GCC unroll 6
    for (int c = 0; c < SIDE; c++)
      d[c] = pixel(x, k->row, r, c, s->rows + 2, s->columns + 2, whole);
    input_six(d, along[r]);
  }
#pragma GCC unroll 6
  for (int c = 0; c < SIDE; c++) {
    const esp__vec d[SIDE] = {along[0][c], along[1][c], along[2][c],
                              along[3][c], along[4][c], along[5][c]};
    esp__vec v[SIDE];
    input_six(d, v);
#pragma GCC unroll 6
    for (int r = 0; r < SIDE; r++)
      esp__vec_store(to + (size_t)(SIDE * r + c) * k->point_stride, v[r]);
  }
}

/* A times four numbers. */
ESP_INLINE void gradient_six(const esp__vec y[ESP_WINOGRAD_TILE], esp__vec v[SIDE]) {
  const esp__vec near_even = esp__vec_fma(esp__vec_set(0.5f), y[2], y[0]),
                 near_odd = esp__vec_fma(esp__vec_set(0.5f), y[3], y[1]),
                 far_even = esp__vec_fma(esp__vec_set(2.0f), y[2], y[0]),
                 far_odd = esp__vec_fma(esp__vec_set(2.0f), y[3], y[1]);
  v[0] = y[0];
  v[1] = esp__vec_fma(esp__vec_set(a), near_odd, near_even);
  v[2] = esp__vec_fma(esp__vec_set(-a), near_odd, near_even);
  v[3] = esp__vec_fma(esp__vec_set(b), far_odd, far_even);
  v[4] = esp__vec_fma(esp__vec_set(-b), far_odd, far_even);
  v[5] = y[3];
}

ESP_INLINE void gradient_tile(const esp__winograd_plane *k, int t, size_t lane, const bool whole) {
  const esp__winograd_tile *s = &k->tile[t];
  const float *y = k->plane + s->y + lane;
  float *to = k->to + (size_t)t * ESP_LANES + lane;
  esp__vec along[ESP_WINOGRAD_TILE][SIDE];
#pragma GCC unroll 4
  for (int r = 0; r < ESP_WINOGRAD_TILE; r++) {
    esp__vec d[ESP_WINOGRAD_TILE];
#pragma GCC unroll 4
    for (int c = 0; c < ESP_WINOGRAD_TILE; c++)
      d[c] = pixel(y, k->row, r, c, s->rows, s->columns, whole);
    gradient_six(d, along[r]);
  }
#pragma GCC unroll 6
  for (int c = 0; c < SIDE; c++) {
    const esp__vec d[ESP_WINOGRAD_TILE] = {along[0][c], along[1][c], along[2][c], along[3][c]};
    esp__vec v[SIDE];
    gradient_six(d, v);
#pragma GCC unroll 6
    for (int r = 0; r < SIDE; r++)
      esp__vec_store(to + (size_t)(SIDE * r + c) * k->point_stride, v[r]);
  }
}

ESP_INLINE bool is_whole(const esp__winograd_tile *s) {
  return s->rows == ESP_WINOGRAD_TILE && s->columns == ESP_WINOGRAD_TILE;
}

/* Prefetches what lies where the outputs of a tile do, or would. */
ESP_INLINE void prefetch(const esp__winograd_plane *k, const float *first,
                         const esp__winograd_tile *s) {
  for (int r = 0; r < s->rows; r++)
    for (int c = 0; c < s->columns; c++)
      __builtin_prefetch(first + k->prefetch + (size_t)r * k->row + (size_t)c * ESP_LANES);
}

void ESP_ISA_NAME(esp__winograd_input)(const esp__winograd_plane *k) {
  for (size_t lane = 0; lane < (size_t)(ESP_LANES - k->unused); lane += ESP_VECTOR)
    for (int t = 0; t < k->tiles; t++) {
      if (k->prefetch && lane == 0)
        prefetch(k, k->plane + k->tile[t].x + k->row + ESP_LANES, &k->tile[t]);
      if (is_whole(&k->tile[t]))
        input_tile(k, t, lane, true);
      else
        input_tile(k, t, lane, false);
    }
}

void ESP_ISA_NAME(esp__winograd_gradient)(const esp__winograd_plane *k) {
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)
    for (int t = 0; t < k->tiles; t++) {
      if (k->prefetch && lane == 0) prefetch(k, k->plane + k->tile[t].y, &k->tile[t]);
      if (is_whole(&k->tile[t]))
        gradient_tile(k, t, lane, true);
      else
        gradient_tile(k, t, lane, false);
    }
}

ESP_INLINE void output_tile(const esp__winograd_output *k, int t, size_t lane, const bool plain,
                            const bool whole) {
  const esp__winograd_tile *s = &k->tile[t];
  const float *from = k->from + (size_t)t * ESP_LANES + lane;
  const size_t at = (size_t)s->y + lane;
  esp__vec along[SIDE][ESP_WINOGRAD_TILE];
  esp__winograd_output_rows(from, k->point_stride, along);
#pragma GCC unroll 4
  for (int c = 0; c < ESP_WINOGRAD_TILE; c++) {
    esp__vec y[ESP_WINOGRAD_TILE];
    esp__winograd_output_column(along, c, y);
#pragma GCC unroll 4
    for (int r = 0; r < ESP_WINOGRAD_TILE; r++)
      if (whole || (r < s->rows && c < s->columns))
        esp__store(y[r], &k->epilogue, plain, 0, k->y,
                   at + (size_t)r * k->row + (size_t)c * ESP_LANES);
  }
}

void ESP_ISA_NAME(esp__winograd_output)(const esp__winograd_output *k) {
  const bool plain = esp__epilogue_plain(&k->epilogue);
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)
    for (int t = 0; t < k->tiles; t++)
      if (!is_whole(&k->tile[t]))
        output_tile(k, t, lane, false, false);
      else if (plain)
        output_tile(k, t, lane, true, true);
      else
        output_tile(k, t, lane, false, true);
}

/* ---- weights ---- */

#define EACH(l) for (int l = 0; l < WINDOWS; l++)

void ESP_ISA_NAME(esp__winograd_weights)(const esp__winograd_weights *k) {
  const int together = WINDOWS / ESP_TILE; /* channels */
  _Alignas(64) float g[PLACES][WINDOWS] = {{0}}, u[ESP_WINOGRAD_POINTS][WINDOWS];
  for (int first = 0; first < k->channels; first += together) {
    const int channels = esp__least(together, k->channels - first), count = channels * k->outputs;
    for (int c = 0; c < channels; c++)
      for (int o = 0; o < k->outputs; o++) {
        const float *value = k->value + (size_t)k->output[o] * k->output_stride +
                             (size_t)k->channel[first + c] * k->channel_stride;
        for (int i = 0; i < PLACES; i++)
          g[i][c * k->outputs + o] = value[k->flip ? PLACES - 1 - i : i];
      }
    esp__winograd_transform_windows(g[0], u[0], WINDOWS);
    for (int p = 0; p < ESP_WINOGRAD_POINTS; p++) {
      float *to = k->to + (size_t)p * k->point_stride + (size_t)(first * k->outputs);
      for (int l = 0; l < count; l++) to[l] = u[p][l];
    }
  }
}

/* G' times six rows of numbers, `stride` rows apart; results are `to_stride` rows apart. */
ESP_INLINE void windows_three(float (*s)[WINDOWS], int stride, float (*to)[WINDOWS],
                              int to_stride) {
  EACH(l) {
    const float near_even = third * (s[stride][l] + s[2 * stride][l]),
                near_odd = s[2 * stride][l] - s[stride][l],
                far_even = sixth * (s[3 * stride][l] + s[4 * stride][l]),
                far_odd = s[3 * stride][l] - s[4 * stride][l];
    to[0][l] = (s[0][l] - 2.0f * near_even) + far_even;
    to[to_stride][l] = 2.0f * third * a * near_odd + sixth * b * far_odd;
    to[2 * to_stride][l] = (s[5 * stride][l] - near_even) + 2.0f * far_even;
  }
}

static void transform_sums(float s[ESP_WINOGRAD_POINTS][WINDOWS], float g[PLACES][WINDOWS]) {
  float along[SIDE * WINDOW][WINDOWS];
  for (int r = 0; r < SIDE; r++) windows_three(s + SIDE * r, 1, along + WINDOW * r, 1);
  for (int c = 0; c < WINDOW; c++) windows_three(along + c, WINDOW, g + c, WINDOW);
}

void ESP_ISA_NAME(esp__winograd_weight_gradient)(const esp__winograd_weight_gradient *k) {
  float s[ESP_WINOGRAD_POINTS][WINDOWS] = {{0}}, g[PLACES][WINDOWS];
  for (int o = 0; o < k->outputs; o++)
    for (int first = 0; first < k->channels; first += WINDOWS) {
      const int count = esp__least(WINDOWS, k->channels - first);
      for (int p = 0; p < ESP_WINOGRAD_POINTS; p++) {
        const float *from =
            k->sum + (size_t)p * k->point_stride + (size_t)(o * k->channels + first);
        for (int l = 0; l < count; l++) s[p][l] = from[l];
      }
      transform_sums(s, g);
      for (int l = 0; l < count; l++) {
        float *to = k->gradient + (size_t)k->output[o] * k->output_stride +
                    (size_t)k->channel[first + l] * PLACES;
        for (int i = 0; i < PLACES; i++) to[i] = g[i][l];
      }
    }
}
