/* Which weights of a tensor there are, as bits. */
#ifndef ESP_PACK_MASK_H
#define ESP_PACK_MASK_H

#include "pack/coder.h"

/* Codes there[outputs][channels][taps] of 0 and 1: encoding reads it, decoding fills it. False: no
 * memory. */
bool esp__code_mask(esp__coder *c, uint8_t *there, size_t outputs, size_t channels, size_t taps);

#endif
