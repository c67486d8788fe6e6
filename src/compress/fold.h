/* Batch norms into the layers before them. */
#ifndef ESP_COMPRESS_FOLD_H
#define ESP_COMPRESS_FOLD_H

#include <espalier/model.h>

/* Fills the weights and biases of layer `to` such that it does what `from`, a layer of the model
 * `before`, does with the batch norm behind it, with its running statistics. Pruned weights stay
 * 0. */
void esp__fold_batchnorm(const esp_model *before, const esp_layer *from, const esp_layer *to);

#endif
