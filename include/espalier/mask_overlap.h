/* How much the masks of two runs have in common, and how much chance would give. */
#ifndef ESP_MASK_OVERLAP_H
#define ESP_MASK_OVERLAP_H

#include <espalier/linkage.h>
#include <espalier/run.h>

#include <stddef.h>
#include <stdint.h>

ESP_BEGIN_DECLS

/* Two masks of a layer, or the sums over layers. By chance: where both keep as many weights as they
 * do, at positions drawn independently within the layer, the common ones have a hypergeometric
 * distribution, with mean a b / n and variance a b (n - a) (n - b) / (n^2 (n - 1)). Layers are
 * independent, so both add up. */
typedef struct esp_overlap {
  size_t weights;  /* n */
  size_t kept[2];  /* a, b */
  size_t common;   /* kept by both */
  double chance;   /* what `common` would be on average */
  double variance; /* of that */
} esp_overlap;

/* keep[n] of 0 and 1. */
esp_overlap esp_overlap_of(const uint8_t *a, const uint8_t *b, size_t n);
void esp_overlap_add(esp_overlap *sum, const esp_overlap *layer);

/* The Jaccard index of `common` weights that both keep: those over the ones that either keeps; 1
 * where neither keeps any. And their share of what the sparser mask keeps. */
double esp_overlap_jaccard(const esp_overlap *o, double common);
double esp_overlap_share(const esp_overlap *o, double common);
/* How many standard deviations `common` lies above chance; 0 where chance leaves no choice. */
double esp_overlap_deviations(const esp_overlap *o);

/* The masks of the layers of a network. */
typedef struct esp_layer_masks {
  esp_loaded_run network;
  uint8_t **keep; /* [layers of the model][weights of the layer] */
} esp_layer_masks;

/* Of a run directory (its checkpoint), a checkpoint, or a weights file (what is not zero). On
 * failure *m needs no freeing. */
esp_status esp_layer_masks_open(esp_layer_masks *m, const char *path, esp_error *err);
void esp_layer_masks_free(esp_layer_masks *m);
/* Fails unless both have the same layers of the same shapes; `paths` name them. */
esp_status esp_layer_masks_match(const esp_layer_masks *a, const esp_layer_masks *b,
                                 const char *const paths[2], esp_error *err);

ESP_END_DECLS

#endif
