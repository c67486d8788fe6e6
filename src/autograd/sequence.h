/* How long the sequences of a value are. Internal to src/autograd. */
#ifndef ESP_AUTOGRAD_SEQUENCE_H
#define ESP_AUTOGRAD_SEQUENCE_H

#include "autograd/node.h"

/* Fills the lengths, 1 to the plane's width, of a block of images, in the current batch. An
 * embedding finds them, from the padding behind the tokens; what a window makes of a sequence is as
 * long as what it would make of the sequence alone; other operations keep the length where they
 * keep the width. Without an embedding before it a sequence fills its plane. */
void esp__sequence_lengths(const esp_value *v, int block, int32_t length[ESP_LANES]);

/* What an embedding found in the current batch: [blocks][16]. */
const int32_t *esp__embedding_lengths(const esp__node *n);

#endif
