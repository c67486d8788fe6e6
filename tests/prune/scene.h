/* A plant, its graph and a few fixed batches: what criteria measure with. */
#ifndef SCENE_H
#define SCENE_H

#include "plant.h"

enum { SCENE_BATCHES = 3, SCENE_IMAGES = 20 };

typedef struct scene {
  plant p;
  esp_graph *graph;
  esp_batch batch[SCENE_BATCHES];
  float *pixels[SCENE_BATCHES];
  int32_t label[SCENE_BATCHES][32];
  int batches, next; /* how many the probe gives */
  esp_probe probe;
} scene;

/* Random images, SCENE_IMAGES in each of SCENE_BATCHES batches, and labels 0, 1, ... round and
 * round. */
void scene_open(scene *s, esp_shape input, int classes, const char *ini);
void scene_close(scene *s);

/* Gives image `image` of a batch its pixels [C][H][W]. */
void scene_image(scene *s, int batch, int image, const float *pixels);
/* Makes the batches as small as `images`, and the probe give only `batches` of them. */
void scene_limit(scene *s, int batches, int images);

/* A round; aborts the test on failure. Returns how many layers were floored. */
int scene_round(scene *s, double sparsity);
/* Reads the masks back into the pruner's choice, as a method does before it changes them. */
void scene_recall(scene *s);

/* Scores all units by the criterion, as a round begins; the workspace stays open. */
esp_status scene_measure(scene *s, esp_error *err);

#endif
