/* What a folder with classes holds, before it is read. */
#ifndef ESP_DATA_CLASS_SURVEY_H
#define ESP_DATA_CLASS_SURVEY_H

#include "data/class_files.h"

/* What the classes in a folder, or in its train, consist of: pictures, sounds or texts, whichever
 * is found first, class after class. NULL: none of them. */
const esp__file_kind *esp__folder_kind(const char *root);

typedef struct esp__sound_survey {
  bool split;     /* the folder says what is to test on */
  int classes;    /* to train on */
  int64_t sounds; /* to train on */
  double seconds; /* the longest of those that were read, up to tenths of a second */
} esp__sound_survey;

/* Reads some sounds of every class. Fails where no data set could be read, and on a sound that
 * cannot be. */
esp_status esp__sounds_look(esp__sound_survey *s, const char *root, esp_error *err);

#endif
