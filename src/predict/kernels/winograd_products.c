/* The products of transformed tiles by windows, which are transformed on their way: to keep them so
 * takes four times the memory, and to read that costs more. A vector is some outputs. */
#include "kernels/winograd_simd.h"
#include "predict/kernels/finish_simd.h"

enum { TOGETHER = ESP_VECTOR == 16 ? 4 : 2 };

/* Floats from the window of a channel to that of the next. */
ESP_INLINE size_t window_of(const esp__winograd_products *k) {
  return ESP_WINOGRAD_PLACES * k->window_row;
}

/* The share of a window that is used next which a column of this one fetches. */
ESP_INLINE void fetch_ahead(const float *window, size_t row, int column) {
  const int first = column * ESP_WINOGRAD_PLACES / ESP_WINOGRAD_SIDE,
            end = (column + 1) * ESP_WINOGRAD_PLACES / ESP_WINOGRAD_SIDE;
  for (int i = first; i < end; i++) __builtin_prefetch(window + (size_t)i * row, 0, 2);
}

/* Column `column`, a constant at each call, of G g G' of one channel. */
ESP_INLINE void column_of(const esp__winograd_products *k, const float *window, const int column,
                          esp__vec u[ESP_WINOGRAD_SIDE]) {
  esp__vec along[ESP_WINOGRAD_WINDOW];
#pragma GCC unroll 3
  for (int r = 0; r < ESP_WINOGRAD_WINDOW; r++) {
    const float *g = window + (size_t)(ESP_WINOGRAD_WINDOW * r) * k->window_row;
    along[r] = esp__winograd_weights_one(column, esp__vec_load(g), esp__vec_load(g + k->window_row),
                                         esp__vec_load(g + 2 * k->window_row));
  }
  esp__winograd_weights_six(along[0], along[1], along[2], u);
  fetch_ahead(window + (size_t)(2 * k->channels) * window_of(k), k->window_row, column);
}

/* That of all channels. */
typedef float columns[ESP_BLOCK][ESP_WINOGRAD_SIDE][ESP_VECTOR];

ESP_INLINE void columns_at(const esp__winograd_products *k, size_t lane, const int column,
                           columns u) {
  for (int c = 0; c < k->channels; c++) {
    esp__vec six[ESP_WINOGRAD_SIDE];
    column_of(k, k->window + lane + (size_t)c * window_of(k), column, six);
#pragma GCC unroll 6
    for (int r = 0; r < ESP_WINOGRAD_SIDE; r++) esp__vec_store(u[c][r], six[r]);
  }
}

#define COLUMN(c)              \
  case c:                      \
    columns_at(k, lane, c, u); \
    break;
static void columns_of(const esp__winograd_products *k, size_t lane, int column, columns u) {
  switch (column) { COLUMN(0) COLUMN(1) COLUMN(2) COLUMN(3) COLUMN(4) COLUMN(5) }
}

/* A column's sums of the tiles from number `first` on. `tiles` and `places` are constants at each
 * call, and `column` where u is NULL: transformed here. */
ESP_INLINE void sums(const esp__winograd_products *k, size_t lane, int column, columns u, int first,
                     const int tiles, const int places) {
  const int row = ESP_WINOGRAD_SIDE * places * ESP_BLOCK,
            at = (column * places + first) * ESP_BLOCK;
  const float *from = k->from + at;
  float *to = k->to + at + lane;
  esp__vec sum[ESP_WINOGRAD_SIDE][TOGETHER];
#pragma GCC unroll 6
  for (int r = 0; r < ESP_WINOGRAD_SIDE; r++)
#pragma GCC unroll 4
    for (int t = 0; t < tiles; t++)
      sum[r][t] = k->continued ? esp__vec_load(to + r * row + t * ESP_BLOCK) : esp__vec_set(0.0f);
  for (int c = 0; c < k->channels; c++) {
    esp__vec six[ESP_WINOGRAD_SIDE];
    if (!u) column_of(k, k->window + lane + (size_t)c * window_of(k), column, six);
#pragma GCC unroll 6
    for (int r = 0; r < ESP_WINOGRAD_SIDE; r++)
#pragma GCC unroll 4
      for (int t = 0; t < tiles; t++)
        sum[r][t] = esp__vec_fma(u ? esp__vec_load(u[c][r]) : six[r],
                                 esp__vec_set(from[r * row + t * ESP_BLOCK + c]), sum[r][t]);
  }
#pragma GCC unroll 6
  for (int r = 0; r < ESP_WINOGRAD_SIDE; r++)
#pragma GCC unroll 4
    for (int t = 0; t < tiles; t++) esp__vec_store(to + r * row + t * ESP_BLOCK, sum[r][t]);
}

/* A window goes straight from registers into the products of all tiles. */
#define STRAIGHT(name, tiles)                                      \
  static void name(const esp__winograd_products *k, size_t lane) { \
    sums(k, lane, 0, NULL, 0, tiles, ESP_WINOGRAD_FEW);            \
    sums(k, lane, 1, NULL, 0, tiles, ESP_WINOGRAD_FEW);            \
    sums(k, lane, 2, NULL, 0, tiles, ESP_WINOGRAD_FEW);            \
    sums(k, lane, 3, NULL, 0, tiles, ESP_WINOGRAD_FEW);            \
    sums(k, lane, 4, NULL, 0, tiles, ESP_WINOGRAD_FEW);            \
    sums(k, lane, 5, NULL, 0, tiles, ESP_WINOGRAD_FEW);            \
  }
STRAIGHT(straight, TOGETHER)
STRAIGHT(straight_one, 1)

/* It goes through memory, for more tiles than fit into registers. */
#define THROUGH(name, places)                                                     \
  static void name(const esp__winograd_products *k, size_t lane, int column) {    \
    _Alignas(64) columns u;                                                       \
    int first = 0;                                                                \
    columns_of(k, lane, column, u);                                               \
    for (; first + TOGETHER <= k->tiles; first += TOGETHER)                       \
      sums(k, lane, column, u, first, TOGETHER, places);                          \
    for (; first < k->tiles; first++) sums(k, lane, column, u, first, 1, places); \
  }
THROUGH(through_few, ESP_WINOGRAD_FEW)
THROUGH(through_chunk, ESP_WINOGRAD_CHUNK)

void ESP_ISA_NAME(esp__winograd_products)(const esp__winograd_products *k) {
  const bool few = k->places == ESP_WINOGRAD_FEW;
  for (size_t lane = 0; lane < (size_t)k->outputs; lane += ESP_VECTOR)
    if (few && k->tiles == TOGETHER)
      straight(k, lane);
    else if (few && k->tiles == 1)
      straight_one(k, lane);
    else
      for (int c = 0; c < ESP_WINOGRAD_SIDE; c++) (few ? through_few : through_chunk)(k, lane, c);
}
