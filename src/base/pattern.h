/* Patterns of layer names: '*' stands for any characters, the rest for itself. */
#ifndef ESP_BASE_PATTERN_H
#define ESP_BASE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/* Does `name` match the pattern of `length` characters? */
bool esp__pattern_matches(const char *pattern, size_t length, const char *name);
/* Does it match any of the patterns in a list separated by spaces? */
bool esp__pattern_any(const char *patterns, const char *name);

/* A line "pattern word" of a list of lines. Begins as {.text = list}. */
typedef struct esp__pattern_line {
  const char *text, *word; /* of the line; behind the pattern */
  size_t length, pattern, word_length;
  int number; /* from 1 */
} esp__pattern_line;
/* Goes to the next line that is not empty; false when there is none. */
bool esp__pattern_next(esp__pattern_line *l);

#endif
