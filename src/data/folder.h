/* Folders of pictures, before they are read. */
#ifndef ESP_DATA_FOLDER_H
#define ESP_DATA_FOLDER_H

#include <espalier/status.h>

#include <stdbool.h>
#include <stdint.h>

/* What a folder holds, by its names; of some pictures the headers were read. */
typedef struct esp__folder_survey {
  bool split;
  int classes;      /* to train on */
  int64_t pictures; /* to train on, and where there is no split to test on too */
  int side;         /* median of the smaller sides, in pixels */
  bool same_sides;  /* all that were looked at are squares of that side */
} esp__folder_survey;

/* Fails where no data set could be read: fewer than two classes, a class without a picture, no
 * picture that is all there. */
esp_status esp__folder_look(esp__folder_survey *s, const char *root, esp_error *err);

#endif
