/* What treats values or windows alike: plain loops, in the order of the kernels over lanes. The
 * lanes of a pixel are a constant in each loop, so that the compiler makes vectors of 16. */
#include "kernels/activations.h"
#include "predict/kernels/finish_simd.h"

/* Each row of each plane: offsets x and y, `floats` in it; `body` sees i. */
#define EACH_ROW(e, p, r)                         \
  for (size_t p = 0; p < (size_t)(e).planes; p++) \
    for (size_t r = 0; r < (size_t)(e).rows; r++)
#define AT(planes, p, r) ((planes).at + (p) * (planes).plane + (r) * (planes).row)

#define APPLY(f)                                                         \
  static void f##_planes(esp__extents e, esp__planes x, esp__planes y) { \
    const size_t floats = (size_t)(e.columns * e.lanes);                 \
    EACH_ROW(e, p, r) {                                                  \
      const float *from = AT(x, p, r);                                   \
      float *to = AT(y, p, r);                                           \
      for (size_t i = 0; i < floats; i++) to[i] = f(from[i]);            \
    }                                                                    \
  }
APPLY(esp__relu)
APPLY(esp__relu6)
APPLY(esp__leaky_relu)
APPLY(esp__tanhf)
APPLY(esp__sigmoid)
APPLY(esp__gelu)

void ESP_ISA_NAME(esp__apply)(esp_activation kind, esp__extents e, esp__planes x, esp__planes y) {
  static void (*const apply[ESP_ACTIVATIONS])(esp__extents, esp__planes, esp__planes) = {
      [ESP_ACT_RELU] = esp__relu_planes,
      [ESP_ACT_RELU6] = esp__relu6_planes,
      [ESP_ACT_LEAKY_RELU] = esp__leaky_relu_planes,
      [ESP_ACT_TANH] = esp__tanhf_planes,
      [ESP_ACT_SIGMOID] = esp__sigmoid_planes,
      [ESP_ACT_GELU] = esp__gelu_planes};
  apply[kind](e, x, y);
}

void ESP_ISA_NAME(esp__apply_threshold)(float t, esp__extents e, esp__planes x, esp__planes y) {
  const size_t floats = (size_t)(e.columns * e.lanes);
  EACH_ROW(e, p, r) {
    const float *from = AT(x, p, r);
    float *to = AT(y, p, r);
    for (size_t i = 0; i < floats; i++) to[i] = from[i] > t ? from[i] : 0.0f;
  }
}

ESP_INLINE void sum_planes(esp__extents e, esp__planes x, esp__planes y, esp__planes z,
                           const bool relu) {
  const size_t floats = (size_t)(e.columns * e.lanes);
  EACH_ROW(e, p, r) {
    const float *a = AT(x, p, r), *b = AT(y, p, r);
    float *to = AT(z, p, r);
    for (size_t i = 0; i < floats; i++) {
      const float v = a[i] + b[i];
      to[i] = relu && !(v > 0.0f) ? 0.0f : v;
    }
  }
}

void ESP_ISA_NAME(esp__add_planes)(bool relu, esp__extents e, esp__planes x, esp__planes y,
                                   esp__planes z) {
  if (relu)
    sum_planes(e, x, y, z, true);
  else
    sum_planes(e, x, y, z, false);
}

/* A channel stays when fewer than `keep` others are larger. */
void ESP_ISA_NAME(esp__keep_largest)(const float *x, int channels, int keep, float *y) {
  for (int c = 0; c < channels; c++) {
    const float own = x[c];
    int larger = 0;
    for (int d = 0; d < c; d++) larger += x[d] >= own;
    for (int d = c + 1; d < channels; d++) larger += x[d] > own;
    y[c] = larger < keep && own > 0.0f ? own : 0.0f;
  }
}

/* Pixel `column` of a row, and the number of the channel of its first lane. */
#define EACH_PIXEL(e, i, lanes) \
  for (size_t i = 0; i < (size_t)((e).columns * (lanes)); i += (size_t)(lanes))

