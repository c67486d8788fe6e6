/* A loss of two weights, L(w) = c - b.w + w.Hw / 2, and what pruning does to it. */
#ifndef SECOND_ORDER_H
#define SECOND_ORDER_H

typedef struct quadratic {
  double h[2][2], b[2], c; /* h is symmetric and positive definite */
} quadratic;

static inline void quadratic_gradient(const quadratic *q, const double *w, double *g) {
  for (int i = 0; i < 2; i++) g[i] = q->h[i][0] * w[0] + q->h[i][1] * w[1] - q->b[i];
}
static inline double quadratic_loss(const quadratic *q, const double *w) {
  double loss = q->c;
  for (int i = 0; i < 2; i++)
    loss += w[i] * ((q->h[i][0] * w[0] + q->h[i][1] * w[1]) / 2 - q->b[i]);
  return loss;
}

/* One step of Newton's method: w -= H^-1 gradient. */
void newton(const quadratic *q, double *w);

/* Optimal brain damage: how much the loss rises when w[i] goes, by the Hessian's diagonal alone. */
double obd(const quadratic *q, const double *w, int i);

/* Optimal brain surgeon: the same when the other weight then moves to where the loss is least,
 * w[i]^2 over twice the i-th number on the diagonal of H^-1. */
double obs(const quadratic *q, const double *w, int i);

/* The w that minimises (w - a)^2 / 2 + lambda |w|; lambda is 0 or more. */
double soft_threshold(double a, double lambda);

/* One round of ADMM for: minimise L(w), at most one weight not 0. Three steps, in this order:
 *   w = the minimum of L(w) + rho / 2 |w - z + u|^2
 *   z = w + u without the smaller of its two numbers (of equal ones the first stays)
 *   u = u + w - z */
void admm(const quadratic *q, double rho, double *w, double *z, double *u);

#endif
