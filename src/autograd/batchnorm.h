/* What a batch norm keeps between its passes. Internal to src/autograd. */
#ifndef ESP_AUTOGRAD_BATCHNORM_H
#define ESP_AUTOGRAD_BATCHNORM_H

#include "autograd/node.h"

/* Its parameters, in the order of esp__node.param. */
enum { ESP_BN_SCALE, ESP_BN_SHIFT, ESP_BN_MEAN, ESP_BN_VAR };
static const double esp__batchnorm_epsilon = 1e-5;

typedef struct esp__batchnorm_state {
  float *scale, *shift;   /* [channels] what the forward pass multiplies by and adds */
  double *first, *second; /* [blocks][channels] sums of each plane */
  double *total;          /* [2][channels] what they add up to */
  double *mean, *var;     /* [channels] of this batch (training) or running */
} esp__batchnorm_state;

#endif
