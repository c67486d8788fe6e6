/* A folder of pictures: train/CLASS/picture.jpg, test/CLASS/picture.png; or CLASS/picture.jpg
 * alone, then some of them are to test on. */
#include "data/class_files.h"
#include "data/mapping.h"
#include "data/set.h"
#include "data/unreadable.h"

#include <stdlib.h>

enum { TOGETHER = 64 }; /* files that are read side by side */

/* What came of reading a picture. */
typedef struct outcome {
  esp_status status;
  esp_error why;
} outcome;

static void read_some(esp_shape shape, const esp__class_file *file, size_t files, uint8_t *pixels,
                      outcome *out) {
#pragma omp parallel for schedule(dynamic)
  for (size_t i = 0; i < files; i++)
    out[i].status =
        esp_picture_load(file[i].path, shape, pixels + i * esp__image_values(shape), &out[i].why);
}

static esp_status read_pictures(const esp_dataset *set, esp_images *images, const char *root,
                                const esp__class_files *files, esp__unreadable *bad,
                                esp_error *err) {
  const size_t image = esp__image_values(set->shape);
  ESP_TRY(esp__images_grow(images, image, files->count, root, err));
  outcome *out = malloc(TOGETHER * sizeof *out);
  esp_status status = out ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "no memory to read pictures");
  for (size_t first = 0; first < files->count && status == ESP_OK; first += TOGETHER) {
    const size_t left = files->count - first, some = left < TOGETHER ? left : TOGETHER;
    read_some(set->shape, files->item + first, some, images->pixels + first * image, out);
    esp__values_touched(images, some * image);
    for (size_t i = 0; i < some && status == ESP_OK; i++) {
      status = esp__unreadable_note(bad, out[i].status, &out[i].why, err);
      images->labels[first + i] = files->item[first + i].label;
    }
  }
  free(out);
  return status;
}

/* Of three splits each may have a third resident. */
static esp_status map_all(esp_dataset *set, int64_t mib, esp_error *err) {
  const size_t each = ((size_t)mib << 20) / 3;
  if (mib == 0) return ESP_OK;
  ESP_TRY(esp__images_map(&set->train, each, err));
  ESP_TRY(esp__images_map(&set->validation, each, err));
  return esp__images_map(&set->test, each, err);
}

static esp_status read_all(esp_dataset *set, const char *root, const esp__class_files split[2],
                           esp_error *err) {
  esp__unreadable bad = {0};
  ESP_TRY(read_pictures(set, &set->train, root, &split[0], &bad, err));
  ESP_TRY(read_pictures(set, &set->test, root, &split[1], &bad, err));
  return esp__unreadable_end(&bad, "pictures", split[0].count + split[1].count, err);
}

static esp_status load(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                       esp_key seed, esp_error *err) {
  esp__class_files split[2] = {{0}, {0}};
  (void)seed;
  ESP_TRY(esp__data_folder(opt, err));
  set->shape = wanted.channels ? wanted : (esp_shape){3, 32, 32, 0};
  ESP_TRY(map_all(set, opt->resident_mib, err));
  esp_status status = esp__class_files_split(set, opt->path, &esp__picture_files, split, err);
  if (status == ESP_OK) status = read_all(set, opt->path, split, err);
  esp__class_files_free(&split[0]);
  esp__class_files_free(&split[1]);
  return status;
}

const esp_dataset_kind esp__dataset_folder = {
    .name = "folder",
    .help =
        "JPEG and PNG files in train/CLASS/ and test/CLASS/, or in CLASS/ alone, of which a "
        "fifth is to test on; resized to the model's input",
    .load = load,
};
