/* What criteria measure with passes through the network. Internal to src/prune. */
#ifndef ESP_PRUNE_MEASURE_CRITERION_INPUTS_H
#define ESP_PRUNE_MEASURE_CRITERION_INPUTS_H

#include "prune/pruner.h"
#include "tensor/values.h"

/* Measures what p->criterion needs and scores every unit, in an open workspace. */
esp_status esp__pruner_measure(esp_pruner *p, const esp_probe *probe, esp_error *err);

/* Leaves in every p->grad the gradient averaged over the probe's batches, and all else as it
 * was. */
esp_status esp__measure_gradient(const esp_model *m, const esp_probe *probe, esp_error *err);

/* The same with another backward pass, which leaves in every p->grad what is averaged. */
typedef void esp__backward_fn(esp_graph *g, const void *with);
esp_status esp__measure_mean(const esp_model *m, const esp_probe *probe, esp__backward_fn *backward,
                             const void *with, esp_error *err);

/* Fails, naming the operation, where one of the graph has no second derivative. */
esp_status esp__check_hessian(const esp_graph *g, esp_error *err);

/* Leaves in the grad of every weight of a convolution or linear layer H g, the Hessian of the loss
 * times its gradient, exactly (autograd/hessian.h). Both are averaged over the probe's batches; the
 * loss is that of logits / temperature; only those weights that are there move. All else is as it
 * was, but for the gradients of other parameters. Fails as esp__check_hessian does. */
esp_status esp__measure_hessian(const esp_model *m, const esp_probe *probe, double temperature,
                                esp_error *err);

#endif
