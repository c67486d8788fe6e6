/* Kernels of sequences. A sequence is an image of height 1: its tokens are pixels, what is known of
 * each stands in the channels. One sequence is one lane, so that each may be of its own length.
 *
 * A run is pixels of one row of one block of images, side by side: value (channel, pixel, image) is
 * x[channel * stride + pixel * 16 + image]. */
#ifndef ESP_KERNELS_SEQUENCE_H
#define ESP_KERNELS_SEQUENCE_H

#include "kernels/rows.h"

#include <espalier/sequence.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct esp__run {
  float *at;
  size_t stride; /* from channel to channel */
} esp__run;

/* z (+)= x * y */
typedef void esp__multiply_fn(esp__extent e, esp__rows x, esp__rows y, esp__rows z, bool add);

/* Layer normalisation (Ba et al. 2016): each pixel by itself, over its channels.
 *
 *     y = (x - mean) * rate * scale[c] + shift[c],   rate = 1 / sqrt(variance + 1e-5)
 *
 * Sums run over the channels that count, in order. */
typedef struct esp__layer_norm {
  int channels, pixels;
  const float *scale, *shift; /* [channels] */
  float *mean, *rate;         /* [pixels][16], made by the forward pass */
  const bool *counts;         /* [channels] mean and variance are over these */
  int counted;                /* how many they are, at least 1 */
} esp__layer_norm;
typedef void esp__layer_norm_fn(const esp__layer_norm *k, esp__run x, esp__run y);
/* dx (+)= rate * (g - mean of g - v * mean of g v), with g = dy * scale and v = (x - mean) * rate,
 * the means over the channels that count; (+)= 0 for the others, whose scale is 0. Adds to
 * shift_sum[c][l] every dy, to scale_sum[c][l] every dy v, pixels in order. dx.at may be NULL. */
typedef struct esp__layer_norm_back {
  const esp__layer_norm *of;
  float *scale_sum, *shift_sum; /* [channels][16] */
  bool add;
} esp__layer_norm_back;
typedef void esp__layer_norm_back_fn(const esp__layer_norm_back *k, esp__run x, esp__run dy,
                                     esp__run dx);

/* A matrix for each image; row r and column c are at[r * row + c * column + l]. */
typedef struct esp__lane_matrix {
  float *at;
  size_t row, column; /* in floats */
} esp__lane_matrix;
/* c[i][j] (+)= sum over p of a[i][p] * b[p][j], image by image: from 0, one fused multiply-add per
 * p, ascending. */
typedef struct esp__lane_product {
  esp__lane_matrix a, b, c;
  int rows, columns, terms;
  bool add;
} esp__lane_product;
typedef void esp__lane_product_fn(const esp__lane_product *k);

/* A row of scores [keys][16] becomes shares, in place: softmax(score * scale) of image l's first
 * valid[l] keys (1 to keys), 0 for the others. */
typedef void esp__attend_fn(int keys, float scale, const int32_t *valid, float *score);
/* dshare[keys][16] becomes dscore: scale * share * (dshare - sum of share * dshare) */
typedef void esp__attend_back_fn(int keys, float scale, const float *share, float *dshare);

/* y[l] of the first length[l] of `width` pixels of a plane of one row. The largest is the first of
 * equal ones; sums run in order. */
typedef struct esp__tokens_summary {
  esp_token_summary kind;
  int width;
  const int32_t *length; /* [16], 1 to width */
} esp__tokens_summary;
typedef void esp__summarise_fn(const esp__tokens_summary *k, const float *x, float *y);
/* dx[width] (+)= the gradient */
typedef void esp__summarise_back_fn(const esp__tokens_summary *k, const float *x, const float *y,
                                    const float *dy, float *dx, bool add);

#endif
