/* Winograd's F(4x4, 3x3): a correlation with a 3x3 window from 36 products for every 4x4 outputs,
 * where the direct way takes 144 (Winograd 1980; Lavin & Gray, Fast Algorithms for Convolutional
 * Neural Networks, 2016).
 *
 *     Y = A' [ sum over channels of (G g G') * (B' d B) ] A
 *     dg = G' [ sum over tiles of (B' d B) * (A dy A') ] G          the gradient of the window
 *
 * where * is by point of the transform domain.
 *
 * The matrices are those of polynomials that are multiplied through their values at 0, -a, a, -b, b
 * and infinity. With a = 1/sqrt(2) and b = sqrt(2) the sums are off by a little over twice what
 * those of the direct way are; with the usual 1 and 2 it is four times (mean, 64 channels).
 *
 *     B' = 1   0 -5/2   0    1  0     G =   1     0    0       A' = 1  1   1   1   1   0
 *          0 -2a  -2    a    1  0         -2/3 -2a/3 -1/3           0  a  -a   b  -b   0
 *          0  2a  -2   -a    1  0         -2/3  2a/3 -1/3           0 1/2 1/2  2   2   0
 *          0 -a  -1/2   b    1  0          1/6  b/6   1/3           0 a/2 -a/2 2b -2b  1
 *          0  a  -1/2  -b    1  0          1/6 -b/6   1/3
 *          0  1    0  -5/2   0  1           0     0    1
 *
 * d is a tile of 6x6 inputs, around the 4x4 outputs; neighbouring tiles overlap. What stands in
 * [...] is in the transform domain: for each of its 6x6 points a correlation whose pixels are the
 * tiles and whose only tap is 0 (correlate.h). Each transform goes along the rows first, then down
 * the columns; winograd.c is the order of its arithmetic. */
#ifndef ESP_KERNELS_WINOGRAD_H
#define ESP_KERNELS_WINOGRAD_H

#include "kernels/correlate.h"

enum {
  ESP_WINOGRAD_TILE = 4,   /* a tile's outputs along a side */
  ESP_WINOGRAD_PLACES = 9, /* of a window */
  ESP_WINOGRAD_POINTS = 36 /* of the transform domain */
};

/* Tiles of a plane. */
int esp__winograd_tiles(int height, int width);
/* Whether a 3x3 layer of stride 1, padding 1 and no groups costs less this way, on planes of that
 * size: in multiply-adds of an image, where a transformed plane counts as some outputs. The direct
 * way leaves out padding, and must be beaten clearly; so must kernels of the nonzero weights, whose
 * multiply-adds are slower. The bits of a layer depend on it, so it is one for all engines. */
typedef struct esp__winograd_size {
  int outputs, channels; /* that have weights */
  double kept;           /* weights that are not 0 */
} esp__winograd_size;
bool esp__winograd_costs_less(int height, int width, esp__winograd_size size);

/* Where a tile's upper left input and output are, in floats; how many of its rows and columns of
 * outputs are in the plane: 1 to 4, fewer than 4 at the lower and right border. Inputs further than
 * one pixel from an output in the plane count as 0 and are not read, nor are outputs that are not
 * in the plane. */
typedef struct esp__winograd_tile {
  int32_t x, y;
  int16_t rows, columns;
} esp__winograd_tile;

/* Tiles of one plane, tile t transformed to to[point * point_stride + t * 16]. The kernel
 * winograd_input makes B' d B, with d from tile.x on; winograd_gradient makes A dy A', with dy from
 * tile.y on. */
typedef struct esp__winograd_plane {
  const float *plane;
  size_t row; /* floats between rows */
  const esp__winograd_tile *tile;
  int tiles;
  float *to;
  size_t point_stride;
  ptrdiff_t prefetch; /* floats from here to the plane that is read next; 0: none */
  int unused;         /* of winograd_input: lanes at the end that need not be made */
} esp__winograd_plane;

/* A' m A of one output, m = from[point * point_stride + t * 16], finished (esp__epilogue, its
 * output 0) and stored from y[tile.y] on. */
typedef struct esp__winograd_output {
  const float *from;
  size_t point_stride;
  const esp__winograd_tile *tile;
  int tiles;
  float *y;
  size_t row;
  esp__epilogue epilogue;
} esp__winograd_output;

/* G g G' of up to ESP_TILE outputs, as esp__correlate wants weights:
 *
 *     to[point * point_stride + c * outputs + o]
 *
 * g is the window at value + output[o] * output_stride + channel[c] * channel_stride, flipped in
 * both directions if `flip` (for the gradient of the input). */
typedef struct esp__winograd_weights {
  const float *value;
  size_t output_stride, channel_stride;
  const int32_t *output, *channel;
  int outputs, channels; /* outputs: 1 to ESP_TILE */
  bool flip;
  float *to;
  size_t point_stride;
} esp__winograd_weights;

/* G' s G, the gradient of the window: to gradient + output[o] * output_stride + channel[c] * 9 from
 * s = sum[point * point_stride + o * channels + c]. */
typedef struct esp__winograd_weight_gradient {
  const float *sum;
  size_t point_stride;
  const int32_t *output, *channel;
  int outputs, channels;
  float *gradient;
  size_t output_stride;
} esp__winograd_weight_gradient;

#endif
