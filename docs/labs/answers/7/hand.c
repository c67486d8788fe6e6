/* The figures of the part on paper, by the loops. */
#include "convolution.h"

#include <stdio.h>
#include <string.h>

static const conv c = {1, 3, 3, 1, 2, 1, 0};
static double x[] = {1, 2, 0, 0, 1, 3, 2, 1, 1};
static const double t[] = {0, 3, 3, 2};

/* The loss with the window w; dy is its gradient. */
static double loss(double *w, int relu, double *dy) {
  double y[4] = {0}, sum = 0;
  convolve(&c, FORWARD, x, w, y);
  for (int i = 0; i < 4; i++) {
    dy[i] = (relu && y[i] <= 0 ? 0 : y[i]) - t[i];
    sum += dy[i] * dy[i] / 2;
    if (relu && y[i] <= 0) dy[i] = 0;
  }
  return sum;
}

int main(void) {
  double w[] = {1, -1, 2, 0}, dw[4] = {0}, dx[9] = {0}, dy[4], squares = 0;
  const double before = loss(w, 0, dy);
  convolve(&c, BACKWARD_WEIGHTS, x, dw, dy);
  convolve(&c, BACKWARD_DATA, dx, w, dy);
  printf("1a = %g\n1b = %g\n1c = %g\n1d = %g\n", dw[0], dw[1], dx[4], dx[7]);
  for (int i = 0; i < 4; i++) squares += dw[i] * dw[i];
  printf("2a = %g\n", before - 0.01 * squares);
  double stepped[4], ignored[4];
  for (int i = 0; i < 4; i++) stepped[i] = w[i] - 0.01 * dw[i];
  printf("2b = %.4f\n", loss(stepped, 0, ignored));
  loss(w, 1, dy);
  memset(dw, 0, sizeof dw);
  convolve(&c, BACKWARD_WEIGHTS, x, dw, dy);
  printf("3 = %g\n", dw[0]);
}
