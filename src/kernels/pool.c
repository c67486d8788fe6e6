#include "kernels/kernels.h"
#include "kernels/simd.h"

/* The part of a window that lies inside the plane: [row, row_end) x [column, column_end). */
typedef struct window {
  int row, row_end, column, column_end;
} window;

static inline int clamp(int v, int low, int high) {
  return v < low ? low : v > high ? high : v;
}

static inline window window_of(const esp__pool *k, int r, int c) {
  int row = r * k->stride - k->padding, column = c * k->stride - k->padding;
  return (window){clamp(row, 0, k->in.rows), clamp(row + k->size_rows, 0, k->in.rows),
                  clamp(column, 0, k->in.width), clamp(column + k->size_columns, 0, k->in.width)};
}

static inline float *pixel(esp__rows p, int r, int c) {
  return p.at + (size_t)r * p.stride + (size_t)c * ESP_LANES;
}

#define EACH_OUTPUT(k, r, c)              \
  for (int r = 0; r < (k)->out.rows; r++) \
    for (int c = 0; c < (k)->out.width; c++)
#define EACH_IN_WINDOW(w, i, j)               \
  for (int i = (w).row; i < (w).row_end; i++) \
    for (int j = (w).column; j < (w).column_end; j++)

void ESP_ISA_NAME(esp__maxpool)(const esp__pool *k, esp__rows x, esp__rows y) {
  EACH_OUTPUT(k, r, c) {
    const window w = window_of(k, r, c);
    for (int lane = 0; lane < ESP_LANES; lane += ESP_VECTOR) {
      esp__vec best = esp__vec_load(pixel(x, w.row, w.column) + lane);
      EACH_IN_WINDOW(w, i, j) {
        const esp__vec v = esp__vec_load(pixel(x, i, j) + lane);
        best = esp__vec_larger(v, best);
      }
      esp__vec_store(pixel(y, r, c) + lane, best);
    }
  }
}

/* The winner is found again: the first value of the window that equals the output takes the
 * gradient, which is then 0 for the rest of the window. */
void ESP_ISA_NAME(esp__maxpool_back)(const esp__pool *k, esp__rows x, esp__rows y, esp__rows dy,
                                     esp__rows dx) {
  EACH_OUTPUT(k, r, c) {
    const window w = window_of(k, r, c);
    for (int lane = 0; lane < ESP_LANES; lane += ESP_VECTOR) {
      const esp__vec best = esp__vec_load(pixel(y, r, c) + lane);
      esp__vec left = esp__vec_load(pixel(dy, r, c) + lane);
      EACH_IN_WINDOW(w, i, j) {
        const esp__vec v = esp__vec_load(pixel(x, i, j) + lane);
        float *down = pixel(dx, i, j) + lane;
        esp__vec_store(down, esp__vec_add(esp__vec_load(down), esp__vec_equal(v, best, left)));
        left = esp__vec_unequal(v, best, left);
      }
    }
  }
}

void ESP_ISA_NAME(esp__avgpool)(const esp__pool *k, esp__rows x, esp__rows y) {
  const float share = 1.0f / (float)(k->size_rows * k->size_columns);
  EACH_OUTPUT(k, r, c) {
    const window w = window_of(k, r, c);
    float sum[ESP_LANES] = {0}, *to = pixel(y, r, c);
    EACH_IN_WINDOW(w, i, j) {
      const float *v = pixel(x, i, j);
      for (int l = 0; l < ESP_LANES; l++) sum[l] += v[l];
    }
    for (int l = 0; l < ESP_LANES; l++) to[l] = sum[l] * share;
  }
}

void ESP_ISA_NAME(esp__avgpool_back)(const esp__pool *k, esp__rows dy, esp__rows dx) {
  const float share = 1.0f / (float)(k->size_rows * k->size_columns);
  EACH_OUTPUT(k, r, c) {
    const window w = window_of(k, r, c);
    const float *up = pixel(dy, r, c);
    EACH_IN_WINDOW(w, i, j) {
      float *down = pixel(dx, i, j);
      for (int l = 0; l < ESP_LANES; l++) down[l] += up[l] * share;
    }
  }
}
