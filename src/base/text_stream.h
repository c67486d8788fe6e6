/* Text that is printed into memory.
 *
 * open_memstream(3) cuts the text short where memory runs out, and fclose(3) does not say so. */
#ifndef ESP_BASE_TEXT_STREAM_H
#define ESP_BASE_TEXT_STREAM_H

#include <stddef.h>
#include <stdio.h>

/* A stream to print on. When fclose(3) returns 0, *text holds all that was printed, newly
 * allocated, with a NUL behind it, and *bytes its length; otherwise memory ran out and *text is
 * NULL. Both are NULL and 0 until then. Returns NULL when there is no memory for the stream
 * itself. */
FILE *esp__text_stream(char **text, size_t *bytes);

#endif
