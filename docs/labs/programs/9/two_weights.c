/* Two weights by hand: the loss of four images of two pixels, target 1, as a quadratic. */
#include "second_order.h"

#include <math.h>
#include <stdio.h>

/* H = 2 mean x x', b = 2 mean x, c = 1 of the images (0, 3), (-1/2, 2), (0, 1), (1/2, 0) */
static const quadratic q = {.h = {{0.25, -0.5}, {-0.5, 7}}, .b = {0, 3}, .c = 1};

static void descend(double rate) {
  double w[2] = {0, 0}, g[2];
  for (int step = 0; step < 100; step++) {
    quadratic_gradient(&q, w, g);
    for (int i = 0; i < 2; i++) w[i] -= rate * g[i];
  }
  printf("gradient descent, 100 steps of rate %.2f   loss %.4f\n", rate, quadratic_loss(&q, w));
}

static void prune(double w0, double w1) {
  const double w[2] = {w0, w1}, without[2][2] = {{0, w1}, {w0, 0}};
  const double loss = quadratic_loss(&q, w);
  printf("\nat (%.2f, %.2f), loss %.4f\n", w0, w1, loss);
  printf("%-34s%9s%9s\n", "", "w1", "w2");
  printf("%-34s%9.4f%9.4f\n", "optimal brain damage", obd(&q, w, 0), obd(&q, w, 1));
  printf("%-34s%9.4f%9.4f\n", "rise of the loss without it", quadratic_loss(&q, without[0]) - loss,
         quadratic_loss(&q, without[1]) - loss);
  printf("%-34s%9.4f%9.4f\n", "optimal brain surgeon", obs(&q, w, 0), obs(&q, w, 1));
}

static void multipliers(double rho) {
  double w[2] = {0, 0}, z[2] = {0, 0}, u[2] = {0, 0};
  newton(&q, w);
  z[0] = w[0], z[1] = w[1];
  printf(
      "\nADMM, rho %.2f, from the minimum\nround        w1       w2       z1       z2     L(z)\n",
      rho);
  for (int round = 1; round <= 10; round++) {
    admm(&q, rho, w, z, u);
    if (round <= 3 || round >= 8)
      printf("%5d%10.4f%9.4f%9.4f%9.4f%9.4f\n", round, w[0], w[1], z[0], z[1],
             quadratic_loss(&q, z));
  }
}

int main(void) {
  double w[2] = {0, 0};
  newton(&q, w);
  printf("Newton, one step from (0, 0): (%.4f, %.4f)   loss %.4f\n", w[0], w[1],
         quadratic_loss(&q, w));
  descend(0.28);
  descend(0.29);
  prune(1.0, 0.5);
  prune(1.5, 0.5);
  multipliers(0.25);
  multipliers(4);
}
