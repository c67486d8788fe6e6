/* The loss of logits that are divided by a temperature. Internal to src/autograd. */
#ifndef ESP_AUTOGRAD_TEMPERED_LOSS_H
#define ESP_AUTOGRAD_TEMPERED_LOSS_H

#include "autograd/node.h"

/* Where it goes; tensors of the logits' geometry. */
typedef struct esp__tempered_loss {
  double temperature;
  const esp_tensor *grad;       /* out: the gradient at the logits */
  const esp_tensor *along;      /* the tangent of the logits; NULL: no tangents */
  const esp_tensor *grad_along; /* out: the tangent of the gradient */
} esp__tempered_loss;

/* For the current batch, which has labels or targets; padding images get 0. */
void esp__tempered_loss_run(const esp_graph *g, const esp__tempered_loss *k);

#endif
