/* Text from outside, such as the name of a file or class, as it is shown to a person: a terminal
 * must not take orders from it. */
#ifndef ESP_BASE_SHOWN_H
#define ESP_BASE_SHOWN_H

#include <stddef.h>

enum { ESP_SHOWN_MAX = 1024 };

/* Writes `text` to `to` [bytes], cut short if need be: bytes of control characters, of those that
 * change the direction of writing, and of what is no UTF-8 become \xNN. Characters in `keep` stay
 * as they are. */
void esp__escape(const char *text, const char *keep, char *to, size_t bytes);

/* The text itself where nothing in it need be escaped, else escaped in `room`. ESP_SHOWN brings the
 * room, which lasts to the end of the block. */
const char *esp__shown(const char *text, char room[ESP_SHOWN_MAX]);
#define ESP_SHOWN(text) esp__shown((text), (char[ESP_SHOWN_MAX]){0})

#endif
