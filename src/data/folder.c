/* A folder of pictures: train/CLASS/picture.jpg, test/CLASS/picture.png. */
#include "data/set.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CLASSES_MAX = 65536 };

typedef struct name_list {
  char **item;
  size_t count, capacity;
} name_list;

static void list_free(name_list *list) {
  for (size_t i = 0; i < list->count; i++) free(list->item[i]);
  free(list->item);
  *list = (name_list){0};
}

static esp_status list_add(name_list *list, const char *name, esp_error *err) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? 2 * list->capacity : 64;
    char **item = realloc(list->item, capacity * sizeof *item);
    if (!item) return esp_fail(err, ESP_ERR_MEMORY, "no memory for file names");
    list->item = item;
    list->capacity = capacity;
  }
  char *copy = strdup(name);
  if (!copy) return esp_fail(err, ESP_ERR_MEMORY, "no memory for file names");
  list->item[list->count++] = copy;
  return ESP_OK;
}

static bool is_folder(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_picture(const char *path) {
  static const char *const endings[] = {".jpg", ".jpeg", ".png"};
  const char *ending = strrchr(path, '.');
  for (size_t i = 0; ending && i < sizeof endings / sizeof *endings; i++)
    if (strcasecmp(ending, endings[i]) == 0) return true;
  return false;
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static esp_status scan(name_list *list, DIR *dir, const char *folder,
                       bool (*takes)(const char *path), esp_error *err) {
  char path[ESP_PATH_BYTES];
  errno = 0;
  for (struct dirent *entry; (entry = readdir(dir)) != NULL; errno = 0) {
    if (entry->d_name[0] == '.') continue;
    ESP_TRY(esp__data_path(path, folder, entry->d_name, err));
    if (takes(path)) ESP_TRY(list_add(list, entry->d_name, err));
  }
  if (errno) return esp_fail(err, ESP_ERR_IO, "%s: cannot list: %s", folder, strerror(errno));
  return ESP_OK;
}

/* The names in a folder that `takes` accepts, sorted by their bytes: the order a file system gives
 * means nothing. */
static esp_status list_folder(name_list *list, const char *folder, bool (*takes)(const char *path),
                              esp_error *err) {
  DIR *dir = opendir(folder);
  if (!dir) return esp_fail(err, ESP_ERR_IO, "%s: cannot list: %s", folder, strerror(errno));
  esp_status status = scan(list, dir, folder, takes, err);
  closedir(dir);
  if (list->count) qsort(list->item, list->count, sizeof *list->item, by_name);
  return status;
}

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
                                const name_list *files, int label, esp_error *err) {
  char path[ESP_PATH_BYTES];
  const esp_shape shape = r->set->shape;
  const uint32_t first = images->count;
  ESP_TRY(esp__images_grow(images, shape, files->count, folder, err));
  for (uint32_t i = 0; i < files->count; i++) {
    esp_error why;
    ESP_TRY(esp__data_path(path, folder, files->item[i], err));
    const esp_status status =
        esp_picture_load(path, shape, images->pixels + (first + i) * esp__image_bytes(shape), &why);
    if (status == ESP_ERR_MEMORY) return esp_fail(err, status, "%s", why.text);
    if (status != ESP_OK) note_bad(r, why.text);
    images->labels[first + i] = label;
  }
  return ESP_OK;
}

static esp_status read_class(reader *r, esp_images *images, const char *folder, int label,
                             esp_error *err) {
  name_list files = {0};
  esp_status status = list_folder(&files, folder, is_picture, err);
  if (status == ESP_OK && files.count == 0)
    status = esp_fail(err, ESP_ERR_INPUT, "%s: no picture in it (.jpg, .jpeg or .png)", folder);
  if (status == ESP_OK) status = read_pictures(r, images, folder, &files, label, err);
  list_free(&files);
  return status;
}

static int find_class(const esp_dataset *set, const char *name) {
  for (int i = 0; i < set->classes; i++)
    if (strcmp(set->class_name[i], name) == 0) return i;
  return -1;
}

/* The folders of train decide which classes there are. */
static esp_status name_classes(esp_dataset *set, const char *folder, const name_list *found,
                               esp_error *err) {
  if (found->count < 2 || found->count > CLASSES_MAX)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: %zu folders in it, expected one for each of 2 to %d classes", folder,
                    found->count, CLASSES_MAX);
  return esp__class_names(set, (const char *const *)found->item, (int)found->count, err);
}

static esp_status read_classes(reader *r, esp_images *images, const char *folder,
                               const name_list *found, esp_error *err) {
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
  name_list found = {0};
  esp_status status = list_folder(&found, folder, is_folder, err);
  if (status == ESP_OK) status = read_classes(r, images, folder, &found, err);
  list_free(&found);
  return status;
}

static esp_status load(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                       esp_key seed, esp_error *err) {
  (void)seed;
  ESP_TRY(esp__data_folder(opt, err));
  set->shape = wanted.channels ? wanted : (esp_shape){3, 32, 32};
  reader r = {.set = set};
  ESP_TRY(read_split(&r, &set->train, opt->path, "train", err));
  ESP_TRY(read_split(&r, &set->test, opt->path, "test", err));
  if (r.bad == 0) return ESP_OK;
  if (r.bad == 1) return esp_fail(err, ESP_ERR_INPUT, "%s", r.what.text);
  return esp_fail(err, ESP_ERR_INPUT, "%d of %u pictures cannot be read: %s%s", r.bad,
                  (unsigned)(set->train.count + set->test.count), r.what.text,
                  r.named < r.bad ? "; and others" : "");
}

const esp_dataset_kind esp__dataset_folder = {
    .name = "folder",
    .help = "JPEG and PNG files in train/CLASS/ and test/CLASS/, resized to the model's input",
    .load = load,
};
