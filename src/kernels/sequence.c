#include "base/inline.h"
#include "kernels/activations_simd.h"
#include "kernels/kernels.h"

#include <math.h>

void ESP_ISA_NAME(esp__multiply)(esp__extent e, esp__rows x, esp__rows y, esp__rows z, bool add) {
  for (size_t r = 0; r < (size_t)e.rows; r++)
    for (size_t i = 0; i < (size_t)e.width * ESP_LANES; i++) {
      const float v = x.at[r * x.stride + i] * y.at[r * y.stride + i];
      float *to = &z.at[r * z.stride + i];
      *to = add ? *to + v : v;
    }
}

/* ---- layer normalisation ---- */

/* Pixels whose means, rates and sums stay in registers while the channels pass: `pixels` below, a
 * constant, is so many or 1. `at` is the float at which they begin in a channel. */
enum { PIXELS = ESP_VECTOR == 8 ? 2 : 4 };

static const float epsilon = 1e-5f;

static inline float *pixel_of(esp__run x, int channel, size_t at, int pixel) {
  return x.at + (size_t)channel * x.stride + at + (size_t)pixel * ESP_LANES;
}

ESP_INLINE void load_pixels(const float *from, esp__vec *to, const int pixels) {
  for (int p = 0; p < pixels; p++) to[p] = esp__vec_load(from + p * ESP_LANES);
}

/* sum[p] = share of the sum over the channels that count of x - mean[p], or of its square. */
ESP_INLINE void sum_channels(const esp__layer_norm *k, esp__run x, size_t at, const esp__vec *mean,
                             bool square, esp__vec *sum, const int pixels) {
  for (int p = 0; p < pixels; p++) sum[p] = esp__vec_set(0.0f);
  for (int c = 0; c < k->channels; c++) {
    if (!k->counts[c]) continue;
    for (int p = 0; p < pixels; p++) {
      const esp__vec own = esp__vec_load(pixel_of(x, c, at, p)),
                     v = square ? esp__vec_sub(own, mean[p]) : own;
      sum[p] = esp__vec_add(sum[p], square ? esp__vec_mul(v, v) : v);
    }
  }
  const esp__vec share = esp__vec_set(1.0f / (float)k->counted);
  for (int p = 0; p < pixels; p++) sum[p] = esp__vec_mul(sum[p], share);
}

ESP_INLINE void measure(const esp__layer_norm *k, esp__run x, size_t at, const int pixels) {
  esp__vec mean[PIXELS], variance[PIXELS];
  sum_channels(k, x, at, NULL, false, mean, pixels);
  sum_channels(k, x, at, mean, true, variance, pixels);
  for (int p = 0; p < pixels; p++) {
    float *rate = k->rate + at + p * ESP_LANES;
    esp__vec_store(k->mean + at + p * ESP_LANES, mean[p]);
    esp__vec_store(rate, esp__vec_add(variance[p], esp__vec_set(epsilon)));
    for (int l = 0; l < ESP_VECTOR; l++) rate[l] = 1.0f / sqrtf(rate[l]);
  }
}

ESP_INLINE void norm_tile(const esp__layer_norm *k, esp__run x, esp__run y, size_t at,
                          const int pixels) {
  esp__vec mean[PIXELS], rate[PIXELS];
  measure(k, x, at, pixels);
  load_pixels(k->mean + at, mean, pixels);
  load_pixels(k->rate + at, rate, pixels);
  for (int c = 0; c < k->channels; c++) {
    const esp__vec scale = esp__vec_set(k->scale[c]), shift = esp__vec_set(k->shift[c]);
    for (int p = 0; p < pixels; p++) {
      const esp__vec own = esp__vec_sub(esp__vec_load(pixel_of(x, c, at, p)), mean[p]),
                     v = esp__vec_mul(esp__vec_mul(own, rate[p]), scale);
      esp__vec_store(pixel_of(y, c, at, p), esp__vec_add(v, shift));
    }
  }
}

