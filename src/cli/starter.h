/* What `espalier new` finds in a folder, and the configuration it makes of that. */
#ifndef ESP_CLI_STARTER_H
#define ESP_CLI_STARTER_H

#include <espalier/config.h>
#include <espalier/tensor.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A data set that was found. */
typedef struct esp__found_data {
  const char *dataset; /* as [data] dataset has it */
  const char *noun;    /* "images", "texts", "sounds", "rows" */
  char path[4096];     /* absolute */
  int64_t images;      /* to train on */
  int classes;
  esp_shape shape; /* of the images, as the network gets them; of sounds there is none */
  bool resized;    /* pictures become that shape */
  bool dealt;      /* of each class a fifth will be to test on */
  bool words;      /* texts are read word by word */
  double seconds;  /* of sounds */
  /* Of rows: the last column of numbers, and those that are none, with commas. */
  char target[256], ignored[2048];
} esp__found_data;

/* Looks at a folder: CIFAR's binary files, IDX files, tables of texts or numbers, or classes of
 * pictures, sounds or texts; or at one such table. Fails, in one line, where there is none of
 * them, or where what there is cannot be trained on. */
esp_status esp__starter_look(esp__found_data *d, const char *folder, esp_error *err);

/* Writes a commented configuration for it. An override section.key=value takes the place of the
 * line with that key, or stands at the end. */
void esp__starter_write(const esp__found_data *d, const char *name, int overrides,
                        const char *const *override, FILE *out);

#endif
