#include "base/matrix_rank.h"

#include <math.h>
#include <stddef.h>

/* The largest entry's place, from row and column `from` on; of equal ones the first. */
static size_t pivot_of(const double *m, int rows, int columns, int from) {
  size_t best = (size_t)from * (size_t)columns + (size_t)from;
  for (int r = from; r < rows; r++)
    for (int c = from; c < columns; c++) {
      const size_t at = (size_t)r * (size_t)columns + (size_t)c;
      if (fabs(m[at]) > fabs(m[best])) best = at;
    }
  return best;
}

static void swap(double *a, double *b) {
  const double t = *a;
  *a = *b;
  *b = t;
}

static void bring(double *m, int rows, int columns, int to, size_t pivot) {
  const size_t width = (size_t)columns, row = pivot / width, column = pivot % width;
  for (size_t c = 0; c < width; c++) swap(&m[(size_t)to * width + c], &m[row * width + c]);
  for (size_t r = 0; r < (size_t)rows; r++)
    swap(&m[r * width + (size_t)to], &m[r * width + column]);
}

static void eliminate(double *m, int rows, int columns, int step) {
  const double *from = m + (size_t)step * (size_t)columns;
  for (int r = step + 1; r < rows; r++) {
    double *row = m + (size_t)r * (size_t)columns;
    const double factor = row[step] / from[step];
    for (int c = step; c < columns; c++) row[c] -= factor * from[c];
  }
}

int esp__matrix_rank(double *m, int rows, int columns) {
  const int most = rows < columns ? rows : columns, side = rows < columns ? columns : rows;
  for (size_t i = 0; i < (size_t)rows * (size_t)columns; i++)
    if (!isfinite(m[i])) return 0;
  const double zero = fabs(m[pivot_of(m, rows, columns, 0)]) * side * 0x1p-23;
  for (int rank = 0; rank < most; rank++) {
    const size_t pivot = pivot_of(m, rows, columns, rank);
    if (!(fabs(m[pivot]) > zero)) return rank;
    bring(m, rows, columns, rank, pivot);
    eliminate(m, rows, columns, rank);
  }
  return most;
}
