#include "nn/initial.h"

#include <math.h>
#include <string.h>

/* Weights that a value reads, or goes into, through one place of a layer. */
typedef struct fans {
  double in, out;
} fans;

static fans fans_of(const esp_layer *layer) {
  const esp_param *p = layer->weight;
  if (p->role == ESP_ROLE_LINEAR_WEIGHT) return (fans){p->shape[1], p->shape[0]};
  const double window = (double)p->shape[2] * p->shape[3];
  return (fans){p->shape[1] * window, (double)(p->shape[0] / layer->groups) * window};
}

/* ---- deviations ---- */

/* Out of a convolution, into a linear layer. */
static double he(const esp_layer *layer, double scale) {
  const fans f = fans_of(layer);
  (void)scale;
  return sqrt(2.0 / (layer->weight->role == ESP_ROLE_LINEAR_WEIGHT ? f.in : f.out));
}

static double glorot(const esp_layer *layer, double scale) {
  const fans f = fans_of(layer);
  (void)scale;
  return sqrt(2.0 / (f.in + f.out));
}

static double itself(const esp_layer *layer, double scale) {
  (void)layer;
  return scale;
}

/* Of numbers uniform within +- scale. */
static double of_bound(const esp_layer *layer, double scale) {
  (void)layer;
  return scale / sqrt(3.0);
}

/* Of numbers whose rows, or columns, have the norm `scale`. */
static double of_norm(const esp_layer *layer, double scale) {
  const double rows = layer->weight->shape[0], columns = (double)layer->weight->count / rows;
  return scale / sqrt(rows < columns ? columns : rows);
}

/* ---- distributions ---- */

static void draw_normal(esp_param *p, double deviation, esp_key key) {
  esp_random_normals(key, deviation, p->value, p->count);
}

static void draw_uniform(esp_param *p, double deviation, esp_key key) {
  const double bound = deviation * sqrt(3.0);
  for (size_t i = 0; i < p->count; i++)
    p->value[i] = (float)(bound * (2.0 * (double)esp_random_uniform(key, i) - 1.0));
}

static const esp__initial table[] = {
    {"he",
     "normal, of variance 2 / fan: what leaves a convolution, what enters a linear layer (He et "
     "al. 2015)",
     false, he, draw_normal},
    {"he-uniform", "the same variance, uniform", false, he, draw_uniform},
    {"glorot", "normal, of variance 2 / (fan in + fan out) (Glorot & Bengio 2010)", false, glorot,
     draw_normal},
    {"glorot-uniform", "the same variance, uniform", false, glorot, draw_uniform},
    {"normal", "normal, of deviation init_scale", true, itself, draw_normal},
    {"uniform", "uniform within +- init_scale", true, of_bound, draw_uniform},
    {"orthogonal",
     "outputs at right angles, of norm init_scale; sqrt(2) goes with ReLU (Saxe et al. 2014)", true,
     of_norm, esp__draw_orthogonal},
};
enum { INITIALS = sizeof table / sizeof *table };

const char *esp_initial_name(size_t i) {
  return i < INITIALS ? table[i].name : NULL;
}

const char *esp_initial_help(size_t i) {
  return i < INITIALS ? table[i].help : NULL;
}

const esp__initial *esp__initial_find(const char *name) {
  if (!name) return &table[0];
  for (size_t i = 0; i < INITIALS; i++)
    if (strcmp(table[i].name, name) == 0) return &table[i];
  return NULL;
}