void ESP_ISA_NAME(esp__layer_norm)(const esp__layer_norm *k, esp__run x, esp__run y) {
  const size_t end = (size_t)k->pixels * ESP_LANES;
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR) {
    size_t at = lane;
    for (; at + (PIXELS - 1) * ESP_LANES < end; at += PIXELS * ESP_LANES)
      norm_tile(k, x, y, at, PIXELS);
    for (; at < end; at += ESP_LANES) norm_tile(k, x, y, at, 1);
  }
}

/* What is known of the pixels of a tile: their means and rates, and the sums over the channels of g
 * and of g v. */
typedef struct pixel_sums {
  esp__vec mean[PIXELS], rate[PIXELS], first[PIXELS], second[PIXELS];
} pixel_sums;

ESP_INLINE esp__vec normalised(const pixel_sums *s, esp__run x, int c, size_t at, int p) {
  const esp__vec own = esp__vec_sub(esp__vec_load(pixel_of(x, c, at, p)), s->mean[p]);
  return esp__vec_mul(own, s->rate[p]);
}

/* Adds what a channel of the tile gives to its sums, and to those over the channels. */
ESP_INLINE void sum_channel(const esp__layer_norm_back *k, pixel_sums *s, int c, esp__run x,
                            esp__run dy, size_t at, const int pixels) {
  const esp__vec scale = esp__vec_set(k->of->scale[c]);
  float *scale_sum = k->scale_sum + (size_t)c * ESP_LANES + at % ESP_LANES,
        *shift_sum = k->shift_sum + (size_t)c * ESP_LANES + at % ESP_LANES;
  esp__vec scales = esp__vec_load(scale_sum), shifts = esp__vec_load(shift_sum);
  for (int p = 0; p < pixels; p++) {
    const esp__vec v = normalised(s, x, c, at, p), own = esp__vec_load(pixel_of(dy, c, at, p)),
                   g = esp__vec_mul(own, scale);
    shifts = esp__vec_add(shifts, own);
    scales = esp__vec_add(scales, esp__vec_mul(own, v));
    s->first[p] = esp__vec_add(s->first[p], g);
    s->second[p] = esp__vec_add(s->second[p], esp__vec_mul(g, v));
  }
  esp__vec_store(scale_sum, scales);
  esp__vec_store(shift_sum, shifts);
}

/* The gradient of a channel of the tile, from what the sums are for one channel. */
ESP_INLINE void back_channel(const esp__layer_norm_back *k, const pixel_sums *s, int c, esp__run x,
                             esp__run dy, esp__run dx, size_t at, const int pixels) {
  const esp__vec scale = esp__vec_set(k->of->scale[c]);
  for (int p = 0; p < pixels; p++) {
    float *to = pixel_of(dx, c, at, p);
    const esp__vec v = normalised(s, x, c, at, p),
                   g = esp__vec_mul(esp__vec_load(pixel_of(dy, c, at, p)), scale),
                   rest = esp__vec_sub(esp__vec_sub(g, s->first[p]), esp__vec_mul(v, s->second[p])),
                   d = k->of->counts[c] ? esp__vec_mul(s->rate[p], rest) : esp__vec_set(0.0f);
    esp__vec_store(to, k->add ? esp__vec_add(esp__vec_load(to), d) : d);
  }
}

ESP_INLINE void norm_tile_back(const esp__layer_norm_back *k, esp__run x, esp__run dy, esp__run dx,
                               size_t at, const int pixels) {
  const esp__vec share = esp__vec_set(1.0f / (float)k->of->counted);
  pixel_sums s;
  load_pixels(k->of->mean + at, s.mean, pixels);
  load_pixels(k->of->rate + at, s.rate, pixels);
  for (int p = 0; p < pixels; p++) s.first[p] = s.second[p] = esp__vec_set(0.0f);
  for (int c = 0; c < k->of->channels; c++) sum_channel(k, &s, c, x, dy, at, pixels);
  for (int p = 0; p < pixels; p++) {
    s.first[p] = esp__vec_mul(s.first[p], share);
    s.second[p] = esp__vec_mul(s.second[p], share);
  }
  for (int c = 0; dx.at && c < k->of->channels; c++) back_channel(k, &s, c, x, dy, dx, at, pixels);
}

