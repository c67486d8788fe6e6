/* Eigenvalues and eigenvectors of symmetric matrices. */
#ifndef ESP_BASE_EIGEN_H
#define ESP_BASE_EIGEN_H

#include <espalier/status.h>

/* The symmetric a[n][n], n >= 1, becomes its eigenvectors, one a row, of length 1; value[n] the
 * eigenvalues. Largest first. By Householder's reduction to a tridiagonal matrix and the implicit
 * QL algorithm (Golub & Van Loan 2013, sections 8.3.1 and 8.3.3). The order of the arithmetic is
 * fixed: the bits depend on the matrix alone. Fails when out of memory, or when a value is not
 * finite. */
esp_status esp__eigen_symmetric(double *a, int n, double *value, esp_error *err);

#endif
