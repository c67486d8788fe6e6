/* What the chunks of a batch left of a weight gradient, each summed by itself, and how it is added
 * up: the chunks of a part in order, then the parts (ranks/split.h). */
#ifndef ESP_AUTOGRAD_PARTIALS_H
#define ESP_AUTOGRAD_PARTIALS_H

#include "autograd/node.h"

typedef struct esp__partials {
  const float *at; /* number i of chunk c is at[c * stride + i] */
  size_t stride;
  int chunk; /* blocks of images in one, at most */
} esp__partials;

/* to[n] = numbers [from, from + n) of this process's own span number k; n up to ESP_SPAN_RUN. */
void esp__partials_add(const esp_graph *g, const esp__partials *p, int k, size_t from, int n,
                       float *to);
/* The same of any n, into to[from, from + n). */
void esp__partials_add_run(const esp_graph *g, const esp__partials *p, int k, size_t from, size_t n,
                           float *to);

#endif
