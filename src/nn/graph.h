/* A model's graph for a share of each batch. */
#ifndef ESP_NN_GRAPH_H
#define ESP_NN_GRAPH_H

#include "ranks/split.h"

#include <espalier/model.h>

/* As esp_model_graph, for the share of `split` in batches of `batch` images. */
esp_status esp__model_graph(esp_model *model, const esp__split *split, int batch, bool gradients,
                            esp_loss_attr loss, esp_graph **graph, esp_error *err);

/* As esp_model_graph, for inference over one image, and with floats where the network computes with
 * integers: its operations have the model's own parameters. */
esp_status esp__model_float_graph(esp_model *model, esp_graph **graph, esp_error *err);

#endif
