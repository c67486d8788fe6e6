#include "data/set.h"

#include <stdlib.h>
#include <string.h>

static void copy_image(esp_images *to, uint32_t t, const esp_images *from, uint32_t f,
                       size_t bytes) {
  if (to == from && t == f) return;
  memcpy(to->pixels + t * bytes, from->pixels + f * bytes, bytes);
  to->labels[t] = from->labels[f];
}

/* Gives memory back. A realloc that cannot shrink is no loss. */
static void shrink(esp_images *images, uint32_t count, size_t bytes) {
  uint8_t *pixels = realloc(images->pixels, count * bytes + 1);
  if (pixels) images->pixels = pixels;
  images->count = count;
}

void esp__images_thin(esp_images *images, esp_shape shape, uint32_t wanted) {
  if (wanted >= images->count) return;
  size_t bytes = esp__image_bytes(shape);
  for (uint32_t i = 0; i < wanted; i++)
    copy_image(images, i, images, (uint32_t)((uint64_t)i * images->count / wanted), bytes);
  shrink(images, wanted, bytes);
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

esp_status esp__images_split(esp_images *train, esp_images *validation, esp_shape shape,
                             uint32_t count, esp_key seed, esp_error *err) {
  if (count == 0) return ESP_OK;
  ESP_TRY(esp__images_grow(validation, shape, count, "validation split", err));
  bool *chosen = choose(train->count, count, seed);
  if (!chosen) return esp_fail(err, ESP_ERR_MEMORY, "no memory for the validation split");
  size_t bytes = esp__image_bytes(shape);
  uint32_t kept = 0, moved = 0;
  for (uint32_t i = 0; i < train->count; i++) {
    if (chosen[i])
      copy_image(validation, moved++, train, i, bytes);
    else
      copy_image(train, kept++, train, i, bytes);
  }
  free(chosen);
  shrink(train, kept, bytes);
  return ESP_OK;
}
