/* 3x3 layers by Winograd's F(4x4, 3x3) (kernels/winograd.h): 36 products where the direct way takes
 * 144, in all three passes.
 *
 * The sums round otherwise than the direct ones. So no stopwatch decides which way a layer goes: it
 * follows from its geometry and its mask alone, and the bits of a run still depend on nothing but
 * the configuration. Outputs and channels without any weight are left out, so a layer goes the same
 * way before and after it is shrunk, and has the same bits. */
#ifndef ESP_AUTOGRAD_WINOGRAD_H
#define ESP_AUTOGRAD_WINOGRAD_H

#include "autograd/exchange.h"

typedef struct esp__winograd {
  int tiles;    /* of 4x4 outputs, in a plane */
  int together; /* blocks of images whose tiles are listed together */
  /* [together * tiles] for each pass: from the input to the output; from the gradient of the output
   * to that of the input; where the input and the gradient of the output are, whose halo is its
   * own. The last two are NULL where there is no gradient. */
  esp__winograd_tile *forward, *back, *weights;
  int32_t *output, *channel; /* those with weights in front, in order; the others behind */
  int outputs, channels;     /* with weights */
  bool looked, masked, pays; /* what was found of the mask */
  uint64_t generation;       /* of the mask that was looked at */
} esp__winograd;

/* Whether a layer can go this way: 3x3, stride 1, padding 1, no groups, and large enough that it
 * pays while it has all its weights. */
bool esp__winograd_fits(const esp__node *n);
esp_status esp__winograd_plan(esp_graph *g, esp__node *n, esp__winograd **plan, esp_error *err);
/* Whether it goes this way with the mask it has now. NULL never does. */
bool esp__winograd_pays(esp__winograd *w, const esp__node *n);

/* Forward, the gradient of the input, and the gradient of the weights, as in conv_plan.h. */
void esp__winograd_forward(esp_graph *g, esp__node *n, const esp__winograd *w);
void esp__winograd_backward_data(esp_graph *g, esp__node *n, const esp__winograd *w);
/* How the gradient of the weights is summed: first over chunks of blocks of images. */
typedef struct esp__weight_chunks {
  int blocks; /* in one, at most */
  int count;  /* 1 or more */
  const esp__exchange *exchange;
} esp__weight_chunks;
void esp__winograd_backward_weights(esp_graph *g, esp__node *n, const esp__winograd *w,
                                    const esp__weight_chunks *chunks);

/* Floats from one point to the point_stride, for so many planes of so many tiles. A line more than
 * they fill, since multiples of 4096 bytes would fall upon the same few places of the first-level
 * cache. */
static inline size_t esp__winograd_point_stride(int planes, int tiles) {
  return ((size_t)planes * (size_t)tiles + 1) * ESP_LANES;
}

/* Planes of one block of images that are transformed: those of `order`. */
typedef struct esp__winograd_planes {
  esp__winograd_plane_fn *kernel; /* winograd_input or winograd_gradient */
  const esp_tensor *of;
  int block;
  const int32_t *order;
  int count;
} esp__winograd_planes;

/* Plane i of them goes to `to` + 16 i tiles, its points esp__winograd_point_stride(count, tiles)
 * apart; the next plane is prefetched. */
void esp__winograd_transform_tiles(const esp__winograd_planes *p, const esp__winograd_tile *tile,
                                   int tiles, float *to);

/* Memory for a thread, and for all, that the passes need. */
size_t esp__winograd_scratch(const esp__node *n);
size_t esp__winograd_packed(const esp__node *n);
size_t esp__winograd_weights_scratch(const esp__node *n, const esp__winograd *w);

#endif
