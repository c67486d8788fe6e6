#include "guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NEAR = 4096, PATTERN = 0xA5 };

static size_t page(void) {
  return (size_t)sysconf(_SC_PAGESIZE);
}

void guard_open(guard *g, size_t bytes) {
  g->room = (bytes / page() + 2) * page();
  g->map = mmap(NULL, g->room + 2 * page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (g->map == MAP_FAILED || mprotect(g->map + page(), g->room, PROT_READ | PROT_WRITE) != 0)
    abort();
}

void guard_close(guard *g) {
  munmap(g->map, g->room + 2 * page());
}

/* The free part of the room beside the buffer, at most NEAR bytes of it. */
static uint8_t *beside(const guard *g, size_t *bytes) {
  uint8_t *room = g->map + page();
  const size_t left = g->room - g->bytes;
  *bytes = left < NEAR ? left : NEAR;
  return g->at == room ? room + g->bytes : g->at - *bytes;
}

void *guard_place(guard *g, size_t bytes, bool at_end) {
  size_t near;
  if (bytes >= g->room) abort();
  g->bytes = bytes;
  g->at = g->map + page() + (at_end ? g->room - bytes : 0);
  uint8_t *pattern = beside(g, &near);
  memset(pattern, PATTERN, near);
  return g->at;
}

bool guard_intact(const guard *g) {
  size_t near;
  const uint8_t *pattern = beside(g, &near);
  return pattern[0] == PATTERN && memcmp(pattern, pattern + 1, near - 1) == 0;
}
