/* A pass of a convolution that makes activations, and what a part of one is made with. */
#ifndef ESP_AUTOGRAD_CONV_PASS_H
#define ESP_AUTOGRAD_CONV_PASS_H

#include "autograd/conv_plan.h"

/* Weight (o, c, place) of a group, where "output" and "channel" are those of the direction of the
 * pass. */
typedef struct esp__weight_view {
  const float *at;
  size_t output_stride, channel_stride, group_stride;
  int outputs, channels, groups;
} esp__weight_view;

/* Everything but which pixels and which outputs. */
typedef struct esp__conv_pass {
  esp__direction *way;
  const esp_param *weight;
  esp__weight_view view;
  float *packed; /* where its dense weights go; NULL: they are read where they lie */
  const esp_tensor *from, *to;
  esp__epilogue epilogue; /* of output 0; residual: a whole tensor with the geometry of `to` */
  int groups;
  bool sparse;
} esp__conv_pass;

/* The forward pass of a layer. It starts the autotuner's clock, which the caller stops. */
esp__conv_pass esp__conv_pass_forward(esp_graph *g, const esp__node *n, esp__conv_plan *p);

/* The pass of a layer of one parity class from the gradient of its output to that of its input; the
 * clock as above. */
esp__conv_pass esp__conv_pass_backward(esp_graph *g, const esp__node *n, esp__conv_plan *p);

/* Brings the weights into the order of the pass. All threads of the team call it, and share the
 * work; behind it they must meet. */
void esp__conv_pass_prepare(const esp_graph *g, const esp__conv_pass *p);

/* All blocks of images, by all threads of the team, which do not meet behind it. */
void esp__conv_pass_run(const esp_graph *g, const esp__conv_pass *p);

/* `blocks` blocks of images from `first` on, by the thread that calls it. Layers without groups. */
void esp__conv_pass_run_blocks(const esp_graph *g, const esp__conv_pass *p, int first, int blocks);

#endif
