/* The kernels for one image, and the choice among instruction sets. They know raw pointers and
 * offsets in floats, run on one thread and allocate nothing; each output has the order of
 * arithmetic of kernels/correlate.h and kernels/winograd.h, so it has the same bits.
 *
 * Channels stand in blocks of 16 (x[c / 16][row][column][c % 16]), so that a vector is some outputs
 * of one pixel; or in planes, so that a vector is some pixels of one output: neighbours, or those
 * at one place of all fields that the plane is cut into. */
#ifndef ESP_PREDICT_KERNELS_PREDICT_KERNELS_H
#define ESP_PREDICT_KERNELS_PREDICT_KERNELS_H

#include "kernels/kernels.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ESP_BLOCK = 16 }; /* channels */

/* What is done with a finished sum, as esp__epilogue has it without `accumulate`. Arrays are by
 * output, filled up with zeros to a whole block; NULL where the step is left out. */
typedef struct esp__finish {
  const float *bias, *scale, *shift;
  const float *residual; /* laid out as y */
  bool relu;
  const float *factor; /* at the end, a gate's */
} esp__finish;

/* Where a pixel reads and writes. */
typedef struct esp__spot {
  int32_t x, y;
} esp__spot;
/* Spots that are computed together: `count` (16, 8, 4, 2 or 1) of them from number `first` on. */
typedef struct esp__spot_group {
  int32_t first, count;
} esp__spot_group;
typedef struct esp__spots {
  const esp__spot *spot;
  const esp__spot_group *group;
  int groups;
  /* 16 or 32: within a group each spot reads so many floats behind the one before, and writes 16
   * behind it; 0: anywhere. */
  int step;
} esp__spots;

/* All weights of a group of outputs, over blocks of channels:
 *
 *     y[spot.y + o / 16 * y_block + o % 16] = finish of the sum over c, then tap, of
 *                                     weight(o, c, tap) * x[spot.x + channel[c] + tap]
 *
 * Weights stand in packs of up to `together` blocks of outputs, sizes that are powers of two:
 * [packs][channels][taps][16 * blocks of the pack]; or where there is a `row`, of so many floats,
 * in rows of all outputs: [channels][taps][row]. */
typedef struct esp__dense {
  const float *x;
  const int32_t *channel, *tap; /* [channels], [taps] */
  int channels, taps;
  const float *weight;
  size_t row;
  int blocks, together;
  float *y;
  size_t y_block;
  esp__spots spots;
  esp__finish finish;
} esp__dense;
typedef void esp__dense_fn(const esp__dense *k);
/* The blocks of outputs that are best computed together, where groups have `count` spots. */
typedef int esp__dense_together_fn(int count);
/* The spots that are best computed together. */
typedef int esp__dense_spots_fn(void);

/* Depthwise, over blocks b of channels:
 *
 *     y[spot.y + b * y_block + l] = finish of the sum over taps of
 *                                   weight[b][tap][l] * x[spot.x + b * x_block + tap + l] */
typedef struct esp__depthwise {
  const float *x;
  size_t x_block;
  const int32_t *tap;
  int taps;
  const float *weight;
  int blocks;
  float *y;
  size_t y_block;
  esp__spots spots;
  esp__finish finish;
} esp__depthwise;
typedef void esp__depthwise_fn(const esp__depthwise *k);

/* A' m A of one block of outputs, finished: winograd_output of kernels/winograd.h with channels in
 * the place of images. */
typedef struct esp__winograd_finish {
  const float *from; /* m = from[point * point_stride + t * 16] */
  size_t point_stride;
  const esp__winograd_tile *tile;
  int tiles;
  float *y; /* of the block; residual: of the block too */
  size_t row;
  int outputs;        /* of the block: 1 to 16 */
  esp__finish finish; /* of the block */
} esp__winograd_finish;
typedef void esp__winograd_finish_fn(const esp__winograd_finish *k);

enum { ESP_WINOGRAD_CHUNK = 16, ESP_WINOGRAD_FEW = 4 }; /* tiles at a time; fewer */

