#include "data/class_files.h"
#include "data/folder.h"
#include "data/set.h"
#include "data/stb.h"
#include "data/whole.h"

#include <espalier/file.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 512, SAMPLES_OF_CLASS = 16 };
static const size_t file_limit = (size_t)256 << 20;

/* The pictures that were looked at. */
typedef struct sample {
  int side[SAMPLES]; /* the smaller one */
  int count;
  bool squares;
} sample;

static esp_status look_at_picture(sample *s, const char *path, esp_error *err) {
  char *data = NULL;
  size_t bytes;
  int width, height;
  ESP_TRY(esp_file_read(path, file_limit, &data, &bytes, err));
  errno = 0;
  const bool known = esp__picture_whole(path, (const uint8_t *)data, bytes, NULL) == ESP_OK &&
                     esp__stb_sides((const uint8_t *)data, bytes, &width, &height);
  free(data);
  if (!known && errno == ENOMEM)
    return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory for the picture", path);
  if (known) {
    s->squares = s->squares && width == height;
    s->side[s->count++] = width < height ? width : height;
  }
  return ESP_OK;
}

/* Pictures from all over the class. */
static esp_status look_at_pictures(sample *s, const char *folder, const esp__file_names *files,
                                   esp_error *err) {
  char path[ESP_PATH_BYTES];
  const size_t step = (files->count + SAMPLES_OF_CLASS - 1) / SAMPLES_OF_CLASS;
  for (size_t i = 0; i < files->count && s->count < SAMPLES; i += step) {
    ESP_TRY(esp__data_path(path, folder, files->item[i], err));
    ESP_TRY(look_at_picture(s, path, err));
  }
  return ESP_OK;
}

static esp_status look_at_class(esp__folder_survey *v, sample *s, const char *folder,
                                esp_error *err) {
  esp__file_names files = {0};
  esp_status status =
      esp__file_names_list(&files, folder, esp__takes_file, &esp__picture_files, err);
  if (status == ESP_OK && files.count == 0)
    status = esp_fail(err, ESP_ERR_INPUT, "%s: no picture in it (.jpg, .jpeg or .png)", folder);
  v->pictures += (int64_t)files.count;
  if (status == ESP_OK) status = look_at_pictures(s, folder, &files, err);
  esp__file_names_free(&files);
  return status;
}

static esp_status look_at_classes(esp__folder_survey *v, sample *s, const char *folder,
                                  const esp__file_names *found, esp_error *err) {
  char path[ESP_PATH_BYTES];
  if (found->count < 2)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: %zu folders in it, expected one for each of at least 2 classes", folder,
                    found->count);
  v->classes = (int)found->count;
  for (size_t i = 0; i < found->count; i++) {
    ESP_TRY(esp__data_path(path, folder, found->item[i], err));
    ESP_TRY(look_at_class(v, s, path, err));
  }
  return ESP_OK;
}

static int by_size(const void *a, const void *b) {
  return *(const int *)a - *(const int *)b;
}

static esp_status measure(esp__folder_survey *v, sample *s, const char *root, esp_error *err) {
  if (s->count == 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: no readable picture in it (.jpg, .jpeg or .png)",
                    root);
  qsort(s->side, (size_t)s->count, sizeof *s->side, by_size);
  v->side = s->side[s->count / 2];
  v->same_sides = s->squares && s->side[0] == s->side[s->count - 1];
  return ESP_OK;
}

static bool takes_folder(const char *path, const void *with) {
  (void)with;
  return esp__is_folder(path);
}

esp_status esp__folder_look(esp__folder_survey *v, const char *root, esp_error *err) {
  char train[ESP_PATH_BYTES];
  esp__file_names found = {0};
  sample s = {.squares = true};
  *v = (esp__folder_survey){0};
  ESP_TRY(esp__folder_is_split(root, &v->split, err));
  ESP_TRY(esp__data_path(train, root, "train", err));
  const char *folder = v->split ? train : root;
  esp_status status = esp__file_names_list(&found, folder, takes_folder, NULL, err);
  if (status == ESP_OK) status = look_at_classes(v, &s, folder, &found, err);
  if (status == ESP_OK) status = measure(v, &s, root, err);
  esp__file_names_free(&found);
  return status;
}
