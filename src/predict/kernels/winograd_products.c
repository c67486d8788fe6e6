/* The products of transformed tiles by windows, which are transformed on their way: to keep them so
 * takes four times the memory, and to read that costs more. A vector is some outputs. */
#include "kernels/winograd_simd.h"
#include "predict/kernels/finish_simd.h"

enum { TOGETHER = ESP_VECTOR == 16 ? 4 : 2 };

/* Sums that are in registers together: of so many rows of a column, tiles, and vectors of outputs.
 * Where there are two vectors each number of a tile that is brought into a register meets both. */
typedef struct tile_sums {
  int rows, tiles, vectors;
} tile_sums;
#if ESP_VECTOR == 8
enum { BOTH = 2, ROWS = 3, TILES_ALONE = 4 };
#else
enum { BOTH = ESP_VECTOR == 4 ? 2 : 1, ROWS = ESP_WINOGRAD_SIDE, TILES_ALONE = TOGETHER };
#endif

/* Floats from the window of a channel to that of the next. */
ESP_INLINE size_t window_of(const esp__winograd_products *k) {
  return ESP_WINOGRAD_PLACES * k->window_row;
}

/* The share of a window which a column of an earlier one fetches into the second-level cache: all
 * at once are more than can be on their way. */
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

/* The sums of a column, a constant at each call, of the first `tiles`: the window is transformed
 * here. */
ESP_INLINE void straight_sums(const esp__winograd_products *k, size_t lane, const int column,
                              const int tiles) {
  const int row = ESP_WINOGRAD_SIDE * ESP_WINOGRAD_FEW * ESP_BLOCK,
            at = column * ESP_WINOGRAD_FEW * ESP_BLOCK;
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
    column_of(k, k->window + lane + (size_t)c * window_of(k), column, six);
#pragma GCC unroll 6
    for (int r = 0; r < ESP_WINOGRAD_SIDE; r++)
#pragma GCC unroll 4
      for (int t = 0; t < tiles; t++)
        sum[r][t] =
            esp__vec_fma(six[r], esp__vec_set(from[r * row + t * ESP_BLOCK + c]), sum[r][t]);
  }
#pragma GCC unroll 6
  for (int r = 0; r < ESP_WINOGRAD_SIDE; r++)
#pragma GCC unroll 4
    for (int t = 0; t < tiles; t++) esp__vec_store(to + r * row + t * ESP_BLOCK, sum[r][t]);
}

/* A window goes straight from registers into the products of all tiles. */
#define STRAIGHT(name, tiles)                                      \
  static void name(const esp__winograd_products *k, size_t lane) { \
    straight_sums(k, lane, 0, tiles);                              \
    straight_sums(k, lane, 1, tiles);                              \
    straight_sums(k, lane, 2, tiles);                              \
    straight_sums(k, lane, 3, tiles);                              \
    straight_sums(k, lane, 4, tiles);                              \
    straight_sums(k, lane, 5, tiles);                              \
  }
STRAIGHT(straight, TOGETHER)
STRAIGHT(straight_one, 1)

/* ---- through memory, for more tiles than fit into registers ---- */

/* Column `column` of the windows of all channels. */
typedef float columns[ESP_BLOCK][ESP_WINOGRAD_SIDE][BOTH * ESP_VECTOR];

ESP_INLINE void columns_at(const esp__winograd_products *k, size_t lane, const int column,
                           const int vectors, columns u) {
  for (int c = 0; c < k->channels; c++)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++) {
      const size_t first = lane + (size_t)(v * ESP_VECTOR);
      esp__vec six[ESP_WINOGRAD_SIDE];
      column_of(k, k->window + first + (size_t)c * window_of(k), column, six);
#pragma GCC unroll 6
      for (int r = 0; r < ESP_WINOGRAD_SIDE; r++) esp__vec_store(u[c][r] + v * ESP_VECTOR, six[r]);
    }
}

#define COLUMN(c)                       \
  case c:                               \
    columns_at(k, lane, c, vectors, u); \
    break;
ESP_INLINE void columns_of(const esp__winograd_products *k, size_t lane, int column,
                           const int vectors, columns u) {
  switch (column) { COLUMN(0) COLUMN(1) COLUMN(2) COLUMN(3) COLUMN(4) COLUMN(5) }
}

