/* Convolution and linear layers: the plan of a layer, and its passes. A linear layer has one tap
 * and planes of one pixel. */
#ifndef ESP_AUTOGRAD_CONV_PLAN_H
#define ESP_AUTOGRAD_CONV_PLAN_H

#include "autograd/autotune.h"
#include "autograd/conv_geometry.h"
#include "autograd/exchange.h"
#include "autograd/sparse.h"
#include "autograd/winograd.h"

enum {
  ESP_PIXELS_WANTED = 48, /* smaller planes are taken together across blocks of images */
  /* Sums of nonzero weights that a thread takes at a time; those of one row, where it has more. */
  ESP_WEIGHT_SUMS = 10240,
  /* Of all weights, the outputs and columns that a thread sums at a time: the partial sums stay in
   * the second-level cache, beside what they read. */
  ESP_WEIGHT_OUTPUTS = 16,
  ESP_WEIGHT_COLUMNS = 324
};

/* The pixels and taps of a direction, with the nonzero weights for each set of pixels that the
 * sparse kernels go by. */
typedef struct esp__direction {
  esp__conv_geometry geometry;
  esp__sparse *sparse; /* [esp__conv_geometry_sparse_sets] */
} esp__direction;

typedef struct esp__conv_plan {
  esp__window window;
  esp__direction forward; /* from in.data to out.data */
  /* [stride * stride] parity classes, from out.grad to in.grad; NULL: no gradient is wanted. */
  esp__direction *back;
  int chunk; /* blocks of images that the weight gradient sums before it reduces the images */
  esp__direction weights;  /* from in.data to out.grad, over `chunk` blocks */
  int32_t *column;         /* offsets of (channel, tap) in a group */
  double *bias;            /* [blocks][outputs] */
  esp__exchange *exchange; /* of the weights' gradient with other processes; NULL: none */
  uint64_t cleared;        /* generation of the mask whose pruned weights have a gradient of 0 */
  esp__autotune forward_autotune, back_autotune, weights_autotune;
  esp__winograd *winograd; /* NULL where it is not allowed, or does not fit */
} esp__conv_plan;

/* Where the output gradient must have zeros around it so that every tap of the backward pass finds
 * something. */
int esp__conv_backward_halo(esp__window_axis a, int in, int out);

/* n: in[0], out, param[0] = weight, param[1] = bias or NULL. All tensors have memory and final
 * halos. */
esp_status esp__conv_plan_make(esp_graph *g, esp__node *n, esp__window w, esp__conv_plan **plan,
                               esp_error *err);
void esp__conv_forward(esp_graph *g, esp__node *n, esp__conv_plan *c);
void esp__conv_backward_data(esp_graph *g, esp__node *n, esp__conv_plan *c);
void esp__conv_backward_weights(esp_graph *g, esp__node *n, esp__conv_plan *c);
void esp__conv_backward_bias(esp_graph *g, esp__node *n, esp__conv_plan *c);

/* The same of a linear layer that, at each token of a sequence, reads what it had to do with at the
 * token before: n: in[0], whose data are what every token has left and whose gradient has one
 * token; out: the sums of every token, or of one; param as above. */
esp_status esp__conv_plan_make_tokens(esp_graph *g, esp__node *n, bool reverse,
                                      esp__conv_plan **plan, esp_error *err);
/* Passes over the tokens of a sequence, in order or the last one first; backward, the other way.
 * `at` is called for each token, for some items of the blocks of images: forward when their sums of
 * that token are there (but for the first, which has none), backward before the gradient goes from
 * them to what the token before has left. Where each thread has blocks of its own it goes through
 * all tokens by itself; else threads share the outputs, and meet at each token. */
typedef struct esp__conv_tokens {
  int count;
  bool reverse;
  int items; /* of a block, that `at` can do one by one; those of block 0 first */
  void (*at)(const esp_graph *g, const void *with, int token, int first, int end);
  const void *with;
} esp__conv_tokens;
void esp__conv_forward_tokens(esp_graph *g, esp__node *n, esp__conv_plan *c,
                              const esp__conv_tokens *way);
void esp__conv_backward_tokens(esp_graph *g, esp__node *n, esp__conv_plan *c,
                               const esp__conv_tokens *way);

/* The nonzero weights as set i of the forward pass, or of the weight gradient, meets them. */
esp__sparse_view esp__conv_plan_sparse_view(const esp__node *n, const esp__conv_geometry *l, int i);

#endif
