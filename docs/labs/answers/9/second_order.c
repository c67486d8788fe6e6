#include "second_order.h"

#include <math.h>

/* x = H^-1 b, by Cramer's rule */
static void solve(const double h[2][2], const double *b, double *x) {
  const double determinant = h[0][0] * h[1][1] - h[0][1] * h[1][0];
  x[0] = (h[1][1] * b[0] - h[0][1] * b[1]) / determinant;
  x[1] = (h[0][0] * b[1] - h[1][0] * b[0]) / determinant;
}

void newton(const quadratic *q, double *w) {
  double g[2], step[2];
  quadratic_gradient(q, w, g);
  solve(q->h, g, step);
  for (int i = 0; i < 2; i++) w[i] -= step[i];
}

double obd(const quadratic *q, const double *w, int i) {
  return q->h[i][i] * w[i] * w[i] / 2;
}

double obs(const quadratic *q, const double *w, int i) {
  const double unit[2] = {i == 0, i == 1};
  double column[2]; /* of H^-1 */
  solve(q->h, unit, column);
  return w[i] * w[i] / (2 * column[i]);
}

double soft_threshold(double a, double lambda) {
  return copysign(fmax(fabs(a) - lambda, 0), a);
}

void admm(const quadratic *q, double rho, double *w, double *z, double *u) {
  const double h[2][2] = {{q->h[0][0] + rho, q->h[0][1]}, {q->h[1][0], q->h[1][1] + rho}};
  double b[2];
  for (int i = 0; i < 2; i++) b[i] = q->b[i] + rho * (z[i] - u[i]);
  solve(h, b, w);
  for (int i = 0; i < 2; i++) z[i] = w[i] + u[i];
  z[fabs(z[0]) >= fabs(z[1])] = 0;
  for (int i = 0; i < 2; i++) u[i] += w[i] - z[i];
}
