#include "data/class_survey.h"

#include "data/set.h"
#include "data/wav.h"

#include <math.h>
#include <stdlib.h>

/* ---- of which kind ---- */

static const esp__file_kind *const kinds[] = {&esp__picture_files, &esp__sound_files,
                                              &esp__text_files};
enum { KINDS = sizeof kinds / sizeof *kinds };

static bool has_file(const char *folder, const esp__file_kind *kind) {
  esp__file_names files = {0};
  const bool has = esp__file_names_list(&files, folder, esp__takes_file, kind, NULL) == ESP_OK &&
                   files.count > 0;
  esp__file_names_free(&files);
  return has;
}

/* Of a folder with a class's files, or a file that is a class. */
static const esp__file_kind *kind_of_class(const char *path) {
  const bool folder = esp__is_folder(path);
  for (int i = 0; i < KINDS; i++)
    if (folder ? has_file(path, kinds[i])
               : kinds[i]->class_is_file && esp__is_of_kind(path, kinds[i]))
      return kinds[i];
  return NULL;
}

static bool takes_all(const char *path, const void *with) {
  (void)path, (void)with;
  return true;
}

static const esp__file_kind *kind_of_classes(const char *folder) {
  const esp__file_kind *kind = NULL;
  char path[ESP_PATH_BYTES];
  esp__file_names found = {0};
  if (esp__file_names_list(&found, folder, takes_all, NULL, NULL) == ESP_OK)
    for (size_t i = 0; i < found.count && !kind; i++)
      if (esp__data_path(path, folder, found.item[i], NULL) == ESP_OK) kind = kind_of_class(path);
  esp__file_names_free(&found);
  return kind;
}

const esp__file_kind *esp__folder_kind(const char *root) {
  char train[ESP_PATH_BYTES];
  if (esp__data_path(train, root, "train", NULL) != ESP_OK) return NULL;
  return kind_of_classes(esp__is_folder(train) ? train : root);
}

/* ---- sounds ---- */

enum { SAMPLES = 256 };

static esp_status measure(esp__sound_survey *s, const char *path, esp_error *err) {
  esp__sound sound;
  ESP_TRY(esp__wav_read(&sound, path, err));
  const double seconds = (double)sound.samples / sound.rate;
  free(sound.sample);
  if (seconds > s->seconds) s->seconds = seconds;
  return ESP_OK;
}

/* Sounds from all over the files, which stand class by class. */
static esp_status measure_some(esp__sound_survey *s, const esp__class_files *files,
                               esp_error *err) {
  const size_t step = (files->count + SAMPLES - 1) / SAMPLES;
  for (size_t i = 0; i < files->count; i += step) ESP_TRY(measure(s, files->item[i].path, err));
  s->seconds = ceil(10.0 * s->seconds - 1e-6) / 10.0;
  return ESP_OK;
}

esp_status esp__sounds_look(esp__sound_survey *s, const char *root, esp_error *err) {
  esp__class_files split[2] = {{0}, {0}};
  esp_dataset *names = calloc(1, sizeof *names);
  *s = (esp__sound_survey){0};
  if (!names) return esp_fail(err, ESP_ERR_MEMORY, "%s: no memory for its classes", root);
  esp_status status = esp__folder_is_split(root, &s->split, err);
  if (status == ESP_OK) status = esp__class_files_split(names, root, &esp__sound_files, split, err);
  if (status == ESP_OK) status = measure_some(s, &split[0], err);
  s->classes = names->classes;
  s->sounds = (int64_t)split[0].count;
  esp__class_files_free(&split[0]);
  esp__class_files_free(&split[1]);
  esp_dataset_free(names);
  return status;
}
