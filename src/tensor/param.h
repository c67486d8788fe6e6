/* Parameters whose memory comes later, when all of a model are known. */
#ifndef ESP_TENSOR_PARAM_H
#define ESP_TENSOR_PARAM_H

#include <espalier/param.h>

/* Adds a parameter as esp_params_add does, but without memory for its numbers. */
esp_status esp__params_describe(esp_params *ps, const char *name, esp_role role, int rank,
                                const int *shape, esp_param **param, esp_error *err);
/* Gives every parameter that has none its memory, all zero. Fails before any is taken where the
 * system has not enough for all of them together. */
esp_status esp__params_allocate(esp_params *ps, esp_error *err);

/* Fails where numbers that were read from the file `path` are none to compute with: one that is not
 * finite, or a running variance below 0, of which a batch norm would take the root. */
esp_status esp__params_check(const esp_params *ps, const char *path, esp_error *err);

/* Parameters of `to` get the values of those in `from` that have their name and as many values. */
void esp__params_copy_same(const esp_params *from, esp_params *to);

#endif
