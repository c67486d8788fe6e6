/* Memory between two pages that nobody may touch, for kernels that must not read or write beside
 * their buffers. */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct guard {
  uint8_t *map; /* a forbidden page, `room` bytes, a forbidden page */
  size_t room;
  uint8_t *at; /* the buffer */
  size_t bytes;
} guard;

/* Room for buffers of up to `bytes`. Aborts when there is no memory. */
void guard_open(guard *g, size_t bytes);
void guard_close(guard *g);

/* A new buffer in the same room: right before the forbidden page behind it, or right behind the one
 * before it. Aligned to 64 bytes (at the end: if `bytes` is a multiple of 64). The room near it
 * gets a pattern. */
void *guard_place(guard *g, size_t bytes, bool at_end);

/* Whether the pattern is still there. */
bool guard_intact(const guard *g);

#endif
