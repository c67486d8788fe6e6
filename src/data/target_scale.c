#include "data/target_scale.h"

#include <math.h>

/* Sums in order, in double; the variance is about the images' own mean. */
static void measure(const esp_images *images, int target, double *mean, double *variance) {
  const float *first = images->target + target;
  const size_t stride = (size_t)images->targets;
  double sum = 0.0, squares = 0.0;
  for (uint32_t i = 0; i < images->count; i++) sum += (double)first[i * stride];
  *mean = sum / images->count;
  for (uint32_t i = 0; i < images->count; i++) {
    const double apart = (double)first[i * stride] - *mean;
    squares += apart * apart;
  }
  *variance = squares / images->count;
}

esp_target_scale esp__targets_of(const esp_dataset *set, const esp_images *images) {
  esp_target_scale s = set->targets;
  double mean;
  for (int t = 0; t < s.count; t++) measure(images, t, &mean, &s.variance[t]);
  return s;
}

/* Nothing explains a number that is the same everywhere, nor can it be divided by. */
static esp_status check_variance(const esp_dataset *set, const esp_images *images,
                                 const char *split, esp_error *err) {
  double mean, variance;
  for (int t = 0; images->count > 0 && t < images->targets; t++) {
    measure(images, t, &mean, &variance);
    if (!(variance > 0.0))
      return esp_fail(err, ESP_ERR_INPUT,
                      "target '%s' is %g in each of the %u %s; expected one that varies",
                      set->class_name[t], mean, (unsigned)images->count, split);
  }
  return ESP_OK;
}

static esp_status check_count(const esp_dataset *set, const esp_numbers *n, const char *key,
                              esp_error *err) {
  if (n->count == 0 || n->count == set->train.targets) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "data.%s: %d numbers for %d targets; expected one each", key,
                  n->count, set->train.targets);
}

/* In single precision, as what is exported has them. */
static void choose(esp_target_scale *s, int t, const esp_data_options *opt) {
  if (opt->target_mean.count) s->mean[t] = opt->target_mean.value[t];
  if (opt->target_std.count) s->std[t] = opt->target_std.value[t];
  s->mean[t] = (double)(float)s->mean[t];
  s->std[t] = (double)(float)s->std[t];
}

esp_status esp__targets_scale(esp_dataset *set, const esp_data_options *opt, esp_error *err) {
  esp_target_scale *s = &set->targets;
  s->count = set->train.targets;
  ESP_TRY(check_count(set, &opt->target_mean, "target_mean", err));
  ESP_TRY(check_count(set, &opt->target_std, "target_std", err));
  ESP_TRY(check_variance(set, &set->train, "examples to train on", err));
  ESP_TRY(check_variance(set, &set->validation, "validation examples", err));
  ESP_TRY(check_variance(set, &set->test, "test examples", err));
  for (int t = 0; t < s->count; t++) {
    measure(&set->train, t, &s->mean[t], &s->variance[t]);
    s->std[t] = sqrt(s->variance[t]);
    choose(s, t, opt);
    if (!(s->std[t] > 0.0) || !isfinite(s->mean[t]) || !isfinite(s->std[t]))
      return esp_fail(
          err, ESP_ERR_INPUT,
          "target '%s' has the mean %g and the deviation %g; expected numbers of single "
          "precision",
          set->class_name[t], s->mean[t], s->std[t]);
  }
  return ESP_OK;
}
