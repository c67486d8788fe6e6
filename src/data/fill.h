/* From a set to a batch: augmented, normalised, transposed into lanes. */
#ifndef ESP_DATA_FILL_H
#define ESP_DATA_FILL_H

#include <espalier/data.h>

/* Turns images of one set into floats. */
typedef struct esp__filler {
  esp_element element;
  esp_shape shape;
  const esp_spectrum *spectrum; /* of sounds; else NULL */
  const esp_images *images;
  esp_loader_options opt;
  float mean[ESP_CHANNELS_MAX], std[ESP_CHANNELS_MAX];
  float level[ESP_CHANNELS_MAX][256]; /* the normalised value of each byte */
  uint8_t *rows;                      /* [16][W], scratch */
  uint8_t *resized;                   /* [16][C][H][W], scratch of resized crops, or NULL */
} esp__filler;

esp_status esp__filler_make(esp__filler *f, const esp_dataset *set, const esp_images *images,
                            esp_loader_options opt, esp_error *err);
void esp__filler_free(esp__filler *f);
/* Writes images index[0..count) into blocks of lanes at `to`, their labels into `labels`, zeros
 * into the padding lanes. */
void esp__filler_batch(esp__filler *f, uint64_t epoch, const uint32_t *index, int count, float *to,
                       int32_t *labels);
/* Writes their targets as the network's outputs are, [blocks][targets][16]. */
void esp__filler_targets(const esp__filler *f, const esp_target_scale *scale, const uint32_t *index,
                         int count, float *to);

/* Writes images index[0..lanes) as one block; its other lanes are not touched. */
typedef void esp__fill(esp__filler *f, uint64_t epoch, const uint32_t *index, int lanes,
                       float *block);
esp__fill esp__fill_pixels, esp__fill_features;

#endif
