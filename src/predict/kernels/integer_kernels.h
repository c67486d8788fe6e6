/* Layers of 8-bit integers, for one image, and the choice among instruction sets. Every sum is
 * exact, so every order of adding, and every set, gives the same.
 *
 * Bytes lie in *quads*: four channels of a pixel are a word of 32 bits, and a plane is
 * [row][column] of them. A vector is some outputs of one pixel, or some pixels of one output. All
 * offsets count words. */
#ifndef ESP_PREDICT_KERNELS_INTEGER_KERNELS_H
#define ESP_PREDICT_KERNELS_INTEGER_KERNELS_H

#include "predict/kernels/predict_kernels.h"

enum { ESP_QUAD = 4 }; /* channels of a word */

/* What is done with a finished sum s, which begins with bias[o], of output o:
 *
 *     q = (s * multiplier / 2^(32 - left) + 2^(shift - 1)) / 2^shift, within [low, 127]
 *     and with `with`, laid out as y:
 *     q = (q * own + with * other + 2^(sum_shift - 1)) / 2^sum_shift, within [sum_low, 127]
 *
 * divisions rounded down, own and other in two halves each; or, with `real`, (float)s * real, and y
 * is of floats. Arrays are by output, filled up with zeros to a whole block, `shift` with ones. */
typedef struct esp__integer_finish {
  const int32_t *bias, *multiplier, *shift;
  const int32_t *limit, *left; /* s is held within +-limit and moved to the left; or NULL */
  const float *real;           /* or NULL */
  int32_t low;
  const uint32_t *with; /* or NULL */
  int32_t upper, lower; /* own + 2^16 * other of the upper and lower halves */
  int32_t sum_shift;    /* less 16 */
  int32_t sum_low;
} esp__integer_finish;

/* All weights, as esp__dense has them, with quads in the place of channels: a weight is a word of
 * four bytes, and y_quad words lie between the quads of outputs of a pixel. x: quads whose bytes
 * may be below 0 where `negative`; then the bias has ESP_OFFSET times the sum of the weights taken
 * off. */
typedef struct esp__integer_dense {
  const uint32_t *x;
  const int32_t *channel, *tap; /* [quads], [taps] */
  int quads, taps;
  const uint32_t *weight;
  int blocks, together;
  uint32_t *y;
  size_t y_quad;
  esp__spots spots; /* step: words from spot to spot, 1 or 2; 0: anywhere */
  bool negative;
  esp__integer_finish finish;
} esp__integer_dense;
typedef void esp__integer_dense_fn(const esp__integer_dense *k);
/* The spots that are best computed together, where there are so many blocks of outputs. */
typedef int esp__integer_spots_fn(int blocks);

/* Four weights that are not all 0, and where the quad that they meet lies from where a stretch
 * reads. */
typedef struct esp__integer_entry {
  int32_t x;
  uint32_t weight;
} esp__integer_entry;
enum { ESP_ENTRIES = 4 }; /* a list is filled up to a multiple of it with weights of 0 */

/* Planes to planes: a vector is some pixels of four outputs. */
typedef struct esp__integer_planes {
  const uint32_t *x;
  uint32_t *y;
  size_t y_quad;
  const esp__stretch *stretch;
  int stretches;
  const int32_t *mask; /* all bits, or none, of each word; NULL: there is none, in fields */
  int from, quads;     /* of outputs: the first, and how many */
  bool negative;
  esp__integer_finish finish;
} esp__integer_planes;

/* Nonzero weights only, as esp__lists has them: output o has the entries from first[o] to
 * first[o + 1], and four outputs are written together. */
typedef struct esp__integer_lists {
  esp__integer_planes planes;
  const esp__integer_entry *entry;
  const int32_t *first; /* [4 * quads + 1] */
} esp__integer_lists;
typedef void esp__integer_lists_fn(const esp__integer_lists *k);
/* The same over fields. There is no mask, and x is not negative. */
typedef struct esp__integer_field_lists {
  esp__integer_lists lists;
  esp__field_shape shape;
} esp__integer_field_lists;
typedef void esp__integer_field_lists_fn(const esp__integer_field_lists *k);

/* Depthwise: the outputs of a quad are sums over the channels of one quad each. Taps go by fours,
 * filled up with weights of 0: a word of weights is four taps of a channel, and
 * weight[quad][four][channel of the quad]. */
typedef struct esp__integer_depthwise {
  esp__integer_planes planes;
  const int32_t *channel, *tap; /* [quads], [4 * fours]: offsets */
  int fours;
  const uint32_t *weight;
  int step; /* of the vectors of a stretch in x */
} esp__integer_depthwise;
typedef void esp__integer_depthwise_fn(const esp__integer_depthwise *k);

/* Floats of one channel as bytes: byte `part` of each word of y becomes x * inverse, rounded half
 * to even, within [-127, 127]; what is not a number becomes -127. x_step floats from pixel to
 * pixel. */
typedef struct esp__integer_quantise {
  int rows, columns, part;
  const float *x;
  size_t x_row, x_step;
  float inverse;
  uint32_t *y;
  size_t y_row;
} esp__integer_quantise;
typedef void esp__integer_quantise_fn(const esp__integer_quantise *k);

/* The largest byte of each window; rows lie x_row and y_row words apart, planes x_plane and
 * y_plane. */
typedef struct esp__integer_maxpool {
  esp__pool pool;
  int quads;
  const uint32_t *x;
  uint32_t *y;
  size_t x_row, x_plane, y_row, y_plane;
} esp__integer_maxpool;
typedef void esp__integer_maxpool_fn(const esp__integer_maxpool *k);

#define ESP_INTEGER_KERNELS(K)                                          \
  K(dense, esp__integer_dense_fn, esp__integer_dense)                   \
  K(spots, esp__integer_spots_fn, esp__integer_spots)                   \
  K(lists, esp__integer_lists_fn, esp__integer_lists)                   \
  K(field_lists, esp__integer_field_lists_fn, esp__integer_field_lists) \
  K(depthwise, esp__integer_depthwise_fn, esp__integer_depthwise)       \
  K(quantise, esp__integer_quantise_fn, esp__integer_quantise)          \
  K(maxpool, esp__integer_maxpool_fn, esp__integer_maxpool)             \
  K(maxpool_fields, esp__maxpool_fields_fn, esp__integer_maxpool_fields)

typedef struct esp__integer_kernels {
  const char *isa;
  int offset; /* what is added to bytes that may be below 0 (ESP_OFFSET) */
#define K(member, type, function) type *member;
  ESP_INTEGER_KERNELS(K)
#undef K
} esp__integer_kernels;

#ifdef ESP_ISA
#define K(member, type, function) type ESP_ISA_NAME(function);
ESP_INTEGER_KERNELS(K)
#undef K
#endif

/* The kernels of the best set that the CPU can run, or of the one that ESPALIER_ISA names; their
 * vectors are as long as those of esp__predict_kernels_choose. */
const esp__integer_kernels *esp__integer_kernels_choose(void);

#endif
