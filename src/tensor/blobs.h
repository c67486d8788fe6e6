/* Tensors of a file as those of parameters. */
#ifndef ESP_TENSOR_BLOBS_H
#define ESP_TENSOR_BLOBS_H

#include <espalier/file.h>
#include <espalier/param.h>

/* Copies the tensor "<prefix><name of p>", which must have that type and the parameter's shape. */
esp_status esp__blob_read(const esp_bundle *b, const char *path, const char *prefix,
                          const esp_param *p, esp_dtype type, void *to, esp_error *err);

#endif