/* The products of transformed tiles by the windows g of 16 outputs (winograd.h):
 *
 *     to[(point * places + t) * 16 + o] = sum over c of (G g G')[point] *
 *                                                       from[(point * places + t) * 16 + c]
 *     with g[place] = window[(c * 9 + place) * window_row + o] */
typedef struct esp__winograd_products {
  const float *window;
  size_t window_row;
  const float *from;
  int channels, outputs, tiles; /* up to 16 of each */
  int places;                   /* those of a point: ESP_WINOGRAD_FEW or ESP_WINOGRAD_CHUNK */
  float *to;
  bool continued; /* sums begin with what is in `to`, not with 0 */
} esp__winograd_products;
typedef void esp__winograd_products_fn(const esp__winograd_products *k);

/* Some of the channels, chosen for one image; they keep their order. A vector of the channels is
 * `vector` of them (esp__predict_kernels). */
typedef struct esp__chosen {
  int count, vectors;    /* chosen ones; vectors of all channels */
  const int32_t *first;  /* [vectors] how many are chosen before the vector */
  const int32_t *pack;   /* [vectors][vector] the lanes of those that are, then any lane */
  const int32_t *spread; /* [vectors][vector] of each lane its place among those; closed ones 0 */
} esp__chosen;

/* Weights [channels][taps][vectors of outputs] become those of the chosen outputs and channels,
 * to[channels][taps][row]; what follows the outputs in a row is any. Writes 16 floats beyond. */
typedef struct esp__pack_chosen {
  const float *weight;
  const int32_t *channel; /* [channels] numbers of the chosen ones */
  int channels, taps;
  esp__chosen outputs;
  float *to;
  size_t row;
} esp__pack_chosen;
typedef void esp__pack_chosen_fn(const esp__pack_chosen *k);

/* A stretch of pixels in planes: `count` vectors that read from x on and write from y on; what is
 * written where `mask` (as many floats) is 0 is 0. */
typedef struct esp__stretch {
  int32_t x, y, mask;
  int32_t count;
} esp__stretch;
/* A weight that is there, and where what it meets lies from where a stretch reads. */
typedef struct esp__list_entry {
  int32_t x;
  float weight;
} esp__list_entry;
/* Outputs that are computed together: [length][outputs] entries from number `first` on, filled up
 * with weights of 0. */
typedef struct esp__list_row {
  int32_t first, length, output; /* output: place of the first in the order */
} esp__list_row;

/* Nonzero weights only:
 *
 *     y[stretch.y + order[o] * y_plane + i] = finish of the sum over the entries of o, in their
 *                                             order, of weight * x[stretch.x + entry.x + i] */
typedef struct esp__lists {
  const float *x;
  float *y;
  size_t y_plane;
  const esp__stretch *stretch;
  int stretches;
  const float *mask;
  const esp__list_entry *entry;
  const esp__list_row *row;
  int rows, together;   /* outputs of a row */
  const int32_t *order; /* [rows * together]; -1: none */
  esp__finish finish;
} esp__lists;
typedef void esp__lists_fn(const esp__lists *k);
/* Outputs that are best computed together, where the longest stretch has so many vectors. */
typedef int esp__lists_together_fn(int vectors);

/* A vector at the edge of fields: what stands at `from` belongs to the neighbours on that side (of
 * 9: row by row) and goes to `to`, both from the first pixel on. */
typedef struct esp__field_edge {
  int32_t to, from, side;
} esp__field_edge;
/* What lies around the fields of a plane. On side s the neighbour of field l is place[s][l]; there
 * is none, and so zeros, where there[s][l] is 0. */
typedef struct esp__fields {
  const esp__field_edge *edge;
  int edges;
  const int32_t *place;
  const float *there;
} esp__fields;
/* Puts the pixels of neighbours around the fields of a plane. */
typedef void esp__fill_fields_fn(const esp__fields *f, float *plane);

/* The stretches of fields: `rows` rows, as far apart as those of x (`step` of them) and y are, of
 * `columns` vectors, which are every step-th of x. */
