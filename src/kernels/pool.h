/* Pooling of one plane (block of 16 images, channel). */
#ifndef ESP_KERNELS_POOL_H
#define ESP_KERNELS_POOL_H

#include "kernels/rows.h"

#include <stdbool.h>

typedef struct esp__pool {
  esp__extent in, out;
  int size_rows, size_columns, stride, padding;
} esp__pool;

typedef void esp__pool_fn(const esp__pool *k, esp__rows x, esp__rows y);
/* dx += what comes back through each window, in row order of the outputs. */
typedef void esp__maxpool_back_fn(const esp__pool *k, esp__rows x, esp__rows y, esp__rows dy,
                                  esp__rows dx);
typedef void esp__avgpool_back_fn(const esp__pool *k, esp__rows dy, esp__rows dx);

#endif
