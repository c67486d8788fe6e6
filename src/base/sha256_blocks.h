/* SHA-256's compression function, in two ways that return the same numbers. */
#ifndef ESP_BASE_SHA256_BLOCKS_H
#define ESP_BASE_SHA256_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The constants of the 64 rounds. */
extern const uint32_t esp__sha256_k[64];

/* Takes `blocks` blocks of 64 bytes each into the hash value H. */
typedef void esp__sha256_blocks(uint32_t H[8], const uint8_t *data, size_t blocks);

/* As the standard writes it, for every machine. */
esp__sha256_blocks esp__sha256_plain;
/* By the instructions for SHA that x86 processors have since about 2017; six times as fast.
 * Only where esp__has_sha_instructions says so. */
esp__sha256_blocks esp__sha256_x86;
bool esp__has_sha_instructions(void);

#endif
