/* Tensors of other tools' files, under the names of a network. */
#ifndef ESP_TRAIN_RENAME_H
#define ESP_TRAIN_RENAME_H

#include <espalier/file.h>
#include <espalier/model.h>

/* Renames the tensors of `b`, which came from `file`, as the table in the file `table` says: a line
 * "OURS THEIRS" each, `#` begins a comment. OURS is a layer of the network, and THEIRS what stands
 * before the last dot of its tensors: "weight" becomes weight, or of a batch norm scale, "bias"
 * bias or shift, "running_mean" and "running_var" mean and var. Or OURS is a parameter and THEIRS a
 * tensor. What the table does not name keeps its name. Errors name the table's line: no two words,
 * a layer or tensor that is not there, a parameter that is named twice. */
esp_status esp__tensors_rename(esp_bundle *b, const char *file, const esp_model *m,
                               const char *table, esp_error *err);

#endif
