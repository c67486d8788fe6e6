#include "data/set.h"

#include "data/mapping.h"

#include "base/memory.h"
#include "base/path.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static esp_status grow_targets(esp_images *images, size_t total, const char *name, esp_error *err) {
  if (images->targets == 0) return ESP_OK;
  float *target = realloc(images->target, total * (size_t)images->targets * sizeof *target + 1);
  if (!target) return esp_fail(err, ESP_ERR_MEMORY, "%s: no memory for %zu targets", name, total);
  images->target = target;
  return ESP_OK;
}

esp_status esp__images_grow(esp_images *images, size_t image, uint64_t more, const char *name,
                            esp_error *err) {
  if (more > UINT32_MAX - images->count)
    return esp_fail(err, ESP_ERR_INPUT, "%s: more than %u images", name, (unsigned)UINT32_MAX);
  size_t total = images->count + (size_t)more;
  if (image == 0 || total > SIZE_MAX / 2 / image)
    return esp_fail(err, ESP_ERR_MEMORY, "%s: %zu images do not fit into memory", name, total);
  if (!images->mapping && more * image > esp__memory_available())
    return esp_fail(err, ESP_ERR_MEMORY, "%s: %zu images do not fit into memory", name, total);
  ESP_TRY(esp__values_resize(images, total * image, name, err));
  int32_t *labels = realloc(images->labels, total * sizeof *labels + 1);
  if (!labels) return esp_fail(err, ESP_ERR_MEMORY, "%s: no memory for %zu images", name, total);
  images->labels = labels;
  ESP_TRY(grow_targets(images, total, name, err));
  images->count = (uint32_t)total;
  return ESP_OK;
}

/* Room doubles, so that texts can be added one by one. */
esp_status esp__texts_add(esp_images *images, const char *text, int label, const char *name,
                          esp_error *err) {
  const uint32_t count = images->count;
  if ((count & (count - 1)) == 0) {
    ESP_TRY(esp__images_grow(images, sizeof text, count ? count : 1, name, err));
    images->count = count;
  }
  images->texts[count] = text;
  images->labels[count] = label;
  images->count++;
  return ESP_OK;
}

void esp__images_free(esp_images *images) {
  esp__values_free(images);
  free(images->labels);
  free(images->target);
  *images = (esp_images){0};
}

/* Class names go into reports: one line of text each. */
static esp_status add_name(esp_dataset *set, const char *name, esp_error *err) {
  if (!esp__utf8_plain(name, strlen(name)) || strpbrk(name, "\t\r\n"))
    return esp_fail(err, ESP_ERR_INPUT, "class name '%s': not plain UTF-8 text", name);
  char *copy = strdup(name);
  if (!copy) return esp_fail(err, ESP_ERR_MEMORY, "no memory for class names");
  set->class_name[set->classes++] = copy;
  return ESP_OK;
}

esp_status esp__class_names(esp_dataset *set, const char *const *name, int classes,
                            esp_error *err) {
  set->class_name = calloc((size_t)classes, sizeof *set->class_name);
  if (!set->class_name) return esp_fail(err, ESP_ERR_MEMORY, "no memory for class names");
  for (int i = 0; i < classes; i++) {
    char number[16];
    snprintf(number, sizeof number, "%d", i);
    ESP_TRY(add_name(set, name ? name[i] : number, err));
  }
  return ESP_OK;
}

esp_status esp__data_path(char path[ESP_PATH_BYTES], const char *folder, const char *name,
                          esp_error *err) {
  int length = snprintf(path, ESP_PATH_BYTES, "%s/%s", folder, name);
  if (length < 0 || length >= ESP_PATH_BYTES)
    return esp_fail(err, ESP_ERR_INPUT, "%.200s...: path longer than %d bytes", folder,
                    ESP_PATH_BYTES - 1);
  return ESP_OK;
}

esp_status esp__data_folder(const esp_data_options *opt, esp_error *err) {
  struct stat info;
  char from[ESP_PATH_MAX];
  if (!opt->path || !opt->path[0])
    return esp_fail(err, ESP_ERR_INPUT,
                    "data.path: data set '%s' needs the folder that holds its files; expected "
                    "path = FOLDER in [data], or the argument data.path=FOLDER",
                    opt->dataset);
  if (stat(opt->path, &info) != 0 || !S_ISDIR(info.st_mode))
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%s: no such folder%s (data.path of data set '%s'); datasets/README.md says how to get it",
        opt->path, esp__path_from(opt->path, from), opt->dataset);
  return ESP_OK;
}
