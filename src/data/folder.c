/* A folder of pictures: train/CLASS/picture.jpg, test/CLASS/picture.png; or CLASS/picture.jpg
 * alone, then some of them are to test on. */
#include "data/file_names.h"
#include "data/folder.h"
#include "data/set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES_MAX = 65536 };

/* What reading a folder fills, and what could not be read: all of it is named at once, so that it
 * can be mended at once. */
typedef struct reader {
  esp_dataset *set;
  int bad, named; /* pictures; those of them that `what` names, as many as there is room for */
  esp_error what;
} reader;

static void note_bad(reader *r, const char *why) {
  const size_t used = strlen(r->what.text), room = sizeof r->what.text - 96; /* for the rest */
  r->bad++;
  if (r->named > 0 && used + strlen(why) + 2 > room) return;
  snprintf(r->what.text + used, sizeof r->what.text - used, "%s%s", r->named++ ? "; " : "", why);
}

static esp_status read_pictures(reader *r, esp_images *images, const char *folder,
                                const esp__file_names *files, int label, esp_error *err) {
  char path[ESP_PATH_BYTES];
  const esp_shape shape = r->set->shape;
  const uint32_t first = images->count;
  ESP_TRY(esp__images_grow(images, esp__image_values(shape), files->count, folder, err));
  for (uint32_t i = 0; i < files->count; i++) {
    esp_error why;
    ESP_TRY(esp__data_path(path, folder, files->item[i], err));
    const esp_status status = esp_picture_load(
        path, shape, images->pixels + (first + i) * esp__image_values(shape), &why);
    if (status == ESP_ERR_MEMORY) return esp_fail(err, status, "%s", why.text);
    if (status != ESP_OK) note_bad(r, why.text);
    images->labels[first + i] = label;
  }
  return ESP_OK;
}

static esp_status read_class(reader *r, esp_images *images, const char *folder, int label,
                             esp_error *err) {
  esp__file_names files = {0};
  esp_status status = esp__file_names_list(&files, folder, esp__is_picture, err);
  if (status == ESP_OK && files.count == 0)
    status = esp_fail(err, ESP_ERR_INPUT, "%s: no picture in it (.jpg, .jpeg or .png)", folder);
  if (status == ESP_OK) status = read_pictures(r, images, folder, &files, label, err);
  esp__file_names_free(&files);
  return status;
}

static int find_class(const esp_dataset *set, const char *name) {
  for (int i = 0; i < set->classes; i++)
    if (strcmp(set->class_name[i], name) == 0) return i;
  return -1;
}

/* The folders of train decide which classes there are. */
static esp_status name_classes(esp_dataset *set, const char *folder, const esp__file_names *found,
                               esp_error *err) {
  if (found->count < 2 || found->count > CLASSES_MAX)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: %zu folders in it, expected one for each of 2 to %d classes", folder,
                    found->count, CLASSES_MAX);
  return esp__class_names(set, (const char *const *)found->item, (int)found->count, err);
}

static esp_status read_classes(reader *r, esp_images *images, const char *folder,
                               const esp__file_names *found, esp_error *err) {
  char path[ESP_PATH_BYTES];
  esp_dataset *set = r->set;
  if (set->classes == 0) ESP_TRY(name_classes(set, folder, found, err));
  if (found->count == 0) return esp_fail(err, ESP_ERR_INPUT, "%s: no class folder in it", folder);
  for (size_t i = 0; i < found->count; i++) {
    ESP_TRY(esp__data_path(path, folder, found->item[i], err));
    int label = find_class(set, found->item[i]);
    if (label < 0)
      return esp_fail(err, ESP_ERR_INPUT, "%s: no class of that name among those to train on",
                      path);
    ESP_TRY(read_class(r, images, path, label, err));
  }
  return ESP_OK;
}

static esp_status read_split(reader *r, esp_images *images, const char *root, const char *split,
                             esp_error *err) {
  char folder[ESP_PATH_BYTES];
  ESP_TRY(esp__data_path(folder, root, split, err));
  esp__file_names found = {0};
  esp_status status = esp__file_names_list(&found, folder, esp__is_folder, err);
  if (status == ESP_OK) status = read_classes(r, images, folder, &found, err);
  esp__file_names_free(&found);
  return status;
}

