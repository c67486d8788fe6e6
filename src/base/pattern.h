/* Patterns of layer names: '*' stands for any characters, the rest for itself. */
#ifndef ESP_PATTERN_H
#define ESP_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/* Does `name` match the pattern of `length` characters? */
bool esp_pattern_matches(const char *pattern, size_t length, const char *name);
/* Does it match any of the patterns in a list separated by spaces? */
bool esp_pattern_any(const char *patterns, const char *name);

#endif
