#include "data/class_files.h"

#include "data/set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES_MAX = 65536 };

const esp__file_kind esp__picture_files = {.noun = "picture", .endings = {".jpg", ".jpeg", ".png"}};
const esp__file_kind esp__sound_files = {.noun = "sound", .endings = {".wav"}};
const esp__file_kind esp__text_files = {.noun = "text", .endings = {".txt"}, .class_is_file = true};

/* ---- kinds ---- */

static const char *ending_of(const char *path, const esp__file_kind *kind) {
  const char *ending = strrchr(path, '.');
  for (const char *const *e = kind->endings; ending && *e; e++)
    if (strcasecmp(ending, *e) == 0) return ending;
  return NULL;
}

bool esp__is_of_kind(const char *path, const esp__file_kind *kind) {
  return ending_of(path, kind) != NULL;
}

bool esp__takes_file(const char *path, const void *kind) {
  return esp__is_of_kind(path, kind);
}

static bool takes_class(const char *path, const void *kind) {
  const esp__file_kind *k = kind;
  return esp__is_folder(path) || (k->class_is_file && esp__is_of_kind(path, k));
}

/* ".jpg, .jpeg or .png" */
const char *esp__file_endings(const esp__file_kind *kind, char text[ESP_ENDINGS]) {
  size_t used = 0;
  for (const char *const *e = kind->endings; *e; e++)
    used += (size_t)snprintf(text + used, ESP_ENDINGS - used, "%s%s",
                             e == kind->endings ? ""
                             : e[1]             ? ", "
                                                : " or ",
                             *e);
  return text;
}

/* ---- lists of files ---- */

void esp__class_files_free(esp__class_files *files) {
  for (size_t i = 0; i < files->count; i++) free(files->item[i].path);
  free(files->item);
  *files = (esp__class_files){0};
}

/* Copies the path. */
static esp_status add(esp__class_files *files, esp__class_file file, esp_error *err) {
  if (files->count == files->room) {
    const size_t room = files->room ? 2 * files->room : 64;
    esp__class_file *item = realloc(files->item, room * sizeof *item);
    if (!item) return esp_fail(err, ESP_ERR_MEMORY, "no memory for file names");
    files->item = item;
    files->room = room;
  }
  if (!(file.path = strdup(file.path)))
    return esp_fail(err, ESP_ERR_MEMORY, "no memory for file names");
  files->item[files->count++] = file;
  return ESP_OK;
}

static esp_status add_folder(esp__class_files *files, const char *folder, int label,
                             const esp__file_kind *kind, esp_error *err) {
  char path[ESP_PATH_BYTES], endings[ESP_ENDINGS];
  esp__file_names found = {0};
  esp_status status = esp__file_names_list(&found, folder, esp__takes_file, kind, err);
  if (status == ESP_OK && found.count == 0)
    status = esp_fail(err, ESP_ERR_INPUT, "%s: no %s in it (%s)", folder, kind->noun,
                      esp__file_endings(kind, endings));
  for (size_t i = 0; i < found.count && status == ESP_OK; i++) {
    status = esp__data_path(path, folder, found.item[i], err);
    if (status == ESP_OK) status = add(files, (esp__class_file){path, label, false}, err);
  }
  esp__file_names_free(&found);
  return status;
}

/* ---- classes ---- */

/* Whether a name in a folder is that of a file which is all of a class. */
static const char *class_ending(const char *folder, const char *name, const esp__file_kind *kind) {
  char path[ESP_PATH_BYTES];
  const bool is_folder = esp__data_path(path, folder, name, NULL) != ESP_OK || esp__is_folder(path);
  return is_folder ? NULL : ending_of(name, kind);
}

/* The class that a name in a folder stands for. */
static esp_status add_class_name(esp__file_names *names, const char *folder, const char *name,
                                 const esp__file_kind *kind, esp_error *err) {
  ESP_TRY(esp__file_names_add(names, name, err));
  const char *ending = class_ending(folder, name, kind);
  if (ending) names->item[names->count - 1][ending - name] = '\0';
  return ESP_OK;
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static esp_status set_names(esp_dataset *set, const char *folder, const esp__file_names *names,
                            esp_error *err) {
  if (names->count < 2 || names->count > CLASSES_MAX)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: %zu folders in it, expected one for each of 2 to %d classes", folder,
                    names->count, CLASSES_MAX);
  for (size_t i = 1; i < names->count; i++)
    if (strcmp(names->item[i - 1], names->item[i]) == 0)
      return esp_fail(err, ESP_ERR_INPUT, "%s: has a folder and a file of the class '%s'", folder,
                      names->item[i]);
  return esp__class_names(set, (const char *const *)names->item, (int)names->count, err);
}

