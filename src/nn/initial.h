/* Initial values of weights: one entry in the table of initial.c for each way to draw them. */
#ifndef ESP_NN_INITIAL_H
#define ESP_NN_INITIAL_H

#include <espalier/model.h>
#include <espalier/random.h>

typedef struct esp__initial {
  const char *name, *help;
  bool scaled; /* by model.init_scale, which it needs above 0 */
  /* The standard deviation of the weights of a layer; `scale` is model.init_scale. */
  double (*deviation)(const esp_layer *layer, double scale);
  /* Draws all weights of a layer with that deviation. */
  void (*draw)(esp_param *weight, double deviation, esp_key key);
} esp__initial;

/* The one of that name, the first of the table for NULL; NULL when there is none. */
const esp__initial *esp__initial_find(const char *name);

/* Weights that are a rotation times a factor such that their deviation is this: the rows of the
 * matrix of outputs and inputs are orthogonal and of equal norm, or where there are more rows than
 * columns the columns are (Saxe et al. 2014). */
void esp__draw_orthogonal(esp_param *weight, double deviation, esp_key key);

#endif
