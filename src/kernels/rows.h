/* A plane for the pointwise kernels: rows of pixels, 16 images each, `stride` floats apart (the halo lies
 * between). */
#ifndef ESP_KERNELS_ROWS_H
#define ESP_KERNELS_ROWS_H

#include <stddef.h>

typedef struct esp_rows {
  float *at; /* NULL where an operand is optional and absent */
  size_t stride;
} esp_rows;

/* Rows, and pixels in a row. */
typedef struct esp_extent {
  int rows, width;
} esp_extent;

#endif