static esp_status name_classes(esp_dataset *set, const char *folder, const esp__file_names *found,
                               const esp__file_kind *kind, esp_error *err) {
  esp__file_names names = {0};
  esp_status status = ESP_OK;
  for (size_t i = 0; i < found->count && status == ESP_OK; i++)
    status = add_class_name(&names, folder, found->item[i], kind, err);
  if (names.count) qsort(names.item, names.count, sizeof *names.item, by_name);
  if (status == ESP_OK) status = set_names(set, folder, &names, err);
  esp__file_names_free(&names);
  return status;
}

int esp__class_find(const esp_dataset *set, const char *name, size_t length) {
  for (int i = 0; i < set->classes; i++)
    if (strncmp(set->class_name[i], name, length) == 0 && !set->class_name[i][length]) return i;
  return -1;
}

/* The files of a class, whose folder or file is called `name`. */
static esp_status add_class(esp_dataset *set, esp__class_files *files, const char *folder,
                            const char *name, const esp__file_kind *kind, esp_error *err) {
  char path[ESP_PATH_BYTES];
  const char *ending = class_ending(folder, name, kind);
  const int label = esp__class_find(set, name, ending ? (size_t)(ending - name) : strlen(name));
  ESP_TRY(esp__data_path(path, folder, name, err));
  if (label < 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: no class of that name among those to train on", path);
  return ending ? add(files, (esp__class_file){path, label, true}, err)
                : add_folder(files, path, label, kind, err);
}

/* The folders of train decide which classes there are. */
static esp_status add_classes(esp_dataset *set, esp__class_files *files, const char *folder,
                              const esp__file_kind *kind, const esp__file_names *found,
                              esp_error *err) {
  if (set->classes == 0) ESP_TRY(name_classes(set, folder, found, kind, err));
  if (found->count == 0) return esp_fail(err, ESP_ERR_INPUT, "%s: no class folder in it", folder);
  for (size_t i = 0; i < found->count; i++)
    ESP_TRY(add_class(set, files, folder, found->item[i], kind, err));
  return ESP_OK;
}

static esp_status add_split(esp_dataset *set, esp__class_files *files, const char *folder,
                            const esp__file_kind *kind, bool flat, esp_error *err) {
  esp__file_names found = {0};
  esp_status status = esp__file_names_list(&found, folder, takes_class, kind, err);
  if (status == ESP_OK && flat && found.count == 0)
    status =
        esp_fail(err, ESP_ERR_INPUT,
                 "%s: no folders in it, expected train and test, or one for each class", folder);
  if (status == ESP_OK) status = add_classes(set, files, folder, kind, &found, err);
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

esp_status esp__class_files_find(esp_dataset *set, const char *root, const esp__file_kind *kind,
                                 bool *split, esp__class_files *train, esp__class_files *test,
                                 esp_error *err) {
  char folder[ESP_PATH_BYTES];
  ESP_TRY(esp__folder_is_split(root, split, err));
  if (!*split) return add_split(set, train, root, kind, true, err);
  ESP_TRY(esp__data_path(folder, root, "train", err));
  ESP_TRY(add_split(set, train, folder, kind, false, err));
  ESP_TRY(esp__data_path(folder, root, "test", err));
  return add_split(set, test, folder, kind, false, err);
}

/* ---- dealing ---- */

size_t esp__share_to_test(size_t count) {
  return (count + 2) / 5 > 0 ? (count + 2) / 5 : 1;
}

/* Files [first, end) are of one class. */
static esp_status deal_class(const esp__class_files *all, size_t first, size_t end,
                             esp__class_files part[2], const esp__file_kind *kind, esp_error *err) {
  const esp_key key = esp_key_of(0, ESP_STREAM_SPLIT);
  const char *path = all->item[first].path;
  char endings[ESP_ENDINGS];
  size_t test = esp__share_to_test(end - first);
  if (end - first < 2)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%.*s: %zu %ss in it (%s), expected at least 2, one to train and one to test on",
        (int)(strrchr(path, '/') - path), path, end - first, kind->noun,
        esp__file_endings(kind, endings));
  for (size_t i = first; i < end; i++) {
    const bool chosen = esp_random_below(key, i - first, (uint32_t)(end - i)) < test;
    test -= chosen;
    ESP_TRY(add(&part[chosen], all->item[i], err));
  }
  return ESP_OK;
}

static esp_status deal(const esp__class_files *all, const esp__file_kind *kind,
                       esp__class_files part[2], esp_error *err) {
  for (size_t first = 0, end; first < all->count; first = end) {
    for (end = first; end < all->count && all->item[end].label == all->item[first].label;) end++;
    ESP_TRY(deal_class(all, first, end, part, kind, err));
  }
  return ESP_OK;
}

esp_status esp__class_files_split(esp_dataset *set, const char *root, const esp__file_kind *kind,
                                  esp__class_files split[2], esp_error *err) {
  bool is_split;
  ESP_TRY(esp__class_files_find(set, root, kind, &is_split, &split[0], &split[1], err));
  if (is_split) return ESP_OK;
  esp__class_files all = split[0];
  split[0] = (esp__class_files){0};
  const esp_status status = deal(&all, kind, split, err);
  esp__class_files_free(&all);
  return status;
}
