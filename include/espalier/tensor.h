/* The lane layout: one image per SIMD lane.
 *
 *     x[image / 16][channel][row][column][image % 16]
 *
 * 16 floats, one cache line, per (channel, pixel). Every kernel is written once over "a lane of
 * images" and never meets an edge. Images beyond the batch are padding: finite, and of weight 0 in
 * every sum.
 *
 * A tensor can have a halo: `halo` rows and columns of zeros around each plane, written once when
 * the memory is made, so that a padded convolution reads zeros where it reaches outside. Nothing
 * writes there. */
#ifndef ESP_TENSOR_H
#define ESP_TENSOR_H

#include <espalier/linkage.h>

#include <stddef.h>

ESP_BEGIN_DECLS

enum { ESP_LANES = 16 };

typedef struct esp_tensor {
  float *data; /* block 0, channel 0, the halo's upper left corner; 64-byte aligned */
  int blocks;  /* of 16 images */
  int channels, height, width;
  int halo;
} esp_tensor;

/* Distances in floats. */
static inline size_t esp_row_stride(const esp_tensor *t) {
  return (size_t)(t->width + 2 * t->halo) * ESP_LANES;
}
static inline size_t esp_channel_stride(const esp_tensor *t) {
  return (size_t)(t->height + 2 * t->halo) * esp_row_stride(t);
}
/* A few lines more than the planes fill: blocks that lie multiples of 4096 bytes apart would share
 * the same few places of the first-level cache, and kernels read the same pixel of several
 * blocks. */
static inline size_t esp_block_stride(const esp_tensor *t) {
  enum { APART = 5 };
  return (size_t)t->channels * esp_channel_stride(t) + (size_t)APART * ESP_LANES;
}

/* All floats of the tensor, halo included. */
static inline size_t esp_tensor_floats(const esp_tensor *t) {
  return (size_t)t->blocks * esp_block_stride(t);
}

/* The first image of `block` at (channel, row 0, column 0), inside the halo. */
static inline float *esp_plane(const esp_tensor *t, int block, int channel) {
  return t->data + (size_t)block * esp_block_stride(t) + (size_t)channel * esp_channel_stride(t) +
         (size_t)t->halo * esp_row_stride(t) + (size_t)t->halo * ESP_LANES;
}

/* Blocks that hold `images` images. */
static inline int esp_blocks_for(int images) {
  return (images + ESP_LANES - 1) / ESP_LANES;
}

/* Images of the batch in `block` when `images` are valid in all: 0 to 16. */
static inline int esp_lanes_valid(int images, int block) {
  int left = images - block * ESP_LANES;
  return left < 0 ? 0 : left > ESP_LANES ? ESP_LANES : left;
}

/* What a network reads in place of a pixel from 0 to 255, of a channel with that mean and deviation
 * (of pixels from 0 to 1). */
static inline float esp_normalise_pixel(int pixel, float mean, float std) {
  return (float)((pixel / 255.0 - (double)mean) / (double)std);
}
/* The same in place of a feature. */
static inline float esp_normalise_feature(float feature, float mean, float std) {
  return (float)(((double)feature - (double)mean) / (double)std);
}

ESP_END_DECLS

#endif
