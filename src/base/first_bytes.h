/* What a file begins with: to know its kind. */
#ifndef ESP_BASE_FIRST_BYTES_H
#define ESP_BASE_FIRST_BYTES_H

#include <stddef.h>

/* Reads at most `most` bytes from the beginning of the regular file `path`, without memory of its
 * own; how many there were, 0 where it cannot be read. */
size_t esp__first_bytes(const char *path, void *bytes, size_t most);

#endif