/* Where sum number i goes, which is that of a row and a tile; `row` floats from row to row. */
ESP_INLINE int place_of(const tile_sums n, int i, int row) {
  return i / (n.tiles * n.vectors) * row + i / n.vectors % n.tiles * ESP_BLOCK;
}

/* Adds up what stands from `at` on; u: windows, from the first of the rows on. n is a constant at
 * each call. */
ESP_INLINE void sums(const esp__winograd_products *k, int at, int row, const float *u, size_t lane,
                     const tile_sums n) {
  const int count = n.rows * n.tiles * n.vectors;
  const float *from = k->from + at;
  float *to = k->to + at + lane;
  esp__vec sum[ESP_WINOGRAD_SIDE * 4];
#define SUM_PLACE (to + place_of(n, i, row) + i % n.vectors * ESP_VECTOR)
#pragma GCC unroll 24
  for (int i = 0; i < count; i++)
    sum[i] = k->continued ? esp__vec_load(SUM_PLACE) : esp__vec_set(0.0f);
  for (int c = 0; c < k->channels; c++, u += ESP_WINOGRAD_SIDE * BOTH * ESP_VECTOR)
#pragma GCC unroll 24
    for (int i = 0; i < count; i++) {
      const int r = i / (n.tiles * n.vectors), v = i % n.vectors;
      sum[i] = esp__vec_fma(esp__vec_load(u + (r * BOTH + v) * ESP_VECTOR),
                            esp__vec_set(from[place_of(n, i, row) + c]), sum[i]);
    }
#pragma GCC unroll 24
  for (int i = 0; i < count; i++) esp__vec_store(SUM_PLACE, sum[i]);
#undef SUM_PLACE
}

/* A column of all tiles, `rows` of it and `tiles` of them at a time. */
ESP_INLINE void through(const esp__winograd_products *k, size_t lane, int column, const int places,
                        const tile_sums n) {
  const int row = ESP_WINOGRAD_SIDE * places * ESP_BLOCK;
  _Alignas(64) columns u;
  columns_of(k, lane, column, n.vectors, u);
#pragma GCC unroll 2
  for (int r = 0; r < ESP_WINOGRAD_SIDE; r += n.rows) {
    const int at = ((r * ESP_WINOGRAD_SIDE + column) * places) * ESP_BLOCK;
    int first = 0;
    for (; first + n.tiles <= k->tiles; first += n.tiles)
      sums(k, at + first * ESP_BLOCK, row, u[0][r], lane, n);
    for (; first < k->tiles; first++)
      sums(k, at + first * ESP_BLOCK, row, u[0][r], lane, (tile_sums){n.rows, 1, n.vectors});
  }
}

static void few_alone(const esp__winograd_products *k, size_t lane, int column) {
  through(k, lane, column, ESP_WINOGRAD_FEW, (tile_sums){ROWS, TILES_ALONE, 1});
}
static void alone(const esp__winograd_products *k, size_t lane, int column) {
  through(k, lane, column, ESP_WINOGRAD_CHUNK, (tile_sums){ROWS, TILES_ALONE, 1});
}
static void both(const esp__winograd_products *k, size_t lane, int column) {
  through(k, lane, column, ESP_WINOGRAD_CHUNK, (tile_sums){ROWS, TOGETHER, BOTH});
}

void ESP_ISA_NAME(esp__winograd_products)(const esp__winograd_products *k) {
  const bool few = k->places == ESP_WINOGRAD_FEW;
  const size_t outputs = (size_t)k->outputs;
  for (size_t lane = 0; lane < outputs;) {
    const bool two = BOTH > 1 && !few && lane + ESP_VECTOR < outputs;
    if (few && (k->tiles == TOGETHER || k->tiles == 1))
      (k->tiles == 1 ? straight_one : straight)(k, lane);
    else
      for (int c = 0; c < ESP_WINOGRAD_SIDE; c++)
        (few ? few_alone : two ? both : alone)(k, lane, c);
    lane += (size_t)((two ? BOTH : 1) * ESP_VECTOR);
  }
}
