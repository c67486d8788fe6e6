#include "data/fill.h"

#include "data/set.h"

#include <espalier/tensor.h>

#include <stdlib.h>
#include <string.h>

esp_status esp__filler_make(esp__filler *f, const esp_dataset *set, const esp_images *images,
                            esp_loader_options opt, esp_error *err) {
  *f = (esp__filler){.element = set->element,
                     .shape = set->shape,
                     .spectrum = set->spectrum,
                     .images = images,
                     .opt = opt};
  int side = f->shape.height < f->shape.width ? f->shape.height : f->shape.width;
  if (set->element == ESP_PIXELS && opt.crop && (opt.crop_padding < 0 || opt.crop_padding >= side))
    return esp_fail(err, ESP_ERR_INPUT,
                    "data.crop_padding: %d, must be less than the images' side of %d",
                    opt.crop_padding, side);
  if (opt.cutout_size < 0 || opt.cutout_size > ESP_SIDE_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "data.cutout_size: %d, expected 0 to %d", opt.cutout_size,
                    ESP_SIDE_MAX);
  for (int c = 0; c < f->shape.channels; c++) {
    f->mean[c] = set->mean[c];
    f->std[c] = set->std[c];
    for (int v = 0; set->element == ESP_PIXELS && v < 256; v++)
      f->level[c][v] = esp_normalise_pixel(v, set->mean[c], set->std[c]);
  }
  f->rows = calloc(ESP_LANES, (size_t)f->shape.width);
  if (opt.crop_area > 0.0) f->resized = malloc(ESP_LANES * esp__image_values(f->shape));
  return f->rows && (f->resized || opt.crop_area == 0.0)
             ? ESP_OK
             : esp_fail(err, ESP_ERR_MEMORY, "no memory for a data loader");
}

void esp__filler_free(esp__filler *f) {
  free(f->rows);
  free(f->resized);
  f->rows = f->resized = NULL;
}

static void fill_tokens(esp__filler *f, uint64_t epoch, const uint32_t *index, int lanes,
                        float *block) {
  const size_t length = esp__image_values(f->shape);
  (void)epoch;
  for (int lane = 0; lane < lanes; lane++) {
    const uint16_t *token = f->images->tokens + index[lane] * length;
    for (size_t t = 0; t < length; t++) block[t * ESP_LANES + (size_t)lane] = (float)token[t];
  }
}

static void clear_padding(size_t values, int lanes, float *block) {
  for (size_t i = 0; lanes < ESP_LANES && i < values; i++)
    for (int lane = lanes; lane < ESP_LANES; lane++) block[i * ESP_LANES + (size_t)lane] = 0.0f;
}

void esp__filler_batch(esp__filler *f, uint64_t epoch, const uint32_t *index, int count, float *to,
                       int32_t *labels) {
  static esp__fill *const fill[] = {esp__fill_pixels, fill_tokens, esp__fill_features};
  const size_t values = esp__image_values(f->shape);
  for (int b = 0; b < esp_blocks_for(count); b++) {
    const int lanes = esp_lanes_valid(count, b);
    float *block = to + (size_t)b * values * ESP_LANES;
    fill[f->element](f, epoch, index + b * ESP_LANES, lanes, block);
    clear_padding(values, lanes, block);
  }
  for (int i = 0; i < count; i++) labels[i] = f->images->labels[index[i]];
}

void esp__filler_targets(const esp__filler *f, const esp_target_scale *scale, const uint32_t *index,
                         int count, float *to) {
  const size_t targets = (size_t)scale->count;
  memset(to, 0, (size_t)esp_blocks_for(count) * targets * ESP_LANES * sizeof *to);
  for (size_t i = 0; i < (size_t)count; i++)
    for (size_t t = 0; t < targets; t++) {
      const double value = (double)f->images->target[index[i] * targets + t];
      to[(i / ESP_LANES * targets + t) * ESP_LANES + i % ESP_LANES] =
          (float)((value - scale->mean[t]) / scale->std[t]);
    }
}
