/* Trials of second_order.c: each by what its result must fulfil, on losses drawn at random. */
#include "second_order.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

enum { LOSSES = 50 };

/* A number from -2 to 2, the same in each run. */
static double draw(void) {
  static unsigned state = 9;
  state = state * 1664525u + 1013904223u;
  return (double)(state >> 16) / 16384.0 - 2;
}

/* H = A'A + 1/4 */
static quadratic draw_loss(void) {
  const double a = draw(), b = draw(), c = draw(), d = draw();
  return (quadratic){
      .h = {{a * a + c * c + 0.25, a * b + c * d}, {a * b + c * d, b * b + d * d + 0.25}},
      .b = {draw(), draw()},
      .c = 3};
}

static bool near(double a, double b) {
  return fabs(a - b) <= 1e-9 * (1 + fabs(a) + fabs(b));
}

static bool try_newton(const quadratic *q) {
  double w[2] = {draw(), draw()}, g[2];
  newton(q, w);
  quadratic_gradient(q, w, g);
  return near(g[0], 0) && near(g[1], 0);
}

/* A minimum, found by moving one weight at a time; weight `fixed` stays. */
static void settle(const quadratic *q, double *w, int fixed) {
  double g[2];
  for (int step = 0; step < 4000; step++) {
    const int i = step % 2;
    if (i == fixed) continue;
    quadratic_gradient(q, w, g);
    w[i] -= g[i] / q->h[i][i];
  }
}

static bool try_obd(const quadratic *q) {
  double w[2] = {1, 1};
  settle(q, w, -1);
  const double least = quadratic_loss(q, w);
  const double first[2] = {0, w[1]}, second[2] = {w[0], 0};
  return near(obd(q, w, 0), quadratic_loss(q, first) - least) &&
         near(obd(q, w, 1), quadratic_loss(q, second) - least);
}

static bool try_obs(const quadratic *q) {
  double w[2] = {1, 1};
  settle(q, w, -1);
  const double least = quadratic_loss(q, w);
  for (int i = 0; i < 2; i++) {
    double without[2] = {w[0], w[1]};
    without[i] = 0;
    settle(q, without, i);
    if (!near(obs(q, w, i), quadratic_loss(q, without) - least)) return false;
  }
  return true;
}

/* Nothing near it is better. */
static bool try_soft_threshold(double a, double lambda) {
  const double w = soft_threshold(a, lambda);
  const double here = (w - a) * (w - a) / 2 + lambda * fabs(w);
  for (double step = 1e-3; step < 4; step *= 2)
    for (int side = -1; side <= 1; side += 2) {
      const double v = w + side * step;
      if (!((v - a) * (v - a) / 2 + lambda * fabs(v) >= here)) return false;
    }
  return true;
}

typedef struct admm_trial {
  bool w, z, u;
} admm_trial;

static void try_admm(const quadratic *q, admm_trial *all) {
  const double rho = 0.5 + fabs(draw());
  const double z0[2] = {draw(), 0}, u0[2] = {draw(), draw()};
  double w[2] = {draw(), draw()}, z[2] = {z0[0], z0[1]}, u[2] = {u0[0], u0[1]}, g[2];
  admm(q, rho, w, z, u);
  quadratic_gradient(q, w, g);
  for (int i = 0; i < 2; i++) {
    if (!near(g[i] + rho * (w[i] - z0[i] + u0[i]), 0)) all->w = false;
    if (!near(u[i], u0[i] + w[i] - z[i])) all->u = false;
  }
  const int keep = fabs(w[1] + u0[1]) > fabs(w[0] + u0[0]);
  if (!near(z[keep], w[keep] + u0[keep]) || z[!keep] != 0) all->z = false;
}

static void verdict(const char *name, bool right, const char *hint) {
  printf("second_order.c, %s: %s%s\n", name, right ? "right" : "wrong: ", right ? "" : hint);
}

int main(void) {
  bool step = true, damage = true, surgeon = true, threshold = true;
  admm_trial round = {true, true, true};
  for (int i = 0; i < LOSSES; i++) {
    const quadratic q = draw_loss();
    step = step && try_newton(&q);
    damage = damage && try_obd(&q);
    surgeon = surgeon && try_obs(&q);
    threshold =
        threshold && try_soft_threshold(draw(), fabs(draw())) && try_soft_threshold(draw(), 0);
    try_admm(&q, &round);
  }
  verdict("newton", step, "after one step on a quadratic the gradient is 0");
  verdict("obd", damage, "at a minimum it is what the loss rises by when the weight goes");
  verdict("obs", surgeon, "invert H first, then take the i-th number of the diagonal");
  verdict("soft_threshold", threshold,
          "the slope of lambda |w| has the sign of w; when is 0 best?");
  verdict("admm, w", round.w, "solve (H + rho) w = b + rho (z - u), with the old z and u");
  verdict("admm, z", round.z, "w + u with the new w and the old u; the larger in size stays");
  verdict("admm, u", round.u, "what w and z differ by is added");
}
