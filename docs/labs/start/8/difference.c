#include "difference.h"

#include <math.h>

double central_difference(double (*f)(const double *x), double *x, int i, double h) {
  (void)f, (void)x, (void)i, (void)h;
  return 0; /* yours */
}

double relative_error(double a, double b) {
  (void)a, (void)b;
  return 0; /* yours */
}
