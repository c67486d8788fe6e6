#include "difference.h"

#include <math.h>

double central_difference(double (*f)(const double *x), double *x, int i, double h) {
  const double was = x[i];
  x[i] = was + h;
  const double above = f(x);
  x[i] = was - h;
  const double below = f(x);
  x[i] = was;
  return (above - below) / (2 * h);
}

double relative_error(double a, double b) {
  const double larger = fmax(fabs(a), fabs(b));
  return larger > 0 ? fabs(a - b) / larger : 0;
}
