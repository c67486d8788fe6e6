/* Layers of sequences, one sequence at a time, in the order of kernels/sequence.c and
 * kernels/recurrent.c: a vector is tokens, channels or units, never the terms of a sum. */
#include "kernels/activations_simd.h"
#include "predict/kernels/finish_simd.h"

#include <math.h>

/* ---- layer norm ---- */

enum { PIXELS = 16 }; /* whose sums are made together */
static const float epsilon = 1e-5f;

ESP_INLINE const float *channel_at(const float *row, size_t plane, int c, const int lanes) {
  return row + (size_t)(c / lanes) * plane + (size_t)(c % lanes);
}

/* The mean of x - mean[p], or of its square, over the channels that count. */
ESP_INLINE void mean_of(const esp__pixel_norm *k, const float *x, size_t plane, const float *mean,
                        float *to, const int pixels, const int lanes) {
  const float share = 1.0f / (float)k->counted;
  for (int p = 0; p < pixels; p++) to[p] = 0.0f;
  for (int i = 0; i < k->counted; i++) {
    const float *own = channel_at(x, plane, k->counts[i], lanes);
    for (int p = 0; p < pixels; p++) {
      const float v = mean ? own[p * lanes] - mean[p] : own[p * lanes];
      to[p] += mean ? v * v : v;
    }
  }
  for (int p = 0; p < pixels; p++) to[p] *= share;
}

ESP_INLINE float normalised(float x, float mean, float rate, float scale, float shift) {
  return (x - mean) * rate * scale + shift;
}

ESP_INLINE void norm_tile(const esp__pixel_norm *k, int planes, const float *x, size_t x_plane,
                          float *y, size_t y_plane, const int pixels, const int lanes) {
  float mean[PIXELS] = {0}, rate[PIXELS] = {0};
  mean_of(k, x, x_plane, NULL, mean, pixels, lanes);
  mean_of(k, x, x_plane, mean, rate, pixels, lanes);
  for (int p = 0; p < pixels; p++) rate[p] = 1.0f / sqrtf(rate[p] + epsilon);
  for (int b = 0; b < planes; b++) {
    const float *from = x + (size_t)b * x_plane, *scale = k->scale + b * lanes,
                *shift = k->shift + b * lanes;
    float *to = y + (size_t)b * y_plane;
    for (int p = 0; p < pixels; p++)
      for (int l = 0; l < lanes; l++)
        to[p * lanes + l] = normalised(from[p * lanes + l], mean[p], rate[p], scale[l], shift[l]);
  }
}

ESP_INLINE void norm_rows(const esp__pixel_norm *k, esp__extents e, esp__planes x, esp__planes y,
                          const int lanes) {
  for (size_t r = 0; r < (size_t)e.rows; r++)
    for (int c = 0; c < e.columns; c += PIXELS) {
      const size_t at = (size_t)(c * lanes);
      const float *from = x.at + r * x.row + at;
      float *to = y.at + r * y.row + at;
      if (e.columns - c >= PIXELS)
        norm_tile(k, e.planes, from, x.plane, to, y.plane, PIXELS, lanes);
      else
        norm_tile(k, e.planes, from, x.plane, to, y.plane, e.columns - c, lanes);
    }
}

void ESP_ISA_NAME(esp__norm_pixels)(const esp__pixel_norm *k, esp__extents e, esp__planes x,
                                    esp__planes y) {
  if (e.lanes == ESP_BLOCK)
    norm_rows(k, e, x, y, ESP_BLOCK);
  else
    norm_rows(k, e, x, y, 1);
}

/* ---- attention: a vector is queries ---- */

/* As many of `most`, its half and so on as are no more than `left`. */
static int some_of(int left, int most) {
  while (most > left) most /= 2;
  return most;
}

