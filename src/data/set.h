/* What the readers of the data sets share: room for images, class names, paths, and the kinds
 * themselves. */
#ifndef ESP_DATA_SET_H
#define ESP_DATA_SET_H

#include <espalier/data.h>

#include <stddef.h>

extern const esp_dataset_kind esp__dataset_cifar10, esp__dataset_cifar100, esp__dataset_idx,
    esp__dataset_folder, esp__dataset_text, esp__dataset_audio, esp__dataset_csv,
    esp__dataset_shapes;

/* Whether that is the name of one of these. */
bool esp__dataset_is_built_in(const char *name);

enum {
  ESP_PATH_BYTES = 4096,
  ESP_SIDE_MAX = 4096
}; /* longest path; largest height and width of an image */

static inline size_t esp__plane_values(esp_shape s) {
  return (size_t)s.height * (size_t)s.width;
}
/* Of pixels, a value is a byte. */
static inline size_t esp__image_values(esp_shape s) {
  return (size_t)s.channels * esp__plane_values(s);
}
static inline size_t esp__image_bytes(const esp_dataset *set) {
  return esp__image_values(set->shape) * esp_element_bytes(set->element);
}

/* Appends room for `more` images of `image` bytes, which the caller fills: *count grows with it.
 * `name` starts the message. */
esp_status esp__images_grow(esp_images *images, size_t image, uint64_t more, const char *name,
                            esp_error *err);
void esp__images_free(esp_images *images);

/* Keeps `wanted` images of so many bytes, drawn by the key: of each class its share, to an image.
 * They stay in the order they had. Labels are below `classes`. */
esp_status esp__images_draw(esp_images *images, size_t image, int classes, uint32_t wanted,
                            esp_key key, esp_error *err);
/* Moves `count` < train->count images, chosen at random, to *validation. Both keep the order they
 * had. */
esp_status esp__images_split(esp_images *train, esp_images *validation, size_t image,
                             uint32_t count, esp_key seed, esp_error *err);
/* Moves a fifth of each class, or of all where there are targets, at least one image, from train to
 * test, the same for every seed. Fails where a class has one only; `noun` says what, "texts". */
esp_status esp__images_deal(esp_dataset *set, const char *noun, esp_error *err);
/* Appends a text, which is borrowed, to images that are texts. */
esp_status esp__texts_add(esp_images *images, const char *text, int label, const char *name,
                          esp_error *err);

/* How many labels there are: the classes, or one where there are targets. */
static inline int esp__labels(const esp_dataset *set) {
  return set->train.targets > 0 ? 1 : set->classes;
}

/* Sets classes and class_name, copying `name`; NULL = the numbers from 0. */
esp_status esp__class_names(esp_dataset *set, const char *const *name, int classes, esp_error *err);

/* Joins folder and name. */
esp_status esp__data_path(char path[ESP_PATH_BYTES], const char *folder, const char *name,
                          esp_error *err);
/* Fails with advice unless data.path is a folder. */
esp_status esp__data_folder(const esp_data_options *opt, esp_error *err);

#endif
