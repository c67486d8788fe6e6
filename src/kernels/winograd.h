/* Winograd's F(4x4, 3x3): a correlation with a 3x3 window from 36 products for every 4x4 outputs,
 * where the direct way takes 144 (Winograd 1980; Lavin & Gray, Fast Algorithms for Convolutional
 * Neural Networks, 2016).
 *
 *     Y = A' [ (G g G') * (B' d B) ] A          * by position, of 6 x 6; summed over channels there
 *     dg = G' [ (B' d B) * (A dy A') ] G        the gradient of the window; summed over squares there
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
 * d is a square of 6x6 inputs, around the 4x4 outputs; the squares overlap. What stands in [...] is
 * for each of the 36 positions a correlation whose pixels are the squares and whose only tap is 0
 * (correlate.h). Each transform goes along the rows first, then down the columns; winograd.c is the
 * order of its arithmetic. */
#ifndef ESP_KERNELS_WINOGRAD_H
#define ESP_KERNELS_WINOGRAD_H

#include "kernels/correlate.h"

enum {
  ESP_WINOGRAD_TILE = 4,
  ESP_POSITIONS = 36
}; /* a square's outputs along a side; the places of 6x6 */

/* Where a square's upper left input and output are, in floats; how many of its rows and columns of
 * outputs are in the plane: 1 to 4, fewer than 4 at the lower and right border. Inputs further than
 * one pixel from an output in the plane count as 0 and are not read, nor are outputs that are not
 * in the plane. */
typedef struct esp__winograd_tile {
  int32_t x, y;
  int16_t rows, columns;
} esp__winograd_tile;

/* Of one plane, to[position * next + t * 16] for square t: winograd_input: B' d B, d from square.x
 * on; winograd_gradient: A dy A', dy from square.y on. */
typedef struct esp__winograd_plane {
  const float *plane;
  size_t row; /* floats between rows */
  const esp__winograd_tile *square;
  int squares;
  float *to;
  size_t next;
  ptrdiff_t ahead; /* floats from here to the plane that is read next, which is fetched; 0: none */
} esp__winograd_plane;

/* A' m A of one output, m = from[position * next + t * 16], finished (esp__epilogue, its output 0)
 * and stored from y[square.y] on. */
typedef struct esp__winograd_output {
  const float *from;
  size_t next;
  const esp__winograd_tile *square;
  int squares;
  float *y;
  size_t row;
  esp__epilogue finish;
} esp__winograd_output;

/* G g G' of a tile of outputs: to[position * next + c * outputs + o], as esp__correlate wants
 * weights. g is the window at value + output[o] * output_stride + channel[c] * channel_stride,
 * turned by half a turn if `turn` (for the gradient of the input). */
typedef struct esp__winograd_weights {
  const float *value;
  size_t output_stride, channel_stride;
  const int32_t *output, *channel;
  int outputs, channels; /* outputs: 1 to ESP_TILE */
  bool turn;
  float *to;
  size_t next;
} esp__winograd_weights;

/* G' s G: the window at gradient + output[o] * output_stride + channel[c] * 9 from s = sum[position
 * * next + o * channels + c]. */
typedef struct esp__winograd_windows {
  const float *sum;
  size_t next;
  const int32_t *output, *channel;
  int outputs, channels;
  float *gradient;
  size_t output_stride;
} esp__winograd_windows;

#endif
