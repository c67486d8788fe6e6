/* From a pruned network to a smaller one. */
#ifndef ESP_SHRINK_H
#define ESP_SHRINK_H

#include <espalier/linkage.h>
#include <espalier/model.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ESP_BEGIN_DECLS

/* A new model in *small without what the weights of `model` leave without effect: residual blocks
 * that give 0, and channels that are 0 or that nobody reads (with what belongs to them, see
 * src/nn/channel_groups.h). Each layer keeps a multiple of `multiple` (>= 1) channels, or
 * all. Its logits are those of `model`: what is left out would add zeros. Masks, momentum and
 * averages are not copied. */
esp_status esp_shrink(const esp_model *model, int multiple, esp_model **small, esp_error *err);

ESP_END_DECLS

#endif