typedef struct esp__field_shape {
  int rows, columns, step;
  size_t x_row, y_row;
} esp__field_shape;
/* Lists over fields. There is no mask. */
typedef struct esp__field_lists {
  esp__lists lists;
  esp__field_shape shape;
} esp__field_lists;
typedef void esp__field_lists_fn(const esp__field_lists *k);
/* Outputs that are best computed together, of stretches of so many rows and columns. */
typedef int esp__field_together_fn(int rows, int columns);

/* Planes for the operations that are no correlation: `lanes` values a pixel, 16 or 1. */
typedef struct esp__planes {
  float *at;
  size_t row, plane;
} esp__planes;
typedef struct esp__extents {
  int planes, rows, columns, lanes;
} esp__extents;

/* y = f(x) */
typedef void esp__apply_fn(esp_activation kind, esp__extents e, esp__planes x, esp__planes y);
typedef void esp__apply_threshold_fn(float t, esp__extents e, esp__planes x, esp__planes y);
/* y = x * scale + shift (+ more), then ReLU if asked; scale and shift by channel. */
typedef void esp__apply_line_fn(const float *scale, const float *shift, bool relu, esp__extents e,
                                esp__planes x, esp__planes more, esp__planes y);
/* z = x + y, then ReLU if asked */
typedef void esp__add_planes_fn(bool relu, esp__extents e, esp__planes x, esp__planes y,
                                esp__planes z);
/* The `keep` largest of x that are above 0, others become 0; of equals the first are larger. */
typedef void esp__keep_largest_fn(const float *x, int channels, int keep, float *y);
/* y = x * by[channel] */
typedef void esp__scale_planes_fn(const float *by, esp__extents e, esp__planes x, esp__planes y);
enum { ESP_SPREAD_PIXELS = 8 }; /* at a time */
/* Planes of chosen channels, in blocks, become those of all; what was not chosen, with a `by` of 0,
 * is 0. Then `more` is added, unless NULL, and ReLU, if asked. `pixels` is memory for
 * ESP_SPREAD_PIXELS * (planes of x + 1) * 16 floats. */
typedef struct esp__spread {
  esp__extents e; /* of x */
  esp__planes x, more, y;
  bool relu;
  esp__chosen channels;
  const float *by;
  float *pixels;
} esp__spread;
typedef void esp__spread_fn(const esp__spread *k);
/* to[channel] = the mean of |x| over the plane */
typedef void esp__mean_abs_planes_fn(esp__extents e, esp__planes x, float *to);
/* pool.h, `planes` planes of each; in and out of k are rows and columns. */
typedef void esp__pool_planes_fn(const esp__pool *k, int planes, int lanes, esp__planes x,
                                 esp__planes y);

/* y = the largest of each window of 2x2, side by side: e of y, rows and columns of a field. */
typedef void esp__maxpool_fields_fn(esp__extents e, esp__planes x, esp__planes y);

/* Phase (p, q) of channel c has the pixels (i * rows + p, j * columns + q) of x. It is plane
 * (c * rows + p) * columns + q of y. */
typedef void esp__split_planes_fn(int rows, int columns, esp__extents e, esp__planes x,
                                  esp__planes y);

/* z = x * y */
typedef void esp__multiply_planes_fn(esp__extents e, esp__planes x, esp__planes y, esp__planes z);

/* esp__layer_norm of kernels/sequence.h; the channels that count by their numbers, scale and shift
 * by channel, filled up to a whole block. */
typedef struct esp__pixel_norm {
  const int32_t *counts;
  int counted;
  const float *scale, *shift;
} esp__pixel_norm;
typedef void esp__norm_pixels_fn(const esp__pixel_norm *k, esp__extents e, esp__planes x,
                                 esp__planes y);

/* A head of attention for 16 queries, each of the first valid[query] of `keys` keys:
 *
 *     share[t][query] = softmax over t of (sum over c of query[c][query] * x[key[c] + t * step])
 *     y[c][query] = sum over t of share[t][query] * x[value[c] + t * step]
 *
 * with scores times `scale` before the softmax. */
typedef struct esp__attention_tile {
  int channels, keys, step;
  float scale;
  const float *query;         /* [channels][16] */
  const float *x;             /* keys and values */
  const int32_t *key, *value; /* [channels] */
  const float *valid;         /* [16] 1 to keys */
  float *share;               /* [keys][16] */
  float *y;                   /* [channels][16] */
} esp__attention_tile;
typedef void esp__attend_tile_fn(const esp__attention_tile *k);

