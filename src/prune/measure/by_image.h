/* Gradients of single images, where a criterion asks for them. Internal to src/prune. */
#ifndef ESP_PRUNE_MEASURE_BY_IMAGE_H
#define ESP_PRUNE_MEASURE_BY_IMAGE_H

#include "prune/pruner.h"

/* The key `per`, of criteria that score gradients (ESP_NEEDS_GRADIENTS): fisher and taylor. */
typedef struct esp__per_options {
  char *per; /* batch | image */
} esp__per_options;
extern const esp_method_keys esp__per_keys;

/* Whether the criterion has the key, and it says image. */
bool esp__by_image(const esp_prune_options *opt, const esp_criterion *c);

/* The images of a probe, one by one, each as a batch of its own. */
typedef struct esp__single_images {
  const esp_probe *from;
  const esp_batch *batch; /* whose images are at work; NULL: none */
  int at;                 /* which of them */
  float *pixels;          /* a block: the image in lane 0, zeros */
  size_t floats;          /* of an image */
  int32_t label;
  float target[ESP_TARGETS_MAX * ESP_LANES]; /* a block, as the image's */
  esp_batch one;
} esp__single_images;

/* A probe that gives each image of `from` alone. Its gradients are those of the image's own loss,
 * as long as batch norms take running statistics. To be closed. */
esp_status esp__single_images_open(esp__single_images *s, const esp_probe *from, esp_shape image,
                                   esp_probe *probe, esp_error *err);
void esp__single_images_close(esp__single_images *s);

#endif
