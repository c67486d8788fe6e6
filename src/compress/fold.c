#include "compress/fold.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double epsilon = 1e-5; /* of the batch norm: graph.h */

/* A running statistic of the batch norm whose scale is that parameter. */
static const esp_param *statistic(const esp_model *m, const esp_param *scale, const char *what) {
  char name[ESP_NAME_MAX];
  const int length = (int)(strlen(scale->name) - strlen("scale"));
  snprintf(name, sizeof name, "%.*s%s", length, scale->name, what);
  return esp_params_find(&m->params, name);
}

/* y = factor * x + shift: what the batch norm does to a channel. */
typedef struct affine {
  double factor, shift;
} affine;

static affine affine_of(const esp_model *m, const esp_layer *layer, size_t o) {
  if (!layer->scale) return (affine){1.0, 0.0};
  const double mean = (double)statistic(m, layer->scale, "mean")->value[o];
  const double var = (double)statistic(m, layer->scale, "var")->value[o];
  const double factor = (double)layer->scale->value[o] / sqrt(var + epsilon);
  return (affine){factor, (double)layer->shift->value[o] - mean * factor};
}

void esp__fold_batchnorm(const esp_model *before, const esp_layer *from, const esp_layer *to) {
  const esp_param *w = from->weight;
  const size_t outputs = (size_t)w->shape[0], each = w->count / outputs;
  for (size_t o = 0; o < outputs; o++) {
    const affine a = affine_of(before, from, o);
    for (size_t i = o * each; i < (o + 1) * each; i++)
      to->weight->value[i] = (float)((double)w->value[i] * a.factor);
    const double bias = from->bias ? (double)from->bias->value[o] : 0.0;
    if (to->bias) to->bias->value[o] = (float)(bias * a.factor + a.shift);
  }
}
