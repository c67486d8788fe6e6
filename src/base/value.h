/* The value of a configuration key: from text into its member of an options struct, and back. */
#ifndef ESP_BASE_VALUE_H
#define ESP_BASE_VALUE_H

#include <espalier/option.h>
#include <espalier/status.h>

#include <stdbool.h>
#include <stdio.h>

/* Bytes of a line of an INI file without its comment: a path, and its key. */
enum { ESP_CONFIG_LINE_MAX = 4200 };

/* Whether the value is a text in one line; whether it may go on in indented lines below. */
static inline bool esp__option_is_text(const esp_option *o) {
  return o->type == ESP_OPTION_TEXT || o->type == ESP_OPTION_PATH || o->type == ESP_OPTION_CHOICE;
}
static inline bool esp__option_is_list(const esp_option *o) {
  return o->type == ESP_OPTION_LINES || o->type == ESP_OPTION_WORDS ||
         o->type == ESP_OPTION_NUMBERS;
}

/* Parses, checks, and replaces what the member held. `where` starts the message of an error. */
esp_status esp__value_set(const esp_option *o, void *options, const char *text, const char *where,
                          esp_error *err);
void esp__value_free(const esp_option *o, void *options);

/* "key = value" and a newline, lists over several lines if need be, such that setting it again
 * gives the same. */
void esp__value_print(const esp_option *o, const void *options, FILE *out);

/* What a value of this key looks like: "a number from 0 to 1000". */
void esp__value_expected(const esp_option *o, char *text, size_t bytes);
/* The value alone, as one writes it in an INI file; newly allocated, NULL when memory is out. */
char *esp__value_text(const esp_option *o, const void *options);
/* Whether it is the default, however the table spells that. Fails where memory is out. */
esp_status esp__value_is_default(const esp_option *o, const void *options, bool *is,
                                 esp_error *err);
/* Fails if the key of [section] has another value than its default, since `reader`, as in
 * "optimiser = sgd", does not read it; `other` is what would, "another optimiser". */
esp_status esp__value_check_unread(const esp_option *o, const void *options, const char *section,
                                   const char *reader, const char *other, esp_error *err);

#endif
