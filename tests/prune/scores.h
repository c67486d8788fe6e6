/* Scores of criteria beside those that were worked by hand. */
#ifndef ESP_TESTS_SCORES_H
#define ESP_TESTS_SCORES_H

#include "prune/pruner.h"
#include "scene.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static esp_error err = {.text = ""};

static inline const esp_criterion *find(const char *name) {
  size_t i = 0;
  while (esp_criterion_at(i) && strcmp(esp_criterion_at(i)->name, name) != 0) i++;
  ck_assert_msg(esp_criterion_at(i) != NULL, "no %s", name);
  return esp_criterion_at(i);
}

static inline void scores_are(const esp_criterion *c, const esp_param *p, const esp_prune_ctx *ctx,
                              const float *expected) {
  float score[64];
  c->score(p, ctx, score);
  for (size_t i = 0; i < p->count; i++)
    ck_assert_msg(score[i] == expected[i], "%s of %zu: %g, expected %g", c->name, i,
                  (double)score[i], (double)expected[i]);
}

/* The units' scores after measuring are `factor` times these, nearly. */
static inline void units_are(scene *s, double factor, size_t n, const double *expected) {
  const esp_pruner *p = s->p.pruner;
  ck_assert_msg(scene_measure(s, &err) == ESP_OK, "%s", err.text);
  ck_assert_uint_eq(p->units, n);
  for (size_t u = 0; u < n; u++)
    ck_assert_msg(fabs((double)p->score[u] - factor * expected[u]) <=
                      1e-4 * fabs(factor * expected[u]) + 1e-6,
                  "%s of %zu: %g, expected %g", p->criterion->name, u, (double)p->score[u],
                  factor * expected[u]);
}
#define UNITS(s, factor, ...) \
  units_are(s, factor, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

/* A linear layer of 2 x 2 without bias and the mean of (y - t)^2 over both outputs: g = (y - t)
 * x^T. One image a batch. W = (1 2; 3 -1). Image (1, 2) of class 0: y = (5, 1), y - t = (4, 1),
 * g = (4 8; 1 2). Image (2, -1) of class 1: y = (0, 7), y - t = (0, 6), g = (0 0; 12 -6). */
static inline void open_square(scene *s, const char *method) {
  char ini[512];
  snprintf(ini, sizeof ini,
           "[model]\narch = custom\nlayers = linear classes nobias\n[train]\nloss = mse\n[prune]\n"
           "method = %s\n",
           method);
  scene_open(s, (esp_shape){2, 1, 1}, 2, ini);
  PLANT_SET(&s->p, "linear1.weight", 1, 2, 3, -1);
  scene_limit(s, 2, 1);
  scene_image(s, 0, 0, (float[]){1, 2});
  scene_image(s, 1, 0, (float[]){2, -1});
}

#endif
