#include "second_order.h"

#include <math.h>

void newton(const quadratic *q, double *w) {
  (void)q, (void)w; /* yours */
}

double obd(const quadratic *q, const double *w, int i) {
  (void)q, (void)w, (void)i;
  return 0; /* yours */
}

double obs(const quadratic *q, const double *w, int i) {
  (void)q, (void)w, (void)i;
  return 0; /* yours */
}

double soft_threshold(double a, double lambda) {
  (void)a, (void)lambda;
  return 0; /* yours */
}

void admm(const quadratic *q, double rho, double *w, double *z, double *u) {
  (void)q, (void)rho, (void)w, (void)z, (void)u; /* yours */
}
