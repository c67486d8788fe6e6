/* A mask says which weights of a parameter exist. It is plain data; struct esp_pruner owns every
 * mask and its commit function is the only code that writes one. Everybody else borrows it
 * read-only. */
#ifndef ESP_MASK_H
#define ESP_MASK_H

#include <espalier/linkage.h>

#include <stddef.h>
#include <stdint.h>

ESP_BEGIN_DECLS

typedef struct esp_mask {
  uint8_t *keep;       /* [count], 1 = the weight exists, 0 = pruned */
  size_t count;        /* weights in all */
  size_t kept;         /* weights with keep == 1 */
  uint64_t generation; /* rises with every change; kernels that cache a sparse form compare it */
} esp_mask;

ESP_END_DECLS

#endif
