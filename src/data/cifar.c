/* CIFAR-10 and CIFAR-100 (Krizhevsky 2009), the official "binary version": records of one label
 * byte (two for CIFAR-100, coarse before fine) and 3 x 32 x 32 pixels. */
#include "base/utf8.h"
#include "data/set.h"

#include <espalier/file.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIXELS = 3 * 32 * 32, LABELS_MAX = 2, FILES_MAX = 5, CLASSES_MAX = 100 };
static const size_t file_limit = (size_t)1 << 30, names_limit = 65536;

typedef struct cifar_layout {
  const char *train[FILES_MAX + 1], *test; /* files; NULL after the last */
  size_t label_bytes;
  int label_limit[LABELS_MAX]; /* each label byte is below its limit; the last one is the class */
  int classes;
  const char *names;           /* file of class names, a line each */
  const char *const *built_in; /* names when there is no such file; NULL = numbers */
} cifar_layout;

static const char *const cifar10_names[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                            "dog",      "frog",       "horse", "ship", "truck"};

static const cifar_layout cifar10 = {
    .train = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
              "data_batch_5.bin"},
    .test = "test_batch.bin",
    .label_bytes = 1,
    .label_limit = {10},
    .classes = 10,
    .names = "batches.meta.txt",
    .built_in = cifar10_names,
};

static const cifar_layout cifar100 = {
    .train = {"train.bin"},
    .test = "test.bin",
    .label_bytes = 2,
    .label_limit = {20, 100},
    .classes = 100,
    .names = "fine_label_names.txt",
};

static esp_status append(esp_images *images, const cifar_layout *layout, const char *path,
                         const uint8_t *data, size_t bytes, esp_error *err) {
  size_t record = layout->label_bytes + PIXELS;
  if (bytes == 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: empty, expected records of %zu bytes", path, record);
  if (bytes % record)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: at byte %zu: record cut short, expected whole records of %zu bytes", path,
                    bytes - bytes % record, record);
  uint32_t first = images->count, more = (uint32_t)(bytes / record);
  ESP_TRY(esp__images_grow(images, PIXELS, more, path, err));
  for (uint32_t i = 0; i < more; i++) {
    const uint8_t *at = data + i * record;
    for (size_t b = 0; b < layout->label_bytes; b++)
      if (at[b] >= layout->label_limit[b])
        return esp_fail(err, ESP_ERR_INPUT, "%s: at byte %zu: label %d, expected 0 to %d", path,
                        i * record + b, at[b], layout->label_limit[b] - 1);
    images->labels[first + i] = at[layout->label_bytes - 1];
    memcpy(images->pixels + (size_t)(first + i) * PIXELS, at + layout->label_bytes, PIXELS);
  }
  return ESP_OK;
}

static esp_status read_file(esp_images *images, const cifar_layout *layout, const char *folder,
                            const char *name, esp_error *err) {
  char path[ESP_PATH_BYTES], *data = NULL;
  size_t bytes = 0;
  ESP_TRY(esp__data_path(path, folder, name, err));
  ESP_TRY(esp_file_read(path, file_limit, &data, &bytes, err));
  esp_status status = append(images, layout, path, (const uint8_t *)data, bytes, err);
  free(data);
  return status;
}

/* Splits `text`, in place, into one name a line; blank lines do not count. */
static esp_status parse_names(char *text, size_t bytes, const cifar_layout *layout,
                              const char *path, esp_dataset *set, esp_error *err) {
  const char *name[CLASSES_MAX];
  int count = 0;
  if (!esp__utf8_plain(text, bytes))
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: not plain UTF-8 text, expected class names, one a line", path);
  char *rest = NULL;
  for (char *line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
    if (count < layout->classes) name[count] = line;
    count++;
  }
  if (count != layout->classes)
    return esp_fail(err, ESP_ERR_INPUT, "%s: %d class names, expected %d, one a line", path, count,
                    layout->classes);
  return esp__class_names(set, name, count, err);
}

static esp_status read_names(esp_dataset *set, const cifar_layout *layout, const char *folder,
                             esp_error *err) {
  char path[ESP_PATH_BYTES], *text = NULL;
  size_t bytes = 0;
  ESP_TRY(esp__data_path(path, folder, layout->names, err));
  if (access(path, F_OK) != 0) return esp__class_names(set, layout->built_in, layout->classes, err);
  ESP_TRY(esp_file_read(path, names_limit, &text, &bytes, err));
  esp_status status = parse_names(text, bytes, layout, path, set, err);
  free(text);
  return status;
}

static esp_status load(esp_dataset *set, const cifar_layout *layout, const esp_data_options *opt,
                       esp_error *err) {
  ESP_TRY(esp__data_folder(opt, err));
  set->shape = (esp_shape){3, 32, 32};
  ESP_TRY(read_names(set, layout, opt->path, err));
  for (const char *const *file = layout->train; *file; file++)
    ESP_TRY(read_file(&set->train, layout, opt->path, *file, err));
  return read_file(&set->test, layout, opt->path, layout->test, err);
}

static esp_status load_cifar10(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                               esp_key seed, esp_error *err) {
  (void)wanted, (void)seed;
  return load(set, &cifar10, opt, err);
}

static esp_status load_cifar100(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                                esp_key seed, esp_error *err) {
  (void)wanted, (void)seed;
  return load(set, &cifar100, opt, err);
}

const esp_dataset_kind esp__dataset_cifar10 = {
    .name = "cifar10",
    .help = "CIFAR-10, binary version: data_batch_1.bin to data_batch_5.bin and test_batch.bin",
    .load = load_cifar10,
};

const esp_dataset_kind esp__dataset_cifar100 = {
    .name = "cifar100",
    .help = "CIFAR-100, binary version: train.bin and test.bin, the 100 fine labels",
    .load = load_cifar100,
};
