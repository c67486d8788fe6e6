/* Numbers of few bits in an ONNX model: QuantizeLinear and DequantizeLinear around operators of
 * floats (QDQ), which runtimes put together to operators of integers. */
#ifndef ESP_EXPORT_ONNX_INTEGERS_H
#define ESP_EXPORT_ONNX_INTEGERS_H

#include "export/network.h"
#include "export/onnx_model.h"

/* Adds the weights of convolution or linear layer `o` as integers of 8 bits with a scale for each
 * output, or its bias as integers of 32 with the scales of the sums, for which `room` has a float
 * each; returns the name of the floats that they stand for, which is `name`. */
const char *esp__onnx_add_weights(esp__onnx_model *m, const char *name, const esp__network *n,
                                  const esp_operation *o);
const char *esp__onnx_add_bias(esp__onnx_model *m, const char *name, const esp__network *n,
                               const esp_operation *o, float *room);

/* Rounds x to 8-bit numbers times `scale`; the floats that they stand for are `output`. */
void esp__onnx_add_rounding(esp__onnx_model *m, const char *x, float scale, const char *output);

#endif
