/* What a data set is, by its content: digests, so that a difference can be named. */
#include "data/mapping.h"
#include "data/set.h"

#include <espalier/file.h>

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 20 };

static void add_numbers(esp_sha256 *sum, const uint64_t *number, int count) {
  for (int i = 0; i < count; i++) {
    uint8_t bytes[8];
    for (int b = 0; b < 8; b++) bytes[b] = (uint8_t)(number[i] >> (8 * b));
    esp_sha256_add(sum, bytes, sizeof bytes);
  }
}

/* The digest of the digests of blocks, which threads make side by side. */
static bool add_values(esp_sha256 *sum, const esp_images *images, size_t bytes) {
  const size_t blocks = (bytes + BLOCK - 1) / BLOCK;
  char(*digest)[65] = calloc(blocks + 1, sizeof *digest);
  if (!digest) return false;
#pragma omp parallel for schedule(dynamic)
  for (size_t i = 0; i < blocks; i++) {
    esp_sha256 block;
    const size_t left = bytes - i * BLOCK;
    esp_sha256_start(&block);
    esp_sha256_add(&block, (const char *)images->values + i * BLOCK, left < BLOCK ? left : BLOCK);
    esp_sha256_end(&block, digest[i]);
    esp__values_touched(images, BLOCK);
  }
  esp_sha256_add(sum, digest, blocks * sizeof *digest);
  free(digest);
  return true;
}

static void add_targets(const esp_images *images, esp_sha256 *labels) {
  const size_t all = (size_t)images->count * (size_t)images->targets;
  add_numbers(labels, &(uint64_t){(uint64_t)images->targets}, 1);
  for (size_t i = 0; i < all; i++) {
    uint32_t bits;
    memcpy(&bits, &images->target[i], sizeof bits);
    add_numbers(labels, &(uint64_t){bits}, 1);
  }
}

static void add_labels(const esp_images *images, esp_sha256 *labels) {
  if (images->targets > 0) {
    add_targets(images, labels);
    return;
  }
  add_numbers(labels, &(uint64_t){images->count}, 1);
  for (uint32_t i = 0; i < images->count; i++)
    add_numbers(labels, &(uint64_t){(uint64_t)images->labels[i]}, 1);
}

static bool add_images(const esp_dataset *set, const esp_images *images, esp_sha256 *values,
                       esp_sha256 *labels) {
  const esp_shape shape = set->shape;
  const uint64_t size[] = {images->count, (uint64_t)shape.channels, (uint64_t)shape.height,
                           (uint64_t)shape.width};
  add_numbers(values, size, 4);
  if (shape.vocabulary) add_numbers(values, &(uint64_t){(uint64_t)shape.vocabulary}, 1);
  add_labels(images, labels);
  return add_values(values, images, images->count * esp__image_bytes(set));
}

esp_status esp_dataset_digest(const esp_dataset *set, esp_dataset_digests *d, esp_error *err) {
  esp_sha256 images, labels, classes, test;
  esp_sha256_start(&images);
  esp_sha256_start(&labels);
  esp_sha256_start(&classes);
  esp_sha256_start(&test);
  for (int i = 0; set->column_name && i < set->shape.channels; i++)
    esp_sha256_add(&images, set->column_name[i], strlen(set->column_name[i]) + 1);
  for (int i = 0; i < set->classes; i++)
    esp_sha256_add(&classes, set->class_name[i], strlen(set->class_name[i]) + 1);
  if (!add_images(set, &set->train, &images, &labels) ||
      !add_images(set, &set->validation, &images, &labels) ||
      !add_images(set, &set->test, &images, &labels))
    return esp_fail(err, ESP_ERR_MEMORY, "no memory for the digests of the data");
  add_labels(&set->test, &test);
  esp_sha256_end(&test, d->test_labels);
  esp_sha256_end(&images, d->images);
  esp_sha256_end(&labels, d->labels);
  esp_sha256_end(&classes, d->classes);
  return ESP_OK;
}