/* The cells of kernels/recurrent.h for one token: x and sums are [gates][units], and what is read
 * behind them is any; inner and h, those of the token before, become those of this one, and are
 * written up to whole vectors. A GRU has no inner. */
typedef struct esp__unit_step {
  int units;
  const float *x, *sums;
  float *inner, *h;
} esp__unit_step;
typedef void esp__unit_step_fn(const esp__unit_step *k);

/* y[channel] of the first `length` tokens of planes of one row (esp__tokens_summary). */
typedef void esp__summarise_tokens_fn(esp_token_summary kind, int length, esp__extents e,
                                      esp__planes x, float *y);

#define ESP_PREDICT_KERNELS(K)                                            \
  K(dense, esp__dense_fn, esp__dense)                                     \
  K(dense_together, esp__dense_together_fn, esp__dense_together)          \
  K(dense_spots, esp__dense_spots_fn, esp__dense_spots)                   \
  K(depthwise, esp__depthwise_fn, esp__depthwise)                         \
  K(winograd_products, esp__winograd_products_fn, esp__winograd_products) \
  K(winograd_finish, esp__winograd_finish_fn, esp__winograd_finish)       \
  K(pack_chosen, esp__pack_chosen_fn, esp__pack_chosen)                   \
  K(spread, esp__spread_fn, esp__spread)                                  \
  K(lists, esp__lists_fn, esp__lists)                                     \
  K(lists_together, esp__lists_together_fn, esp__lists_together)          \
  K(field_lists, esp__field_lists_fn, esp__field_lists_of)                \
  K(field_together, esp__field_together_fn, esp__field_together)          \
  K(fill_fields, esp__fill_fields_fn, esp__fill_fields)                   \
  K(maxpool_fields, esp__maxpool_fields_fn, esp__maxpool_fields)          \
  K(apply, esp__apply_fn, esp__apply)                                     \
  K(apply_threshold, esp__apply_threshold_fn, esp__apply_threshold)       \
  K(apply_line, esp__apply_line_fn, esp__apply_line)                      \
  K(add_planes, esp__add_planes_fn, esp__add_planes)                      \
  K(keep_largest, esp__keep_largest_fn, esp__keep_largest)                \
  K(scale_planes, esp__scale_planes_fn, esp__scale_planes)                \
  K(mean_abs_planes, esp__mean_abs_planes_fn, esp__mean_abs_planes)       \
  K(maxpool_planes, esp__pool_planes_fn, esp__maxpool_planes)             \
  K(avgpool_planes, esp__pool_planes_fn, esp__avgpool_planes)             \
  K(split_planes, esp__split_planes_fn, esp__split_planes)                \
  K(multiply_planes, esp__multiply_planes_fn, esp__multiply_planes)       \
  K(norm_pixels, esp__norm_pixels_fn, esp__norm_pixels)                   \
  K(attend_tile, esp__attend_tile_fn, esp__attend_tile)                   \
  K(lstm_step, esp__unit_step_fn, esp__lstm_step)                         \
  K(gru_step, esp__unit_step_fn, esp__gru_step)                           \
  K(summarise_tokens, esp__summarise_tokens_fn, esp__summarise_tokens)

typedef struct esp__predict_kernels esp__predict_kernels;
struct esp__predict_kernels {
  const char *isa;
  int vector; /* floats */
  /* Those whose vectors are half as long, for what does not fill more; NULL: none. */
  const esp__predict_kernels *half;
#define K(member, type, function) type *member;
  ESP_PREDICT_KERNELS(K)
#undef K
  esp__winograd_plane_fn *winograd_input;
};

#ifdef ESP_ISA
#define K(member, type, function) type ESP_ISA_NAME(function);
ESP_PREDICT_KERNELS(K)
#undef K
#endif

/* The kernels of the best set that the CPU can run, or of the one that ESPALIER_ISA names. */
const esp__predict_kernels *esp__predict_kernels_choose(void);

#endif
