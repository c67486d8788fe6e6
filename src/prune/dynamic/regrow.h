/* Drop and regrow, layer by layer: what SET, RigL and their like share. */
#ifndef ESP_PRUNE_DYNAMIC_REGROW_H
#define ESP_PRUNE_DYNAMIC_REGROW_H

#include "prune/pruner.h"

typedef struct esp__regrow_options {
  double drop_fraction; /* of a layer's weights that move in a mask change, at the beginning */
  char *drop_schedule;  /* how that changes: "constant", "cosine", or "auto", the method's own */
} esp__regrow_options;
extern const esp_method_keys esp__regrow_keys;

/* A mask drawn at random, with the layers' shares as the distribution says. */
esp_status esp__random_mask(esp_pruner *p, double sparsity, esp_error *err);

/* Drops `fraction` of every layer's weights, those of smallest magnitude, and grows as many among
 * the absent ones, those that `grow` scores highest. Those are what was dropped too, with the value
 * it had; others start from 0, and take their first step with the next batch. */
void esp__exchange(esp_pruner *p, double fraction, const esp_criterion *grow);

/* The first change is a random mask at the final sparsity, later ones are exchanges. */
esp_status esp__regrow(esp_pruner *p, double fraction, const esp_criterion *grow, esp_error *err);

double esp__drop_fraction(const esp_pruner *p);

/* The share of a layer's weights that moves at t, from 0 (the first change) to 1 (the last):
 * drop_fraction, or drop_fraction (1 + cos(pi t)) / 2. `falls`: what "auto" stands for. */
double esp__moving_share(const esp_pruner *p, double t, bool falls);

#endif