ESP_INLINE void line(const float *scale, const float *shift, bool relu, esp__extents e,
                     esp__planes x, esp__planes more, esp__planes y, const int lanes) {
  EACH_ROW(e, p, r) {
    const float *from = AT(x, p, r), *with = more.at ? AT(more, p, r) : NULL;
    const float *a = scale + p * (size_t)lanes, *b = shift + p * (size_t)lanes;
    float *to = AT(y, p, r);
    EACH_PIXEL(e, i, lanes)
    for (size_t l = 0; l < (size_t)lanes; l++) {
      float v = from[i + l] * a[l] + b[l];
      if (with) v = v + with[i + l];
      to[i + l] = relu && !(v > 0.0f) ? 0.0f : v;
    }
  }
}

void ESP_ISA_NAME(esp__apply_line)(const float *scale, const float *shift, bool relu,
                                   esp__extents e, esp__planes x, esp__planes more, esp__planes y) {
  if (e.lanes == ESP_BLOCK)
    line(scale, shift, relu, e, x, more, y, ESP_BLOCK);
  else
    line(scale, shift, relu, e, x, more, y, 1);
}

ESP_INLINE void scale_by(const float *by, esp__extents e, esp__planes x, esp__planes y,
                         const int lanes) {
  EACH_ROW(e, p, r) {
    const float *from = AT(x, p, r), *own = by + p * (size_t)lanes;
    float *to = AT(y, p, r);
    EACH_PIXEL(e, i, lanes)
    for (size_t l = 0; l < (size_t)lanes; l++) to[i + l] = from[i + l] * own[l];
  }
}

void ESP_ISA_NAME(esp__scale_planes)(const float *by, esp__extents e, esp__planes x,
                                     esp__planes y) {
  if (e.lanes == ESP_BLOCK)
    scale_by(by, e, x, y, ESP_BLOCK);
  else
    scale_by(by, e, x, y, 1);
}

enum { CHAINS = 4 }; /* running sums by column, as in the kernels over lanes */

/* Of a vector of channels; rows begin with column 0, and so with chain 0. */
ESP_INLINE void mean_abs_part(esp__extents e, esp__planes x, size_t p, size_t part, float share,
                              float *to) {
  const esp__vec zero = esp__vec_set(0.0f);
  esp__vec sum[CHAINS] = {zero, zero, zero, zero};
  for (size_t r = 0; r < (size_t)e.rows; r++) {
    const float *at = AT(x, p, r) + part;
    for (int c = 0; c < e.columns; c += CHAINS)
#pragma GCC unroll 4
      for (int i = 0; i < CHAINS; i++) {
        if (c + i >= e.columns) break;
        const esp__vec v = esp__vec_load(at + (c + i) * ESP_BLOCK);
        sum[i] = esp__vec_add(sum[i], esp__vec_larger(esp__vec_sub(zero, v), v));
      }
  }
  const esp__vec all = esp__vec_add(esp__vec_add(sum[0], sum[1]), esp__vec_add(sum[2], sum[3]));
  esp__vec_store(to + p * ESP_BLOCK + part, esp__vec_mul(all, esp__vec_set(share)));
}

/* Of one channel. */
ESP_INLINE void mean_abs_plane(esp__extents e, esp__planes x, size_t p, float share, float *to) {
  float sum[CHAINS] = {0.0f};
  for (size_t r = 0; r < (size_t)e.rows; r++) {
    const float *at = AT(x, p, r);
    int c = 0;
    for (; c + CHAINS <= e.columns; c += CHAINS)
      for (int i = 0; i < CHAINS; i++) sum[i] += at[c + i] < 0.0f ? -at[c + i] : at[c + i];
    for (int i = 0; c < e.columns; c++, i++) sum[i] += at[c] < 0.0f ? -at[c] : at[c];
  }
  to[p] = ((sum[0] + sum[1]) + (sum[2] + sum[3])) * share;
}

