/* Inside src/compress/factorise: weights as a matrix, and its decomposition into two factors. */
#ifndef ESP_COMPRESS_FACTORISE_MATRIX_H
#define ESP_COMPRESS_FACTORISE_MATRIX_H

#include "compress/factorise/factors.h"

enum { ESP_DIGITS_MAX = 4 };

/* What numbers the rows of a matrix, or its columns: a digit or several, the last one the fastest,
 * and how many weights lie between two neighbours. */
typedef struct esp__factor_axis {
  int digits, base[ESP_DIGITS_MAX];
  size_t step[ESP_DIGITS_MAX];
} esp__factor_axis;

int esp__factor_axis_length(const esp__factor_axis *a);

/* A[p][q] is a weight: p is a place on one axis, q on the other. */
typedef struct esp__factor_matrix {
  const float *weight;
  esp__factor_axis p, q;
} esp__factor_matrix;

double esp__factor_element(const esp__factor_matrix *m, int p, int q);

/* The directions of the shorter axis, of p where both are as long, and what each holds: side
 * `side` of the analysis. `name` is for messages. */
esp_status esp__factor_decompose(const esp__factor_matrix *m, const char *name, int side,
                                 esp__factor_analysis *a, esp_error *err);

/* Where factor `r` of `rank` has its number for place `p` of an axis: as the weight of a
 * convolution whose outputs, or inputs, are the factors by the last digit. */
size_t esp__factor_place(const esp__factor_axis *a, int rank, int r, int p);

/* The truncated singular value decomposition, U sqrt(S) and sqrt(S) V', which is the nearest matrix
 * of that rank (Eckart & Young 1936), from side 0. */
void esp__factor_fill_two(const esp__factor_matrix *m, const esp__factor_analysis *a, int rank,
                          float *first, float *second);

#endif
