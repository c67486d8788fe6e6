/* A network small enough to check each of its gradients: 3 inputs, 4 hidden units, 2 outputs,
 *
 *     a = W1 x + b1    h = a / sqrt(1 + a^2)    z = W2 h + b2
 *     loss = mean over the images of |z - t|^2 / 2, plus DECAY / 2 times the sum of the squares of W1
 *     and W2 (not of b1 and b2)
 *
 * All parameters lie in one row: W1 (4 x 3), b1 (4), W2 (2 x 4), b2 (2). */
#ifndef NETWORK_H
#define NETWORK_H

enum { INPUTS = 3, HIDDEN = 4, OUTPUTS = 2, IMAGES = 5 };
enum {
  W1 = 0,
  B1 = W1 + HIDDEN * INPUTS,
  W2 = B1 + HIDDEN,
  B2 = W2 + OUTPUTS * HIDDEN,
  PARAMETERS = B2 + OUTPUTS
};
#define DECAY 0.001

typedef struct example {
  double x[INPUTS], t[OUTPUTS];
} example;
extern const example images[IMAGES];

double loss(const double *p);
/* g[PARAMETERS] = d loss / d p */
void gradient(const double *p, double *g);

#endif