void ESP_ISA_NAME(esp__mean_abs_planes)(esp__extents e, esp__planes x, float *to) {
  const float share = 1.0f / (float)(e.rows * e.columns);
  for (size_t p = 0; p < (size_t)e.planes; p++)
    if (e.lanes == ESP_BLOCK)
      for (size_t part = 0; part < ESP_BLOCK; part += ESP_VECTOR)
        mean_abs_part(e, x, p, part, share, to);
    else
      mean_abs_plane(e, x, p, share, to);
}

/* ---- pooling ---- */

/* The part of a window that lies inside the plane: [row, row_end) x [column, column_end). */
typedef struct window {
  int row, row_end, column, column_end;
} window;

static inline int clamp(int v, int low, int high) {
  return v < low ? low : v > high ? high : v;
}

static inline window window_of(const esp__pool *k, int r, int c) {
  const int row = r * k->stride - k->padding, column = c * k->stride - k->padding;
  return (window){clamp(row, 0, k->in.rows), clamp(row + k->size_rows, 0, k->in.rows),
                  clamp(column, 0, k->in.width), clamp(column + k->size_columns, 0, k->in.width)};
}

ESP_INLINE const float *pixel(esp__planes x, size_t p, int r, int c, const int lanes) {
  return AT(x, p, (size_t)r) + c * lanes;
}

/* All channels of a block. */
ESP_INLINE void max_block(window w, esp__planes x, size_t p, float *to) {
  for (int part = 0; part < ESP_BLOCK; part += ESP_VECTOR) {
    esp__vec best = esp__vec_load(pixel(x, p, w.row, w.column, ESP_BLOCK) + part);
    for (int i = w.row; i < w.row_end; i++)
      for (int j = w.column; j < w.column_end; j++)
        best = esp__vec_larger(esp__vec_load(pixel(x, p, i, j, ESP_BLOCK) + part), best);
    esp__vec_store(to + part, best);
  }
}

ESP_INLINE void max_pixel(window w, esp__planes x, size_t p, float *to) {
  float best = *pixel(x, p, w.row, w.column, 1);
  for (int i = w.row; i < w.row_end; i++)
    for (int j = w.column; j < w.column_end; j++) {
      const float v = *pixel(x, p, i, j, 1);
      best = v > best ? v : best;
    }
  *to = best;
}

ESP_INLINE void mean_window(window w, esp__planes x, size_t p, float share, float *to,
                            const int lanes) {
  float sum[ESP_BLOCK] = {0};
  for (int i = w.row; i < w.row_end; i++)
    for (int j = w.column; j < w.column_end; j++)
      for (int l = 0; l < lanes; l++) sum[l] += pixel(x, p, i, j, lanes)[l];
  for (int l = 0; l < lanes; l++) to[l] = sum[l] * share;
}

#define POOL(name, lanes, take)                                                                 \
  static void name(const esp__pool *k, int planes, esp__planes x, esp__planes y, float share) { \
    (void)share;                                                                                \
    for (size_t p = 0; p < (size_t)planes; p++)                                                 \
      for (int r = 0; r < k->out.rows; r++)                                                     \
        for (int c = 0; c < k->out.width; c++) {                                                \
          const window w = window_of(k, r, c);                                                  \
          float *to = AT(y, p, (size_t)r) + c * (lanes);                                        \
          take;                                                                                 \
        }                                                                                       \
  }
POOL(max_blocks, ESP_BLOCK, max_block(w, x, p, to))
POOL(max_planes, 1, max_pixel(w, x, p, to))
POOL(mean_blocks, ESP_BLOCK, mean_window(w, x, p, share, to, ESP_BLOCK))
POOL(mean_planes, 1, mean_window(w, x, p, share, to, 1))

