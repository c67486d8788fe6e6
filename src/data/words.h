/* The words of data.augment. */
#ifndef ESP_DATA_WORDS_H
#define ESP_DATA_WORDS_H

#include <stdbool.h>

typedef enum esp__augment {
  ESP_AUGMENT_CROP,
  ESP_AUGMENT_RESIZED_CROP,
  ESP_AUGMENT_FLIP,
  ESP_AUGMENT_CUTOUT,
  ESP_AUGMENT_SHIFT,
  ESP_AUGMENT_NOISE,
  ESP_AUGMENTS
} esp__augment;

/* Whether `words` (separated by spaces, may be NULL) has the word. */
bool esp__augment_asked(const char *words, esp__augment which);

#endif
