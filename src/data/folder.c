/* A folder of pictures: train/CLASS/picture.jpg, test/CLASS/picture.png; or CLASS/picture.jpg
 * alone, then some of them are to test on. */
#include "data/class_files.h"
#include "data/set.h"
#include "data/unreadable.h"

static esp_status read_picture(const esp_dataset *set, esp_images *images, uint32_t i,
                               const char *path, esp__unreadable *bad, esp_error *err) {
  esp_error why;
  uint8_t *pixels = images->pixels + i * esp__image_values(set->shape);
  const esp_status status = esp_picture_load(path, set->shape, pixels, &why);
  return esp__unreadable_note(bad, status, &why, err);
}

static esp_status read_pictures(const esp_dataset *set, esp_images *images, const char *root,
                                const esp__class_files *files, esp__unreadable *bad,
                                esp_error *err) {
  ESP_TRY(esp__images_grow(images, esp__image_values(set->shape), files->count, root, err));
  for (uint32_t i = 0; i < files->count; i++) {
    ESP_TRY(read_picture(set, images, i, files->item[i].path, bad, err));
    images->labels[i] = files->item[i].label;
  }
  return ESP_OK;
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
