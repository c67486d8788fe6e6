/* Gradient checking: which step, and what it finds in network.c. */
#include "difference.h"
#include "network.h"

#include <math.h>
#include <stdio.h>

const example images[IMAGES] = {{{1, 0.5, -1}, {1, 0}},
                                {{0.25, -1, 0.5}, {0, 1}},
                                {{-0.5, 1, 1}, {1, 1}},
                                {{0.75, 0.25, 0}, {0, 0.5}},
                                {{-1, -0.75, 0.5}, {0.5, 0}}};

/* ---- a function whose derivative is known ---- */

static double bend(const double *x) {
  return *x / sqrt(1 + *x * *x);
}

static void steps(void) {
  const double at = 1, root = sqrt(1 + at * at), exact = 1 / (root * root * root);
  printf("step     forward difference   central difference\n");
  for (int power = 1; power <= 12; power++) {
    double h = 1, x = at;
    for (int i = 0; i < power; i++) h /= 10;
    const double further = at + h;
    const double forward = (bend(&further) - bend(&at)) / h;
    printf("1e-%02d    %-20.1e %.1e\n", power, relative_error(forward, exact),
           relative_error(central_difference(bend, &x, 0, h), exact));
  }
}

/* ---- the network ---- */

static void group(const char *name, double *p, const double *g, int from, int to, double h) {
  double worst = 0, least = INFINITY, most = -INFINITY;
  for (int i = from; i < to; i++) {
    const double n = central_difference(loss, p, i, h);
    worst = fmax(worst, relative_error(g[i], n));
    least = fmin(least, g[i] / n);
    most = fmax(most, g[i] / n);
  }
  printf("%-6s   %7d   %-22.0e %.3f to %.3f\n", name, to - from, worst, least, most);
}

static void network(double h) {
  double p[PARAMETERS], g[PARAMETERS];
  for (int i = 0; i < PARAMETERS; i++) p[i] = (double)(7 * i % 11 - 5) / 8;
  gradient(p, g);
  printf("\nparameter numbers   largest relative error gradient / difference\n");
  group("W1", p, g, W1, B1, h);
  group("b1", p, g, B1, W2, h);
  group("W2", p, g, W2, B2, h);
  group("b2", p, g, B2, PARAMETERS, h);
}

int main(void) {
  steps();
  network(1e-5);
}
