/* One linear layer of 2 x 4 weights, taken through steps of training by hand. */
#ifndef ESP_TESTS_EIGHT_H
#define ESP_TESTS_EIGHT_H

#include "plant.h"
#include "prune/pruner.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static const float one_to_eight[] = {1, -2, 3, -4, 5, -6, 7, -8};

/* The optimiser takes plain steps: w -= lr * gradient. */
static inline void eight_open(plant *p, const char *prune) {
  char ini[512];
  snprintf(ini, sizeof ini,
           "[model]\narch = custom\nlayers = linear classes nobias\n[train]\nmomentum = 0\n"
           "weight_decay = 0\n"
           "[prune]\nsparsity = 0.5\nevery = 1\n%s",
           prune);
  plant_open(p, (esp_shape){4, 1, 1}, 2, ini);
  plant_set(p, "linear1.weight", 8, one_to_eight);
}

static inline esp_param *eight(const plant *p) {
  return plant_param(p, "linear1.weight");
}

/* A step of training at rate `lr`; the gradients and the loss are given. */
static inline void take_step(plant *p, int64_t number, int64_t last, double lr, double loss) {
  esp_error err = {.text = ""};
  bool changed;
  const esp_train_options *o = &p->config.train;
  const esp_step_ctx now = {number,          loss,       lr, o->momentum,
                            o->weight_decay, o->average, o,  p->model->params.updates + 1};
  esp_pruner_pre_forward(p->pruner, &now);
  ck_assert_msg(esp_pruner_step(p->pruner, number, 0, last, &changed, &err) == ESP_OK, "%s",
                err.text);
  ck_assert_msg(esp_pruner_post_backward(p->pruner, &now, &err) == ESP_OK, "%s", err.text);
  esp_optimiser_step(&p->model->params, o, lr);
  esp_pruner_post_step(p->pruner, &now);
  ck_assert(esp_pruner_holds(p->pruner));
  plant_check(p, "stepped");
}

static inline void floats_are(const float *is, size_t count, const float *expected,
                              const char *what) {
  for (size_t i = 0; i < count; i++)
    ck_assert_msg(is[i] == expected[i], "%s %zu: %.9g, expected %.9g", what, i, (double)is[i],
                  (double)expected[i]);
}
#define FLOATS_ARE(is, ...) \
  floats_are(is, sizeof((float[]){__VA_ARGS__}) / sizeof(float), (float[]){__VA_ARGS__}, #is)

#endif
