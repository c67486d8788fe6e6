#include "plant.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The classes are called by their numbers. */
static esp_status make_model(plant *p, esp_shape input, int classes, esp_error *err) {
  enum { CLASSES = 100 };
  static char text[CLASSES][8];
  char *name[CLASSES];
  esp_tasks tasks;
  ck_assert_int_le(classes, CLASSES);
  for (int c = 0; c < classes; c++) {
    snprintf(text[c], sizeof text[c], "%d", c);
    name[c] = text[c];
  }
  ESP_TRY(esp_tasks_read(&tasks, &p->config.data, name, classes, err));
  const esp_key seed = (esp_key)p->config.run.seed;
  const esp_status status =
      esp_model_new_tasks(&p->model, &p->config.model, input, &tasks, seed, err);
  esp_tasks_free(&tasks);
  return status;
}

void plant_open(plant *p, esp_shape input, int classes, const char *ini) {
  esp_error err = {.text = ""};
  *p = (plant){0};
  esp_status status = esp_config_parse(&p->config, "plant.ini", ini, 0, NULL, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
  const esp_key seed = (esp_key)p->config.run.seed;
  status = make_model(p, input, classes, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
  ck_assert(esp_optimiser_open(&p->model->params, &p->config.train, &err) == ESP_OK);
  if (strcmp(p->config.prune.method, "none") == 0) return;
  status = esp_pruner_new(&p->pruner, &p->config.prune, p->model, seed, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
}

void plant_close(plant *p) {
  esp_pruner_free(p->pruner);
  esp_model_free(p->model);
  esp_config_free(&p->config);
}

void plant_keys(esp_prune_options *opt, const char *const (*key)[2], size_t count) {
  esp_error err = {.text = ""};
  ck_assert_msg(esp_prune_keys_open(opt, &err) == ESP_OK, "%s", err.text);
  for (size_t i = 0; i < count; i++)
    ck_assert_msg(esp_prune_keys_set(opt, key[i][0], key[i][1], &err) == ESP_OK, "%s", err.text);
}

esp_param *plant_param(const plant *p, const char *name) {
  esp_param *w = esp_params_find(&p->model->params, name);
  ck_assert_msg(w != NULL, "no parameter %s", name);
  return w;
}

void plant_set(const plant *p, const char *name, size_t count, const float *value) {
  esp_param *w = plant_param(p, name);
  ck_assert_uint_eq(w->count, count);
  memcpy(w->value, value, count * sizeof *value);
  if (w->shadow) memcpy(w->shadow, value, count * sizeof *value);
}

void plant_mask_is(const plant *p, const char *name, const char *digits) {
  const esp_param *w = plant_param(p, name);
  char is[256] = "";
  ck_assert_msg(w->mask != NULL, "%s has no mask", name);
  ck_assert_uint_lt(w->count, sizeof is);
  for (size_t i = 0; i < w->count; i++) is[i] = (char)('0' + w->mask->keep[i]);
  ck_assert_msg(strcmp(is, digits) == 0, "mask of %s: %s, expected %s", name, is, digits);
}

void plant_wild_gradients(const plant *p, esp_key key) {
  for (int k = 0; k < p->model->params.count; k++) {
    const esp_param *w = p->model->params.item[k];
    const esp_key own = esp_key_of(key, (uint64_t)k);
    for (size_t i = 0; esp_param_trains(w) && i < w->count; i++) {
      const int power = (int)esp_random_below(esp_key_of(own, 1), i, 19) - 6;
      w->grad[i] = (float)(esp_random_normal(own, i) * pow(10.0, power));
    }
  }
}

/* Not with ck_assert, which writes to a file each time. */
static void check_weight(const esp_param *w, size_t i, const char *when) {
  const bool kept = w->mask->keep[i], dense = w->shadow != NULL;
  const float value = w->value[i], momentum = w->momentum[i],
              second = w->second_moment ? w->second_moment[i] : 0.0f,
              average = w->average ? w->average[i] : 0.0f;
  if (w->mask->keep[i] > 1)
    ck_abort_msg("%s: %s[%zu]: mask %d", when, w->name, i, w->mask->keep[i]);
  if (dense && !w->reparametrised && value != (kept ? w->shadow[i] : 0.0f))
    ck_abort_msg("%s: %s[%zu]: value %g, shadow %g, mask %d", when, w->name, i, (double)value,
                 (double)w->shadow[i], kept);
  if (!kept &&
      (value != 0.0f || average != 0.0f || (!dense && (momentum != 0.0f || second != 0.0f))))
    ck_abort_msg("%s: %s[%zu] is pruned: value %g, momentum %g, second moment %g, average %g", when,
                 w->name, i, (double)value, (double)momentum, (double)second, (double)average);
}

void plant_check(const plant *p, const char *when) {
  for (int k = 0; k < p->model->params.count; k++) {
    const esp_param *w = p->model->params.item[k];
    if (!w->mask) continue;
    size_t kept = 0;
    ck_assert_uint_eq(w->mask->count, w->count);
    for (size_t i = 0; i < w->count; i++) {
      check_weight(w, i, when);
      kept += w->mask->keep[i];
    }
    ck_assert_msg(kept == w->mask->kept, "%s: %s: %zu kept, the mask says %zu", when, w->name, kept,
                  w->mask->kept);
  }
}