/* ---- where there are only classes ---- */

/* Draws a fifth of the pictures, at least one, to test on; the same for every seed of a run. */
static esp_status deal(const esp__file_names *files, esp__file_names part[2], esp_error *err) {
  const esp_key key = esp_key_of(0, ESP_STREAM_SPLIT);
  size_t test = (files->count + 2) / 5 > 0 ? (files->count + 2) / 5 : 1;
  for (size_t i = 0; i < files->count; i++) {
    const bool chosen = esp_random_below(key, i, (uint32_t)(files->count - i)) < test;
    test -= chosen;
    ESP_TRY(esp__file_names_add(&part[chosen], files->item[i], err));
  }
  return ESP_OK;
}

static esp_status read_dealt(reader *r, const char *folder, int label, esp_error *err) {
  esp__file_names files = {0}, part[2] = {{0}, {0}};
  esp_status status = esp__file_names_list(&files, folder, esp__is_picture, err);
  if (status == ESP_OK && files.count < 2)
    status = esp_fail(err, ESP_ERR_INPUT,
                      "%s: %zu pictures in it (.jpg, .jpeg or .png), expected at least 2, "
                      "one to train and one to test on",
                      folder, files.count);
  if (status == ESP_OK) status = deal(&files, part, err);
  if (status == ESP_OK) status = read_pictures(r, &r->set->train, folder, &part[0], label, err);
  if (status == ESP_OK) status = read_pictures(r, &r->set->test, folder, &part[1], label, err);
  esp__file_names_free(&files);
  esp__file_names_free(&part[0]);
  esp__file_names_free(&part[1]);
  return status;
}

static esp_status read_flat(reader *r, const char *root, esp_error *err) {
  char path[ESP_PATH_BYTES];
  esp__file_names found = {0};
  esp_status status = esp__file_names_list(&found, root, esp__is_folder, err);
  if (status == ESP_OK && found.count == 0)
    status = esp_fail(err, ESP_ERR_INPUT,
                      "%s: no folders in it, expected train and test, or one for each class", root);
  if (status == ESP_OK) status = name_classes(r->set, root, &found, err);
  for (size_t i = 0; i < found.count && status == ESP_OK; i++) {
    status = esp__data_path(path, root, found.item[i], err);
    if (status == ESP_OK) status = read_dealt(r, path, (int)i, err);
  }
  esp__file_names_free(&found);
  return status;
}

esp_status esp__folder_is_split(const char *root, bool *split, esp_error *err) {
  char train[ESP_PATH_BYTES], test[ESP_PATH_BYTES];
  ESP_TRY(esp__data_path(train, root, "train", err));
  ESP_TRY(esp__data_path(test, root, "test", err));
  *split = esp__is_folder(train) || esp__is_folder(test);
  return ESP_OK;
}

/* ---- */

static esp_status read_all(reader *r, const char *root, esp_error *err) {
  bool split;
  ESP_TRY(esp__folder_is_split(root, &split, err));
  if (!split) return read_flat(r, root, err);
  ESP_TRY(read_split(r, &r->set->train, root, "train", err));
  return read_split(r, &r->set->test, root, "test", err);
}

static esp_status load(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                       esp_key seed, esp_error *err) {
  (void)seed;
  ESP_TRY(esp__data_folder(opt, err));
  set->shape = wanted.channels ? wanted : (esp_shape){3, 32, 32};
  reader r = {.set = set};
  ESP_TRY(read_all(&r, opt->path, err));
  if (r.bad == 0) return ESP_OK;
  if (r.bad == 1) return esp_fail(err, ESP_ERR_INPUT, "%s", r.what.text);
  return esp_fail(err, ESP_ERR_INPUT, "%d of %u pictures cannot be read: %s%s", r.bad,
                  (unsigned)(set->train.count + set->test.count), r.what.text,
                  r.named < r.bad ? "; and others" : "");
}

const esp_dataset_kind esp__dataset_folder = {
    .name = "folder",
    .help =
        "JPEG and PNG files in train/CLASS/ and test/CLASS/, or in CLASS/ alone, of which a "
        "fifth is to test on; resized to the model's input",
    .load = load,
};
