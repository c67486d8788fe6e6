/* An ONNX model while it is put together: nodes, tensors, properties, all in memory of its own.
 *
 * Memory that runs out is not reported call by call: what needs it is left out, and writing the
 * model fails. */
#ifndef ESP_EXPORT_ONNX_MODEL_H
#define ESP_EXPORT_ONNX_MODEL_H

#include <espalier/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct esp__onnx_model esp__onnx_model;
typedef struct Onnx__NodeProto esp__onnx_node;

/* Tensors of which fewer than a third of the values are not 0 become sparse if `sparse`. */
esp_status esp__onnx_model_new(esp__onnx_model **m, bool sparse, esp_error *err);
void esp__onnx_model_free(esp__onnx_model *m);

/* A name that lives as long as the model; NULL when memory is out. */
const char *esp__onnx_name(esp__onnx_model *m, const char *format, ...) ESP_PRINTF(2, 3);

/* Appends a node that makes `output`, by which it is called too, of the inputs: `inputs` ends with
 * NULL. NULL when memory is out. */
esp__onnx_node *esp__onnx_add_node(esp__onnx_model *m, const char *op, const char *const *inputs,
                                   const char *output);
/* Gives a node another output. */
void esp__onnx_add_output(esp__onnx_model *m, esp__onnx_node *node, const char *output);
/* Gives a node an attribute; a node of NULL gets none. */
void esp__onnx_add_int(esp__onnx_model *m, esp__onnx_node *node, const char *name, int64_t value);
void esp__onnx_add_ints(esp__onnx_model *m, esp__onnx_node *node, const char *name, int count,
                        const int64_t *value);
void esp__onnx_add_float(esp__onnx_model *m, esp__onnx_node *node, const char *name, float value);

/* Adds constants: `name` is borrowed, and returned; values are copied. */
const char *esp__onnx_add_floats(esp__onnx_model *m, const char *name, int rank,
                                 const int64_t *dims, const float *value);
/* Integers of 8 or 32 `bits`, held as floats; NULL: zeros. */
const char *esp__onnx_add_integers(esp__onnx_model *m, const char *name, int bits, int rank,
                                   const int64_t *dims, const float *value);
const char *esp__onnx_add_int64s(esp__onnx_model *m, const char *name, int count,
                                 const int64_t *value);

/* The model's input or output: floats of shape (N, dims...), for any N; `text` describes it. Names
 * and text are borrowed. */
void esp__onnx_set_input(esp__onnx_model *m, const char *name, const char *text, int rank,
                         const int64_t *dims);
void esp__onnx_set_output(esp__onnx_model *m, const char *name, const char *text, int64_t values);
/* A text beside the network; copied. */
void esp__onnx_add_property(esp__onnx_model *m, const char *key, const char *value);

/* Writes the model to `path`, whole or not at all. */
esp_status esp__onnx_model_write(esp__onnx_model *m, const char *path, esp_error *err);

#endif