/* Scores of `keys` keys, a constant: the query's products, channel by channel. */
ESP_INLINE void score(const esp__attention_tile *k, int first, size_t lane, const int keys) {
  esp__vec sum[8];
#pragma GCC unroll 8
  for (int i = 0; i < keys; i++) sum[i] = esp__vec_set(0.0f);
  for (int c = 0; c < k->channels; c++) {
    const esp__vec query = esp__vec_load(k->query + c * ESP_BLOCK + lane);
    const float *key = k->x + k->key[c] + first * k->step;
#pragma GCC unroll 8
    for (int i = 0; i < keys; i++)
      sum[i] = esp__vec_fma(query, esp__vec_set(key[i * k->step]), sum[i]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < keys; i++)
    esp__vec_store(k->share + (first + i) * ESP_BLOCK + (int)lane, sum[i]);
}

/* What `channels` channels, a constant, get of the values. */
ESP_INLINE void mix(const esp__attention_tile *k, int first, size_t lane, const int channels) {
  esp__vec sum[8];
  const float *value[8];
#pragma GCC unroll 8
  for (int i = 0; i < channels; i++) {
    sum[i] = esp__vec_set(0.0f);
    value[i] = k->x + k->value[first + i];
  }
  for (int t = 0; t < k->keys; t++) {
    const esp__vec share = esp__vec_load(k->share + t * ESP_BLOCK + (int)lane);
#pragma GCC unroll 8
    for (int i = 0; i < channels; i++)
      sum[i] = esp__vec_fma(esp__vec_set(value[i][t * k->step]), share, sum[i]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < channels; i++)
    esp__vec_store(k->y + (first + i) * ESP_BLOCK + (int)lane, sum[i]);
}

#define IN_EIGHTS(name)                                                                 \
  static void name##_all(const esp__attention_tile *k, int count, size_t lane) {        \
    for (int first = 0, some; first < count; first += some) {                           \
      some = some_of(count - first, 8);                                                 \
      switch (some) { EIGHTH(name, 8) EIGHTH(name, 4) EIGHTH(name, 2) EIGHTH(name, 1) } \
    }                                                                                   \
  }
#define EIGHTH(name, n)      \
  case n:                    \
    name(k, first, lane, n); \
    break;
IN_EIGHTS(score)
IN_EIGHTS(mix)

/* Softmax over the keys that each query may look at. */
static void share_out(const esp__attention_tile *k, size_t lane) {
  const esp__vec valid = esp__vec_load(k->valid + lane), scale = esp__vec_set(k->scale),
                 zero = esp__vec_set(0.0f);
  float *share = k->share + lane;
  esp__vec most = esp__vec_load(share), sum = zero;
  for (int t = 1; t < k->keys; t++) {
    const esp__vec larger = esp__vec_larger(esp__vec_load(share + t * ESP_BLOCK), most);
    most = esp__vec_if_less(esp__vec_set((float)t), valid, larger, most);
  }
  for (int t = 0; t < k->keys; t++) {
    float *s = share + t * ESP_BLOCK;
    const esp__vec e = esp__vec_exp(esp__vec_mul(esp__vec_sub(esp__vec_load(s), most), scale)),
                   own = esp__vec_if_less(esp__vec_set((float)t), valid, e, zero);
    esp__vec_store(s, own);
    sum = esp__vec_add(sum, own);
  }
  for (int t = 0; t < k->keys; t++) {
    float *s = share + t * ESP_BLOCK;
    esp__vec_store(s, esp__vec_div(esp__vec_load(s), sum));
  }
}

void ESP_ISA_NAME(esp__attend_tile)(const esp__attention_tile *k) {
  for (size_t lane = 0; lane < ESP_BLOCK; lane += ESP_VECTOR) {
    score_all(k, k->keys, lane);
    share_out(k, lane);
    mix_all(k, k->channels, lane);
  }
}

/* ---- recurrent cells: a vector is units ---- */

/* What both the input and the token before give to a gate of the units from number u on. */
ESP_INLINE esp__vec sum_of(const esp__unit_step *k, int u, int gate) {
  const int at = gate * k->units + u;
  return esp__vec_add(esp__vec_load_any(k->x + at), esp__vec_load_any(k->sums + at));
}

void ESP_ISA_NAME(esp__lstm_step)(const esp__unit_step *k) {
  for (int u = 0; u < k->units; u += ESP_VECTOR) {
    const esp__vec in = esp__vec_sigmoid(sum_of(k, u, 0)),
                   forget = esp__vec_sigmoid(sum_of(k, u, 1)),
                   candidate = esp__vec_tanh(sum_of(k, u, 2)),
                   out = esp__vec_sigmoid(sum_of(k, u, 3)), was = esp__vec_load(k->inner + u),
                   inner = esp__vec_add(esp__vec_mul(forget, was), esp__vec_mul(in, candidate));
    esp__vec_store(k->inner + u, inner);
    esp__vec_store(k->h + u, esp__vec_mul(out, esp__vec_tanh(inner)));
  }
}

void ESP_ISA_NAME(esp__gru_step)(const esp__unit_step *k) {
  const int candidate = 2 * k->units;
  for (int u = 0; u < k->units; u += ESP_VECTOR) {
    const esp__vec reset = esp__vec_sigmoid(sum_of(k, u, 0)),
                   update = esp__vec_sigmoid(sum_of(k, u, 1)), was = esp__vec_load(k->h + u),
                   left = esp__vec_mul(reset, esp__vec_load_any(k->sums + candidate + u)),
                   inner =
                       esp__vec_tanh(esp__vec_add(esp__vec_load_any(k->x + candidate + u), left)),
                   rest = esp__vec_sub(esp__vec_set(1.0f), update);
    esp__vec_store(k->h + u, esp__vec_add(esp__vec_mul(rest, inner), esp__vec_mul(update, was)));
  }
}

/* ---- one value for a sequence ---- */

ESP_INLINE void summarise(esp_token_summary kind, int length, int planes, esp__planes x, float *y,
                          const int lanes) {
  for (int p = 0; p < planes; p++) {
    const float *from = x.at + (size_t)p * x.plane;
    float *to = y + p * lanes;
    const int first = kind == ESP_TOKEN_LAST ? length - 1 : 0;
    for (int l = 0; l < lanes; l++) to[l] = kind == ESP_TOKEN_MEAN ? 0.0f : from[first * lanes + l];
    for (int t = 0; t < length && kind != ESP_TOKEN_LAST; t++)
      for (int l = 0; l < lanes; l++) {
        const float v = from[t * lanes + l];
        to[l] = kind == ESP_TOKEN_MEAN ? to[l] + v : v > to[l] ? v : to[l];
      }
    for (int l = 0; l < lanes && kind == ESP_TOKEN_MEAN; l++) to[l] /= (float)length;
  }
}

void ESP_ISA_NAME(esp__summarise_tokens)(esp_token_summary kind, int length, esp__extents e,
                                         esp__planes x, float *y) {
  if (e.lanes == 1)
    summarise(kind, length, e.planes, x, y, 1);
  else if (kind == ESP_TOKEN_MEAN)
    summarise(ESP_TOKEN_MEAN, length, e.planes, x, y, ESP_BLOCK);
  else if (kind == ESP_TOKEN_MAX)
    summarise(ESP_TOKEN_MAX, length, e.planes, x, y, ESP_BLOCK);
  else
    summarise(ESP_TOKEN_LAST, length, e.planes, x, y, ESP_BLOCK);
}

/* ---- products ---- */

void ESP_ISA_NAME(esp__multiply_planes)(esp__extents e, esp__planes x, esp__planes y,
                                        esp__planes z) {
  const size_t floats = (size_t)(e.columns * e.lanes);
  for (size_t p = 0; p < (size_t)e.planes; p++)
    for (size_t r = 0; r < (size_t)e.rows; r++) {
      const float *a = x.at + p * x.plane + r * x.row, *b = y.at + p * y.plane + r * y.row;
      float *to = z.at + p * z.plane + r * z.row;
      for (size_t i = 0; i < floats; i++) to[i] = a[i] * b[i];
    }
}
