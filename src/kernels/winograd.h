/* Winograd's F(2x2, 3x3): a correlation with a 3x3 window from 16 products for every 2x2 outputs, where the
 * direct way takes 36 (Winograd 1980; Lavin & Gray, Fast Algorithms for Convolutional Neural Networks, 2016).
 *
 *     Y = A' [ (G g G') * (B' d B) ] A          * by position, of 4 x 4; summed over channels there
 *     dg = G' [ (B' d B) * (A dy A') ] G        the gradient of the window; summed over tiles there
 *
 *     B' = 1  0 -1  0     G =  1   0   0      A' = 1  1  1  0
 *          0  1  1  0         1/2 1/2 1/2          0  1 -1 -1
 *          0 -1  1  0         1/2 -1/2 1/2
 *          0  1  0 -1          0   0   1
 *
 * d is a tile of 4x4 inputs, around the 2x2 outputs; tiles overlap. What stands in [...] is for each of the
 * 16 positions a correlation whose pixels are the tiles and whose only tap is 0 (correlate.h). Each transform
 * goes along the rows first, then down the columns, a + b before a - b of the same three numbers where G asks
 * for both; so there is one order of arithmetic here too. */
#ifndef ESP_WINOGRAD_H
#define ESP_WINOGRAD_H

#include "kernels/correlate.h"

enum { ESP_POSITIONS = 16 };

/* B' d B of one channel:  to[position * next + t * 16] for tile t, whose upper left input is x[tile[t].x];
 * rows are `row` floats apart. */
typedef struct esp_winograd_input {
  const float *x;
  size_t row;
  const esp_pixel *tile;
  int tiles;
  float *to;
  size_t next;
  size_t ahead; /* floats from x to what is read next, which is fetched; 0: not known */
} esp_winograd_input;

/* A dy A' of one output:  to[position * next + t * 16] for tile t, whose upper left output is y[tile[t].y].
 */
typedef struct esp_winograd_gradient {
  const float *y;
  size_t row;
  const esp_pixel *tile;
  int tiles;
  float *to;
  size_t next;
} esp_winograd_gradient;

/* A' m A of one output, m = from[position * next + t * 16], finished (esp_finish, its output 0) and stored at
 * y[tile[t].y] and the three pixels to the right and below. */
typedef struct esp_winograd_output {
  const float *from;
  size_t next;
  const esp_pixel *tile;
  int tiles;
  float *y;
  size_t row;
  esp_finish finish;
} esp_winograd_output;

/* G g G' of a tile of outputs:  to[position * next + c * outputs + o], as esp_correlate wants weights. g is
 * the window at value + output[o] * output_stride + channel[c] * channel_stride, turned by half a turn if
 * `turn` (for the gradient of the input). */
typedef struct esp_winograd_weights {
  const float *value;
  size_t output_stride, channel_stride;
  const int32_t *output, *channel;
  int outputs, channels; /* outputs: 1 to ESP_TILE */
  bool turn;
  float *to;
  size_t next;
} esp_winograd_weights;

/* G' s G:  the window at gradient + output[o] * output_stride + channel[c] * 9 from s = sum[position * next +
 * o * channels + c]. */
typedef struct esp_winograd_windows {
  const float *sum;
  size_t next;
  const int32_t *output, *channel;
  int outputs, channels;
  float *gradient;
  size_t output_stride;
} esp_winograd_windows;

#endif
