/* Lines of an INI file that are longer than inih takes: it gets a short one in their place, and the
 * value goes around it. */
#ifndef ESP_CONFIG_LONG_LINE_H
#define ESP_CONFIG_LONG_LINE_H

#include <stddef.h>

/* Bytes of a line without its end that inih takes whatever it was built with. */
enum { ESP_INIH_LINE_MAX = 196 };

/* Where the value of a line without comment begins; `line` has `length` bytes. The stub is a line
 * with the same key, or indentation, and no such value. 0: it has no key that fits in a stub. */
size_t esp__long_line(const char *line, size_t length, char stub[ESP_INIH_LINE_MAX + 2]);

#endif
