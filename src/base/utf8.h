/* Text from outside. */
#ifndef ESP_BASE_UTF8_H
#define ESP_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the bytes are UTF-8 (RFC 3629) without control characters other than tab, CR and
 * newline. */
bool esp__utf8_plain(const char *text, size_t bytes);

/* Whether the bytes, at least one, are one character. */
bool esp__utf8_whole(const char *text, size_t bytes);

#endif
