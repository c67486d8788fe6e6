/* Pooling of one plane (block of 16 images, channel). */
#ifndef ESP_KERNELS_POOL_H
#define ESP_KERNELS_POOL_H

#include "kernels/rows.h"

#include <stdbool.h>

typedef struct esp_pool {
  esp_extent in, out;
  int size_rows, size_columns, stride, padding;
} esp_pool;

typedef void esp_pool_fn(const esp_pool *k, esp_rows x, esp_rows y);
/* dx += what comes back through each window, in row order of the outputs. */
typedef void esp_maxpool_back_fn(const esp_pool *k, esp_rows x, esp_rows y, esp_rows dy, esp_rows dx);
typedef void esp_avgpool_back_fn(const esp_pool *k, esp_rows dy, esp_rows dx);

#endif
