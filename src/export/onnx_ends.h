/* The ends of an ONNX model: from data as they are to what the first layer reads, from what the
 * last layer makes to answers in the units of the data; and what else a user has to know. */
#ifndef ESP_EXPORT_ONNX_ENDS_H
#define ESP_EXPORT_ONNX_ENDS_H

#include "export/network.h"
#include "export/onnx_model.h"

/* The input of the model, pixels or features of `shape`; normalised, they are called `output`. */
void esp__onnx_add_data(esp__onnx_model *m, const esp_export_source *s, esp_shape shape,
                        const char *output);
/* The output of the model, from `rows` of so many numbers: logits are the rows themselves, targets
 * have nodes more, which are called after `last`, the value of the last layer. */
void esp__onnx_add_answers(esp__onnx_model *m, const esp_export_source *s, const char *last,
                           const char *rows, int count);
/* Properties: the names of classes or targets, the tasks, the normalisation, the layers. */
esp_status esp__onnx_add_facts(esp__onnx_model *m, const esp_export_source *s, esp_error *err);

#endif
