#include "base/text_stream.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum { SMALLEST = 256 };

typedef struct memory {
  char **text, *data;
  size_t *bytes, used, capacity;
  bool failed;
} memory;

/* Makes room for so many bytes more and a NUL. */
static bool make_room(memory *m, size_t more) {
  size_t capacity = m->capacity ? m->capacity : SMALLEST;
  while (capacity - m->used <= more) {
    if (capacity > SIZE_MAX / 2) return false;
    capacity *= 2;
  }
  if (capacity == m->capacity) return true;
  char *larger = realloc(m->data, capacity);
  if (!larger) return false;
  m->data = larger;
  m->capacity = capacity;
  return true;
}

static ssize_t print(void *cookie, const char *from, size_t bytes) {
  memory *m = cookie;
  m->failed = m->failed || !make_room(m, bytes);
  if (m->failed) return 0;
  memcpy(m->data + m->used, from, bytes);
  m->used += bytes;
  return (ssize_t)bytes;
}

static int end(void *cookie) {
  memory *m = cookie;
  const bool whole = !m->failed && make_room(m, 0);
  if (whole) {
    m->data[m->used] = '\0';
    *m->text = m->data;
    *m->bytes = m->used;
  } else {
    free(m->data);
  }
  free(m);
  return whole ? 0 : EOF;
}

FILE *esp__text_stream(char **text, size_t *bytes) {
  *text = NULL;
  *bytes = 0;
  memory *m = calloc(1, sizeof *m);
  if (!m) return NULL;
  *m = (memory){.text = text, .bytes = bytes};
  FILE *stream = fopencookie(m, "w", (cookie_io_functions_t){.write = print, .close = end});
  if (!stream) free(m);
  return stream;
}
