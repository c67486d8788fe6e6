#include "data/class_files.h"
#include "data/mapping.h"
#include "data/set.h"

#include <stdlib.h>
#include <string.h>

static void copy_image(esp_images *to, uint32_t t, const esp_images *from, uint32_t f,
                       size_t bytes) {
  if (to == from && t == f) return;
  memcpy((char *)to->values + t * bytes, (const char *)from->values + f * bytes, bytes);
  to->labels[t] = from->labels[f];
  const size_t targets = (size_t)from->targets;
  if (targets > 0)
    memcpy(to->target + t * targets, from->target + f * targets, targets * sizeof *to->target);
  esp__values_touched(to, bytes);
  esp__values_touched(from, bytes);
}

/* Gives memory back. A realloc that cannot shrink is no loss. */
static void shrink(esp_images *images, uint32_t count, size_t bytes) {
  esp_error unheard;
  (void)esp__values_resize(images, count * bytes, "", &unheard);
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

/* Moves what is marked, `count` images. Both keep the order they had. */
static esp_status move(esp_images *from, esp_images *to, const bool *chosen, uint32_t count,
                       size_t image, const char *name, esp_error *err) {
  to->targets = from->targets;
  ESP_TRY(esp__images_grow(to, image, count, name, err));
  uint32_t kept = 0, moved = 0;
  for (uint32_t i = 0; i < from->count; i++)
    if (chosen[i])
      copy_image(to, moved++, from, i, image);
    else
      copy_image(from, kept++, from, i, image);
  shrink(from, kept, image);
  return ESP_OK;
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
  bool *chosen = choose(train->count, count, seed);
  if (!chosen) return esp_fail(err, ESP_ERR_MEMORY, "no memory for the validation split");
  const esp_status status = move(train, validation, chosen, count, image, "validation split", err);
  free(chosen);
  return status;
}

/* ---- a fifth to test on ---- */

/* Marks a fifth of each class; left[c] images of class c are still to come, and test[c] of them to
 * be chosen. */
static void choose_fifths(const esp_images *images, uint32_t *left, uint32_t *test, bool *chosen) {
  const esp_key key = esp_key_of(0, ESP_STREAM_SPLIT);
  for (uint32_t i = 0; i < images->count; i++) {
    const int32_t c = images->labels[i];
    chosen[i] = esp_random_below(key, i, left[c]--) < test[c];
    test[c] -= chosen[i];
  }
}

/* Fails where a class has one image only. */
static esp_status count_fifths(const esp_dataset *set, const char *noun, uint32_t *have,
                               uint32_t *test, uint32_t *moved, esp_error *err) {
  for (uint32_t i = 0; i < set->train.count; i++) have[set->train.labels[i]]++;
  for (int c = 0; c < esp__labels(set); c++) {
    if (have[c] < 2 && set->train.targets > 0)
      return esp_fail(err, ESP_ERR_INPUT,
                      "one of the %s; expected at least 2, one to train and one to test on", noun);
    if (have[c] < 2)
      return esp_fail(err, ESP_ERR_INPUT,
                      "class '%.200s' has %u %s, expected at least 2, one to train and one to "
                      "test on",
                      set->class_name[c], (unsigned)have[c], noun);
    *moved += test[c] = (uint32_t)esp__share_to_test(have[c]);
  }
  return ESP_OK;
}

esp_status esp__images_deal(esp_dataset *set, const char *noun, esp_error *err) {
  uint32_t *have = calloc(2 * (size_t)set->classes, sizeof *have), moved = 0;
  bool *chosen = calloc((size_t)set->train.count + 1, sizeof *chosen);
  esp_status status = have && chosen
                          ? count_fifths(set, noun, have, have + set->classes, &moved, err)
                          : esp_fail(err, ESP_ERR_MEMORY, "no memory for the test split");
  if (status == ESP_OK) {
    choose_fifths(&set->train, have, have + set->classes, chosen);
    status = move(&set->train, &set->test, chosen, moved, esp__image_bytes(set), "test split", err);
  }
  free(have);
  free(chosen);
  return status;
}