/* The first `count` numbers of v. */
ESP_INLINE void store_some(float *to, esp__vec v, int count) {
#if ESP_VECTOR == 16
  const unsigned most = count >= ESP_VECTOR ? ESP_VECTOR : (unsigned)count;
  _mm512_mask_storeu_ps(to, (__mmask16)((1u << most) - 1), v);
#elif ESP_VECTOR == 8
  const __m256i place = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  _mm256_maskstore_ps(to, _mm256_cmpgt_epi32(_mm256_set1_epi32(count), place), v);
#else
  float all[ESP_VECTOR];
  esp__vec_store_any(all, v);
  for (int i = 0; i < ESP_VECTOR && i < count; i++) to[i] = all[i];
#endif
}

/* Every second number from x on, and those between; some more are read, and not used. */
ESP_INLINE void halves(const float *x, esp__vec *even, esp__vec *odd) {
  const esp__vec a = esp__vec_load_any(x), b = esp__vec_load_any(x + ESP_VECTOR);
  *even = esp__vec_even(a, b);
  *odd = esp__vec_odd(a, b);
}

/* Windows of 2x2, side by side: the commonest pooling, a vector of outputs at a time. */
static void max_pairs(const esp__pool *k, int planes, esp__planes x, esp__planes y) {
  for (size_t p = 0; p < (size_t)planes; p++)
    for (size_t r = 0; r < (size_t)k->out.rows; r++)
      for (int c = 0; c < k->out.width; c += ESP_VECTOR) {
        esp__vec even, odd, best;
        halves(AT(x, p, 2 * r) + 2 * c, &even, &odd);
        best = esp__vec_larger(odd, even);
        halves(AT(x, p, 2 * r + 1) + 2 * c, &even, &odd);
        best = esp__vec_larger(odd, esp__vec_larger(even, best));
        store_some(AT(y, p, r) + c, best, k->out.width - c);
      }
}

static bool in_pairs(const esp__pool *k) {
  return k->size_rows == 2 && k->size_columns == 2 && k->stride == 2 && k->padding == 0 &&
         2 * k->out.rows <= k->in.rows && 2 * k->out.width <= k->in.width;
}

void ESP_ISA_NAME(esp__maxpool_planes)(const esp__pool *k, int planes, int lanes, esp__planes x,
                                       esp__planes y) {
  if (lanes == 1 && in_pairs(k))
    max_pairs(k, planes, x, y);
  else
    (lanes == ESP_BLOCK ? max_blocks : max_planes)(k, planes, x, y, 0.0f);
}

void ESP_ISA_NAME(esp__avgpool_planes)(const esp__pool *k, int planes, int lanes, esp__planes x,
                                       esp__planes y) {
  const float share = 1.0f / (float)(k->size_rows * k->size_columns);
  (lanes == ESP_BLOCK ? mean_blocks : mean_planes)(k, planes, x, y, share);
}

/* ---- strides ---- */

static void split_in_two(const float *from, int columns, float *to, size_t plane) {
  for (int j = 0; 2 * j < columns; j += ESP_VECTOR) {
    esp__vec even, odd;
    halves(from + 2 * j, &even, &odd);
    store_some(to + j, even, (columns + 1) / 2 - j);
    store_some(to + plane + j, odd, columns / 2 - j);
  }
}

static void split_row(const float *from, int columns, float *to, size_t plane, int stride) {
  for (int q = 0; q < stride; q++)
    for (int i = q, j = 0; i < columns; i += stride, j++)
      to[(size_t)q * plane + (size_t)j] = from[i];
}

void ESP_ISA_NAME(esp__split_planes)(int rows, int columns, esp__extents e, esp__planes x,
                                     esp__planes y) {
  for (int p = 0; p < e.planes; p++)
    for (int r = 0; r < e.rows; r++) {
      const float *from = AT(x, (size_t)p, (size_t)r);
      float *to = AT(y, (size_t)((p * rows + r % rows) * columns), (size_t)(r / rows));
      if (columns == 2 && e.columns > 1)
        split_in_two(from, e.columns, to, y.plane);
      else
        split_row(from, e.columns, to, y.plane, columns);
    }
}