void ESP_ISA_NAME(esp__layer_norm_back)(const esp__layer_norm_back *k, esp__run x, esp__run dy,
                                        esp__run dx) {
  const size_t end = (size_t)k->of->pixels * ESP_LANES;
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR) {
    size_t at = lane;
    for (; at + (PIXELS - 1) * ESP_LANES < end; at += PIXELS * ESP_LANES)
      norm_tile_back(k, x, dy, dx, at, PIXELS);
    for (; at < end; at += ESP_LANES) norm_tile_back(k, x, dy, dx, at, 1);
  }
}

/* ---- products of matrices, one for each image ---- */

enum { ROWS = ESP_VECTOR == 16 ? 4 : 2, COLUMNS = ESP_VECTOR == 16 ? 4 : 2 };

static inline const float *element(const esp__lane_matrix *m, int row, int column) {
  return m->at + (size_t)row * m->row + (size_t)column * m->column;
}

/* Rows [i, i + rows) and columns [j, j + columns) of some images; both are constants where the tile
 * is whole, so that its sums stay in registers. */
static inline __attribute__((always_inline)) void product_tile(const esp__lane_product *k, int i,
                                                               int j, size_t lane, const int rows,
                                                               const int columns) {
  esp__vec sum[ROWS][COLUMNS];
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++) sum[r][c] = esp__vec_set(0.0f);
  for (int p = 0; p < k->terms; p++) {
    esp__vec b[COLUMNS];
    for (int c = 0; c < columns; c++) b[c] = esp__vec_load(element(&k->b, p, j + c) + lane);
    for (int r = 0; r < rows; r++) {
      const esp__vec a = esp__vec_load(element(&k->a, i + r, p) + lane);
      for (int c = 0; c < columns; c++) sum[r][c] = esp__vec_fma(a, b[c], sum[r][c]);
    }
  }
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++) {
      float *to = k->c.at + (size_t)(i + r) * k->c.row + (size_t)(j + c) * k->c.column + lane;
      esp__vec_store(to, k->add ? esp__vec_add(esp__vec_load(to), sum[r][c]) : sum[r][c]);
    }
}

void ESP_ISA_NAME(esp__lane_product)(const esp__lane_product *k) {
  for (int i = 0; i < k->rows; i += ROWS)
    for (int j = 0; j < k->columns; j += COLUMNS) {
      const int rows = k->rows - i < ROWS ? k->rows - i : ROWS,
                columns = k->columns - j < COLUMNS ? k->columns - j : COLUMNS;
      for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)
        if (rows == ROWS && columns == COLUMNS)
          product_tile(k, i, j, lane, ROWS, COLUMNS);
        else
          product_tile(k, i, j, lane, rows, columns);
    }
}

/* ---- attention's shares ---- */

/* Lengths, or numbers of keys, as numbers to compare with. */
static void as_floats(const int32_t *count, float *to) {
  for (int l = 0; l < ESP_LANES; l++) to[l] = (float)count[l];
}

/* The largest of image l's first valid[l] scores. */
static inline esp__vec largest(int keys, esp__vec valid, const float *score) {
  esp__vec most = esp__vec_load(score);
  for (int k = 1; k < keys; k++) {
    const esp__vec larger = esp__vec_larger(esp__vec_load(score + k * ESP_LANES), most);
    most = esp__vec_if_less(esp__vec_set((float)k), valid, larger, most);
  }
  return most;
}

static void attend(int keys, esp__vec scale, esp__vec valid, float *score) {
  const esp__vec most = largest(keys, valid, score), zero = esp__vec_set(0.0f);
  esp__vec sum = zero;
  for (int k = 0; k < keys; k++) {
    float *s = score + k * ESP_LANES;
    const esp__vec e = esp__vec_exp(esp__vec_mul(esp__vec_sub(esp__vec_load(s), most), scale)),
                   own = esp__vec_if_less(esp__vec_set((float)k), valid, e, zero);
    esp__vec_store(s, own);
    sum = esp__vec_add(sum, own);
  }
  for (int k = 0; k < keys; k++) {
    float *s = score + k * ESP_LANES;
    esp__vec_store(s, esp__vec_div(esp__vec_load(s), sum));
  }
}

