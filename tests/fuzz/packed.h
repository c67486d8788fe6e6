/* Packed files that are right on the outside, so that what is behind the checksum and behind zlib
 * is read too. */
#ifndef ESP_TESTS_FUZZ_PACKED_H
#define ESP_TESTS_FUZZ_PACKED_H

#include "fuzz.h"

/* What the input is as a file, in new memory of *size bytes. Input that begins with "ESPK" is a
 * packed file, and gets the right version and checksum; what begins with "ESPT" is one whose header
 * is not deflated yet: two bytes say how long it is (the lower first), the header follows, and then
 * the coded tensors. All else stays as it is. */
uint8_t *fuzz_packed(const uint8_t *data, size_t bytes, size_t *size);

#endif
