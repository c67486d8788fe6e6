/* Synaptic flow (Tanaka et al. 2020). Internal to src/prune. */
#ifndef ESP_PRUNE_MEASURE_SYNAPTIC_FLOW_H
#define ESP_PRUNE_MEASURE_SYNAPTIC_FLOW_H

#include <espalier/graph.h>
#include <espalier/model.h>

/* Leaves in every p->grad d R / d |w|, up to one positive factor for the whole network, and all
 * else as it was. R is the sum of the outputs for one image of ones, with |w| for every weight and
 * batch-norm scale, no bias, shift or running statistics: a network that is linear in each layer
 * (with rectifiers and poolings; other non-linearities stay what they are). Fails where R is too
 * large for floats whatever the image's size, above about 1e69. */
esp_status esp__measure_synaptic_flow(const esp_model *m, esp_graph *g, esp_error *err);

#endif