/* `scale` is positive, so the largest score is the largest of its products too. */
void ESP_ISA_NAME(esp__attend)(int keys, float scale, const int32_t *valid, float *score) {
  _Alignas(64) float count[ESP_LANES];
  as_floats(valid, count);
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)
    attend(keys, esp__vec_set(scale), esp__vec_load(count + lane), score + lane);
}

void ESP_ISA_NAME(esp__attend_back)(int keys, float scale, const float *share, float *dshare) {
  float sum[ESP_LANES] = {0};
  for (int k = 0; k < keys; k++)
    for (int l = 0; l < ESP_LANES; l++)
      sum[l] += share[k * ESP_LANES + l] * dshare[k * ESP_LANES + l];
  for (int k = 0; k < keys; k++)
    for (int l = 0; l < ESP_LANES; l++) {
      const int i = k * ESP_LANES + l;
      dshare[i] = scale * share[i] * (dshare[i] - sum[l]);
    }
}

/* ---- one value for a sequence ---- */

static void mean_tokens(const esp__tokens_summary *k, const float *x, float *y) {
  for (int l = 0; l < ESP_LANES; l++) y[l] = 0.0f;
  for (int t = 0; t < k->width; t++)
    for (int l = 0; l < ESP_LANES; l++) y[l] += t < k->length[l] ? x[t * ESP_LANES + l] : 0.0f;
  for (int l = 0; l < ESP_LANES; l++) y[l] /= (float)k->length[l];
}

static void last_token(const esp__tokens_summary *k, const float *x, float *y) {
  for (int l = 0; l < ESP_LANES; l++) y[l] = x[(k->length[l] - 1) * ESP_LANES + l];
}

static void largest_token(const esp__tokens_summary *k, const float *x, float *y) {
  _Alignas(64) float length[ESP_LANES];
  as_floats(k->length, length);
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)
    esp__vec_store(y + lane, largest(k->width, esp__vec_load(length + lane), x + lane));
}

void ESP_ISA_NAME(esp__summarise)(const esp__tokens_summary *k, const float *x, float *y) {
  switch (k->kind) {
    case ESP_TOKEN_MEAN:
      mean_tokens(k, x, y);
      break;
    case ESP_TOKEN_MAX:
      largest_token(k, x, y);
      break;
    case ESP_TOKEN_LAST:
      last_token(k, x, y);
      break;
  }
}

/* What is left of dy goes to the first token that is the largest; then nothing is left. */
static inline esp__vec take_if_largest(esp__vec x, esp__vec y, esp__vec *left) {
  const esp__vec zero = esp__vec_set(0.0f), own = esp__vec_if_equal(x, y, *left, zero);
  *left = esp__vec_if_equal(x, y, zero, *left);
  return own;
}

/* What of dy token t gets, of sequences of that length. */
static inline esp__vec share_of(esp_token_summary kind, int t, esp__vec length, esp__vec dy) {
  const esp__vec zero = esp__vec_set(0.0f);
  if (kind == ESP_TOKEN_LAST)
    return esp__vec_if_equal(esp__vec_set((float)(t + 1)), length, dy, zero);
  return esp__vec_if_less(esp__vec_set((float)t), length, esp__vec_div(dy, length), zero);
}

void ESP_ISA_NAME(esp__summarise_back)(const esp__tokens_summary *k, const float *x, const float *y,
                                       const float *dy, float *dx, bool add) {
  _Alignas(64) float length[ESP_LANES];
  as_floats(k->length, length);
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR) {
    const esp__vec own = esp__vec_load(length + lane), most = esp__vec_load(y + lane);
    esp__vec left = esp__vec_load(dy + lane);
    for (int t = 0; t < k->width; t++) {
      float *to = dx + t * ESP_LANES + lane;
      const esp__vec v = k->kind == ESP_TOKEN_MAX
                             ? take_if_largest(esp__vec_load(x + t * ESP_LANES + lane), most, &left)
                             : share_of(k->kind, t, own, left);
      esp__vec_store(to, add ? esp__vec_add(esp__vec_load(to), v) : v);
    }
  }
}
