/* A quantised network as integers: twins of its parameters, and what the values of a graph stand
 * for. Internal to src/nn. */
#ifndef ESP_NN_INTEGERS_H
#define ESP_NN_INTEGERS_H

#include "nn/layers.h"

/* The integers of a layer, as floats: weights, and the bias at the scale of the sums. */
struct esp_twin {
  esp_param *weight, *bias; /* in model->twin_params; bias NULL: none */
  const esp_param *input;   /* the scale of what the layer reads; NULL: in no graph yet */
};
typedef struct esp_twin esp__twin;

/* Whether graphs for inference of the model compute with integers: a layer of it has them as
 * weights. */
bool esp__has_integers(const esp_model *m);
/* Makes the twins of all layers, unless they are there. */
esp_status esp__twins_make(esp_model *m, esp_error *err);
void esp__twins_free(esp_model *m);
/* The twin of the layer that has this weight. */
const esp__twin *esp__twin_of(const esp_model *m, const esp_param *weight);
/* Fills them from the parameters as they are now. `model` is an esp_model. */
void esp__twins_fill(void *model);

/* What the value's integers stand for. NULL: they are floats. */
const esp_integers *esp__integers_of(const esp__builder *b, const esp_value *v);
/* Says what it is. */
esp_status esp__integers_note(esp__builder *b, const esp_value *v, esp_integers what,
                              esp_error *err);
/* The scale of the `quantise` that comes next in a scope; NULL: there is none. */
esp_param *esp__scale_ahead(const esp__builder *b, const esp__scope *scope);

/* A convolution or linear layer that reads x, which must have one scale: the twins that take the
 * place of its parameters. */
esp_status esp__integers_layer(esp__builder *b, const esp_layer *layer, const esp_value *x,
                               esp__twin **twin, esp_error *err);
/* A line `quantise` with that scale: floats become integers, integers get another scale. */
esp_status esp__integers_quantise(esp__builder *b, esp_value *x, esp_param *scale, esp_value **y,
                                  esp_error *err);
/* The sum of a residual, at the scale of the `quantise` behind it. */
esp_status esp__integers_add(esp__builder *b, esp_value *branch, esp_value *shortcut, esp_value **y,
                             esp_error *err);
/* y is means of `area` values of x: the integers are their sums. */
esp_status esp__integers_mean(esp__builder *b, const esp_value *x, const esp_value *y, int area,
                              esp_error *err);
/* Item `i` made y of x and said nothing of it: y stands for what x does. */
esp_status esp__integers_pass(esp__builder *b, int i, const esp_value *x, const esp_value *y,
                              esp_error *err);
/* The logits as floats. */
esp_status esp__integers_end(esp__builder *b, esp_value **logits, esp_error *err);

#endif
