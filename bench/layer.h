/* One convolution or linear layer by itself, for the benches. */
#ifndef BENCH_LAYER_H
#define BENCH_LAYER_H

#include "autograd/conv_plan.h"

#include <espalier/param.h>

typedef struct layer_shape {
  const char *network; /* "resnet20", "vgg16", "other" */
  int channels, outputs, width, kernel, stride, groups;
} layer_shape;

/* The 3x3 convolutions of ResNet-20 and VGG-16, each shape once, and one of each other kind;
 * network NULL after the last. */
extern const layer_shape layer_shapes[];

typedef struct layer {
  layer_shape shape;
  esp_params params;
  esp_param *weight;
  esp_graph *graph;
  esp__node *node;
  esp_mask mask;
  float *images;
  esp_batch batch;
} layer;

typedef enum layer_pass {
  LAYER_FORWARD,
  LAYER_TO_INPUT,
  LAYER_TO_WEIGHTS,
  LAYER_PASSES
} layer_pass;

/* A layer of that shape with random weights and activations, on kernels of that instruction set;
 * `direct`: without Winograd. Exits with a message on failure. */
void layer_open(layer *l, const layer_shape *shape, int batch, const esp__kernels *kernels,
                bool direct);
void layer_close(layer *l);
/* Gives it a random mask of that density (1: none). */
void layer_mask(layer *l, double density);
/* Seconds of one pass: the median of `repeats`, each long enough to time. */
double layer_seconds(layer *l, layer_pass pass, int repeats);
/* Multiply-adds of one dense pass over the batch, times two. */
double layer_flops(const layer *l);
/* "16x16 3x3 32x32" */
const char *layer_name(const layer_shape *s, char text[64]);

#endif
