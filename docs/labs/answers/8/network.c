#include "network.h"

#include <math.h>

/* What a forward pass leaves behind for the backward pass. */
typedef struct state {
  double a[HIDDEN], h[HIDDEN], z[OUTPUTS];
} state;

static void forward(const double *p, const example *e, state *s) {
  for (int j = 0; j < HIDDEN; j++) {
    s->a[j] = p[B1 + j];
    for (int i = 0; i < INPUTS; i++) s->a[j] += p[W1 + j * INPUTS + i] * e->x[i];
    s->h[j] = s->a[j] / sqrt(1 + s->a[j] * s->a[j]);
  }
  for (int k = 0; k < OUTPUTS; k++) {
    s->z[k] = p[B2 + k];
    for (int j = 0; j < HIDDEN; j++) s->z[k] += p[W2 + k * HIDDEN + j] * s->h[j];
  }
}

/* Adds the gradient of one image. */
static void backward(const double *p, const example *e, const state *s, double *g) {
  double dz[OUTPUTS], da[HIDDEN];
  for (int k = 0; k < OUTPUTS; k++) dz[k] = (s->z[k] - e->t[k]) / IMAGES;
  for (int j = 0; j < HIDDEN; j++) {
    const double root = sqrt(1 + s->a[j] * s->a[j]);
    double dh = 0;
    for (int k = 0; k < OUTPUTS; k++) dh += p[W2 + k * HIDDEN + j] * dz[k];
    da[j] = dh / (root * root * root);
  }
  for (int k = 0; k < OUTPUTS; k++) {
    g[B2 + k] += dz[k];
    for (int j = 0; j < HIDDEN; j++) g[W2 + k * HIDDEN + j] += dz[k] * s->h[j];
  }
  for (int j = 0; j < HIDDEN; j++) {
    g[B1 + j] += da[j];
    for (int i = 0; i < INPUTS; i++) g[W1 + j * INPUTS + i] += da[j] * e->x[i];
  }
}

double loss(const double *p) {
  double sum = 0, squares = 0;
  for (int n = 0; n < IMAGES; n++) {
    state s;
    forward(p, &images[n], &s);
    for (int k = 0; k < OUTPUTS; k++)
      sum += (s.z[k] - images[n].t[k]) * (s.z[k] - images[n].t[k]) / 2;
  }
  for (int i = W1; i < B1; i++) squares += p[i] * p[i];
  for (int i = W2; i < B2; i++) squares += p[i] * p[i];
  return sum / IMAGES + DECAY / 2 * squares;
}

void gradient(const double *p, double *g) {
  for (int i = 0; i < PARAMETERS; i++) g[i] = 0;
  for (int n = 0; n < IMAGES; n++) {
    state s;
    forward(p, &images[n], &s);
    backward(p, &images[n], &s, g);
  }
  for (int i = W1; i < B1; i++) g[i] += DECAY * p[i];
  for (int i = W2; i < B2; i++) g[i] += DECAY * p[i];
}
