#include "data/set.h"

#include <stdlib.h>
#include <string.h>

static void copy_image(esp_images *to, uint32_t t, const esp_images *from, uint32_t f,
                       size_t bytes) {
  if (to == from && t == f) return;
  memcpy((char *)to->values + t * bytes, (const char *)from->values + f * bytes, bytes);
  to->labels[t] = from->labels[f];
}

/* Gives memory back. A realloc that cannot shrink is no loss. */
static void shrink(esp_images *images, uint32_t count, size_t bytes) {
  void *values = realloc(images->values, count * bytes + 1);
  if (values) images->values = values;
  images->count = count;
}

/* quota[c]: how many of the have[c] images of class c stay, `wanted` of `all`: in proportion,
 * rounded down, and one more where most was cut off (Hamilton's method), of equals the first.
 * rest[c] is overwritten. */
static void share_out(const uint32_t *have, int classes, uint32_t all, uint32_t wanted,
                      uint32_t *quota, uint32_t *rest) {
  uint32_t left = wanted;
  for (int c = 0; c < classes; c++) {
    const uint64_t share = (uint64_t)wanted * have[c];
    quota[c] = (uint32_t)(share / all);
    rest[c] = (uint32_t)(share % all);
    left -= quota[c];
  }
  for (; left > 0; left--) {
    int most = 0;
    for (int c = 1; c < classes; c++)
      if (rest[c] > rest[most]) most = c;
    quota[most]++;
    rest[most] = 0;
  }
}

/* Keeps the images that `order` names first of each class, quota[c] of them; they stay in the order
 * they had. */
static void keep_quota(esp_images *images, size_t bytes, const uint32_t *order, uint32_t *quota,
                       bool *chosen) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < images->count; i++) {
    uint32_t *left = &quota[images->labels[order[i]]];
    chosen[order[i]] = *left > 0;
    *left -= *left > 0;
  }
  for (uint32_t i = 0; i < images->count; i++)
    if (chosen[i]) copy_image(images, kept++, images, i, bytes);
  shrink(images, kept, bytes);
}

esp_status esp__images_draw(esp_images *images, size_t image, int classes, uint32_t wanted,
                            esp_key key, esp_error *err) {
  if (wanted >= images->count) return ESP_OK;
  uint32_t *have = calloc(3 * (size_t)classes, sizeof *have);
  uint32_t *order = malloc(images->count * sizeof *order);
  bool *chosen = calloc(images->count, sizeof *chosen);
  const bool memory = have && order && chosen;
  if (memory) {
    for (uint32_t i = 0; i < images->count; i++) have[images->labels[i]]++;
    uint32_t *quota = have + classes;
    share_out(have, classes, images->count, wanted, quota, quota + classes);
    esp_random_permutation(esp_key_of(key, ESP_STREAM_SUBSET), order, images->count);
    keep_quota(images, image, order, quota, chosen);
  }
  free(have);
  free(order);
  free(chosen);
  return memory ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "no memory to draw %u images", wanted);
}

/* Marks the images that go: the first `count` of a random permutation. */
static bool *choose(uint32_t all, uint32_t count, esp_key seed) {
  uint32_t *order = malloc(all * sizeof *order);
  bool *chosen = calloc(all, sizeof *chosen);
  if (order && chosen) {
    esp_random_permutation(esp_key_of(seed, ESP_STREAM_SPLIT), order, all);
    for (uint32_t i = 0; i < count; i++) chosen[order[i]] = true;
  } else {
    free(chosen);
    chosen = NULL;
  }
  free(order);
  return chosen;
}

esp_status esp__images_split(esp_images *train, esp_images *validation, size_t image,
                             uint32_t count, esp_key seed, esp_error *err) {
  if (count == 0) return ESP_OK;
  ESP_TRY(esp__images_grow(validation, image, count, "validation split", err));
  bool *chosen = choose(train->count, count, seed);
  if (!chosen) return esp_fail(err, ESP_ERR_MEMORY, "no memory for the validation split");
  uint32_t kept = 0, moved = 0;
  for (uint32_t i = 0; i < train->count; i++) {
    if (chosen[i])
      copy_image(validation, moved++, train, i, image);
    else
      copy_image(train, kept++, train, i, image);
  }
  free(chosen);
  shrink(train, kept, image);
  return ESP_OK;
}
