/* Lists of values in which double quotes hold together what contains white space. */
#ifndef ESP_SWEEP_WORDS_H
#define ESP_SWEEP_WORDS_H

#include <espalier/sweep.h>

/* Cuts `text` into axis->value. `where` starts the message of an error. */
esp_status esp__words_split(esp_axis *axis, const char *text, const char *where, esp_error *err);
/* Prints a value such that splitting gives it back. */
void esp__word_print(const char *value, FILE *out);

#endif
