/* A plane for the pointwise kernels: rows of pixels, 16 images each, `stride` floats apart (the
 * halo lies between). */
#ifndef ESP_KERNELS_ROWS_H
#define ESP_KERNELS_ROWS_H

#include <stddef.h>

typedef struct esp__rows {
  float *at; /* NULL where an operand is optional and absent */
  size_t stride;
} esp__rows;

/* Rows, and pixels in a row. */
typedef struct esp__extent {
  int rows, width;
} esp__extent;

#endif
