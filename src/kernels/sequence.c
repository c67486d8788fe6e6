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

enum { TILE = 8 * ESP_LANES }; /* floats of a channel that are worked on before the next pixels */

static const float epsilon = 1e-5f;

static size_t tile_end(size_t first, int pixels) {
  const size_t all = (size_t)pixels * ESP_LANES;
  return first + TILE < all ? first + TILE : all;
}

static void measure(const esp__layer_norm *k, esp__run x, size_t from, size_t end) {
  const float share = 1.0f / (float)k->counted;
  float sum[TILE] = {0};
  for (int c = 0; c < k->channels; c++)
    for (size_t i = from; k->counts[c] && i < end; i++)
      sum[i - from] += x.at[(size_t)c * x.stride + i];
  for (size_t i = from; i < end; i++) k->mean[i] = sum[i - from] * share;
  for (size_t i = from; i < end; i++) sum[i - from] = 0.0f;
  for (int c = 0; c < k->channels; c++)
    for (size_t i = from; k->counts[c] && i < end; i++) {
      const float v = x.at[(size_t)c * x.stride + i] - k->mean[i];
      sum[i - from] += v * v;
    }
  for (size_t i = from; i < end; i++) k->rate[i] = 1.0f / sqrtf(sum[i - from] * share + epsilon);
}

void ESP_ISA_NAME(esp__layer_norm)(const esp__layer_norm *k, esp__run x, esp__run y) {
  for (size_t from = 0, end; from < (size_t)k->pixels * ESP_LANES; from = end) {
    end = tile_end(from, k->pixels);
    measure(k, x, from, end);
    for (int c = 0; c < k->channels; c++) {
      const float scale = k->scale[c], shift = k->shift[c];
      const float *at = x.at + (size_t)c * x.stride;
      float *to = y.at + (size_t)c * y.stride;
      for (size_t i = from; i < end; i++) to[i] = (at[i] - k->mean[i]) * k->rate[i] * scale + shift;
    }
  }
}

/* Adds what a channel of the tile gives to its sums, and to those over the channels. */
static void sum_channel(const esp__layer_norm_back *k, int c, const float *x, const float *dy,
                        size_t from, size_t end, float *first, float *second) {
  const esp__layer_norm *of = k->of;
  float *scale_sum = k->scale_sum + (size_t)c * ESP_LANES,
        *shift_sum = k->shift_sum + (size_t)c * ESP_LANES;
  for (size_t p = from; p < end; p += ESP_LANES)
    for (size_t l = 0; l < ESP_LANES; l++) {
      const size_t i = p + l;
      const float v = (x[i] - of->mean[i]) * of->rate[i], g = dy[i] * of->scale[c];
      shift_sum[l] += dy[i];
      scale_sum[l] += dy[i] * v;
      first[i - from] += g;
      second[i - from] += g * v;
    }
}

static void back_channel(const esp__layer_norm_back *k, int c, const float *x, const float *dy,
                         size_t from, size_t end, const float *first, const float *second,
                         float *dx) {
  const esp__layer_norm *of = k->of;
  const float share = 1.0f / (float)of->counted;
  for (size_t i = from; i < end; i++) {
    const float v = (x[i] - of->mean[i]) * of->rate[i], g = dy[i] * of->scale[c];
    const float d =
        of->counts[c] ? of->rate[i] * (g - first[i - from] * share - v * (second[i - from] * share))
                      : 0.0f;
    dx[i] = k->add ? dx[i] + d : d;
  }
}

void ESP_ISA_NAME(esp__layer_norm_back)(const esp__layer_norm_back *k, esp__run x, esp__run dy,
                                        esp__run dx) {
  for (size_t from = 0, end; from < (size_t)k->of->pixels * ESP_LANES; from = end) {
    float first[TILE] = {0}, second[TILE] = {0};
    end = tile_end(from, k->of->pixels);
    for (int c = 0; c < k->of->channels; c++)
      sum_channel(k, c, x.at + (size_t)c * x.stride, dy.at + (size_t)c * dy.stride, from, end,
                  first, second);
    for (int c = 0; dx.at && c < k->of->channels; c++)
      back_channel(k, c, x.at + (size_t)c * x.stride, dy.at + (size_t)c * dy.stride, from, end,
                   first, second, dx.at + (size_t)c * dx.stride);
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
