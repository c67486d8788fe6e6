/* Convolution and linear layers: the plan of a layer, and its passes. A linear layer has one tap and planes
 * of one pixel. */
#ifndef ESP_AUTOGRAD_CONV_PLAN_H
#define ESP_AUTOGRAD_CONV_PLAN_H

#include "autograd/conv_geometry.h"
#include "autograd/sparse.h"
#include "autograd/winograd.h"

enum {
  ESP_PIXELS_WANTED = 48,  /* planes smaller than this are joined across blocks of images */
  ESP_WEIGHT_SUMS = 10240, /* of nonzero weights that a thread sums at a time, or those of one row of lists */
  /* Of all weights, the outputs and columns that a thread sums at a time: the sums wait in the second-level
   * cache, beside what they read. */
  ESP_WEIGHT_OUTPUTS = 16,
  ESP_WEIGHT_COLUMNS = 324
};

/* The pixels and taps of a direction, with the nonzero weights for each part that lists go by. */
typedef struct esp_direction {
  esp_lists list;
  esp_sparse *sparse; /* [esp_lists_listed] */
} esp_direction;

typedef struct esp_correlation {
  esp_window window;
  esp_direction forward; /* from in.data to out.data */
  esp_direction
      *back; /* [stride * stride] parity classes, from out.grad to in.grad; NULL: no gradient is wanted */
  int chunk; /* blocks of images that the weight gradient sums before joining images */
  esp_direction weights; /* from in.data to out.grad, over `chunk` blocks */
  int32_t *column;       /* offsets of (channel, tap) in a group */
  double *bias;          /* [blocks][outputs] */
  uint64_t cleared;      /* generation of the mask for which the gradient of pruned weights was zeroed */
  esp_stopwatch forward_watch, back_watch, weights_watch;
  esp_winograd *winograd; /* NULL where it is not allowed, or does not fit */
} esp_correlation;

/* Where the output gradient must have zeros around it so that every tap of the backward pass finds something.
 */
int esp_correlation_back_halo(const esp_window *w, int in, int out, int kernel);

/* n: in[0], out, param[0] = weight, param[1] = bias or NULL. All tensors have memory and final halos. */
esp_status esp_correlation_plan(esp_graph *g, esp_node *n, esp_window w, esp_correlation **plan,
                                esp_error *err);
void esp_correlation_forward(esp_graph *g, esp_node *n, esp_correlation *c);
void esp_correlation_to_input(esp_graph *g, esp_node *n, esp_correlation *c);
void esp_correlation_to_weights(esp_graph *g, esp_node *n, esp_correlation *c);
void esp_correlation_to_bias(esp_graph *g, esp_node *n, esp_correlation *c);

/* The nonzero weights as part i of the forward pass, or the weight gradient, meets them. */
esp_sparse_view esp_correlation_view(const esp_node *n, const esp_lists *l, int i);

#endif
