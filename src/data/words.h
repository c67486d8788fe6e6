/* The words of data.augment. */
#ifndef ESP_DATA_WORDS_H
#define ESP_DATA_WORDS_H

#include <stdbool.h>

typedef enum esp_augment { ESP_AUGMENT_CROP, ESP_AUGMENT_FLIP, ESP_AUGMENT_CUTOUT, ESP_AUGMENTS } esp_augment;

/* Whether `words` (separated by spaces, may be NULL) has the word. */
bool esp_augment_asked(const char *words, esp_augment which);

#endif
