/* A trained network for programs that are not Espalier: an ONNX file, or C sources that need
 * nothing else.
 *
 * Both take raw pixels, 0 to 255, or features as the data have them, the columns of a table: the
 * normalisation is part of what is exported. Both return the logits, those of all tasks one behind
 * the other, or targets in their units. docs/export.md says how to use them. */
#ifndef ESP_EXPORT_H
#define ESP_EXPORT_H

#include <espalier/linkage.h>
#include <espalier/model.h>
#include <espalier/sound.h>
#include <espalier/status.h>

#include <stdbool.h>
#include <stddef.h>

ESP_BEGIN_DECLS

/* What is exported. Borrowed. */
typedef struct esp_export_source {
  esp_model *model;
  char *const *class_name;        /* [classes] */
  const float *mean;              /* [channels] of pixels from 0 to 1 */
  const float *std;               /* [channels] more than 0 */
  bool features;                  /* the input is numbers as the data have them, not pixels */
  const esp_audio_options *audio; /* how they come from sounds; NULL: they do not */
  esp_target_scale targets;       /* what outputs stand for; count 0: classes */
} esp_export_source;

/* What an ONNX model keeps weights as. */
typedef enum esp_onnx_form {
  ESP_ONNX_DENSE,
  ESP_ONNX_SPARSE, /* those of which fewer than a third are not 0 are sparse initializers */
  ESP_ONNX_INT8    /* integers, with QuantizeLinear and DequantizeLinear (QDQ) around operators: of
                      a quantised network, and of no other */
} esp_onnx_form;

/* Writes the network as an ONNX model (opset 13, IR 7): float32, images (N, channels, height,
 * width) in, logits (N, answers) out, for any N. A batch norm behind a convolution is folded into
 * it. Classes, tasks, normalisation and the layers are in metadata_props. Errors: a layer that ONNX
 * has no operator for (an activation from outside the tree); a value that is no finite number; a
 * form that is not the network's; what esp_file_write says. Nothing is written then. */
esp_status esp_export_onnx(const esp_export_source *s, esp_onnx_form form, const char *path,
                           esp_error *err);

/* What an exported program takes. */
typedef struct esp_c_sizes {
  size_t constants; /* bytes of tables in flash, where pointers have 4; code comes to it */
  size_t memory;    /* bytes of RAM, all of it static; the stack comes to it */
  bool by_winograd; /* `espalier eval` runs layers by Winograd's way, so its last bits are others;
                       with model.convolution = direct they are the program's */
} esp_c_sizes;

/* Writes the network as C99: `path`, which ends with .c, and beside it a header, with .h, whose
 * functions begin with the file's name. The program allocates nothing and needs no library; its
 * logits have the bits of `espalier eval`. A quantised network computes with integers. Weights that
 * are 0 are not in it, where that is smaller; values of which a layer has at most 256 are kept
 * once. Of a network of sounds it has a function from samples to features as well. Errors: a name
 * that C has no use for, sounds of another shape than the network takes, and those of
 * esp_export_onnx. Nothing is written then. */
esp_status esp_export_c(const esp_export_source *s, const char *path, esp_c_sizes *sizes,
                        esp_error *err);

ESP_END_DECLS

#endif
