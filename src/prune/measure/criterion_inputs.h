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

/* Leaves in every p->grad the Hessian times the gradient, H g = (g(w + e g) - g(w - e g)) / (2 e),
 * where e g is 0.01 of the weights' norm (Pearlmutter 1994 for the idea). Only weights of
 * convolutions and linear layers move. */
esp_status esp__measure_hessian(const esp_model *m, const esp_probe *probe, esp_error *err);

#endif
