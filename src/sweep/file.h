/* The section [sweep]: the lists, and how they are combined. */
#ifndef ESP_SWEEP_FILE_H
#define ESP_SWEEP_FILE_H

#include <espalier/sweep.h>

typedef struct esp__sweep_options {
  char *mode, *cross; /* grid | zip | random; the keys whose lists zip combines with the others */
  int64_t count, seed;
} esp__sweep_options;

/* A sweep's file, taken apart. */
typedef struct esp__sweep_file {
  esp_config base;
  esp__sweep_options options;
  esp_axis axis[ESP_SWEEP_AXES_MAX];
  bool crossed[ESP_SWEEP_AXES_MAX]; /* an axis each: with every value of the others */
  int axes;
} esp__sweep_file;

/* On failure *f needs no freeing. */
esp_status esp__sweep_file_load(esp__sweep_file *f, const char *path, int overrides,
                                const char *const *override, esp_error *err);
void esp__sweep_file_free(esp__sweep_file *f);
/* As INI text that loads to the same. Newly allocated in *text. */
esp_status esp__sweep_file_text(const esp__sweep_file *f, char **text, esp_error *err);

void esp__axis_free(esp_axis *axis);

#endif
