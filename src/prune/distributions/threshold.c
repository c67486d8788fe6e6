#include "prune/catalogue.h"

#include <math.h>
#include <string.h>

static const char *measure_name(size_t i) {
  static const char *const names[] = {"absolute", "deviation"};
  return i < sizeof names / sizeof *names ? names[i] : NULL;
}

static const esp_option table[] = {
    {"threshold", ESP_OPTION_REAL, offsetof(esp_threshold_options, threshold), "0", 0, 1e9, NULL,
     "distribution threshold: units whose score is less go, however many they are"},
    {"threshold_of", ESP_OPTION_CHOICE, offsetof(esp_threshold_options, threshold_of), "absolute",
     0, 0, measure_name,
     "distribution threshold: what it is compared with: scores as they are (absolute), or in "
     "deviations of their layer (deviation): the root of the mean square of its scores, 0 for "
     "what is pruned; of magnitudes that is the deviation of the weights from 0"},
    {.name = NULL}};
const esp_method_keys esp_threshold_keys = {table, sizeof(esp_threshold_options),
                                            .after = "sparsity"};

static double deviation(const float *score, size_t n) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    if (score[i] > -INFINITY) sum += (double)score[i] * (double)score[i];
  return n > 0 ? sqrt(sum / (double)n) : 0.0;
}

static double limit(const esp_prune_options *opt, const float *score, size_t n) {
  const esp_threshold_options *o = esp_threshold_options_of(opt);
  const bool relative = strcmp(o->threshold_of, "deviation") == 0;
  return o->threshold * (relative ? deviation(score, n) : 1.0);
}

const esp_distribution esp__distribution_threshold = {
    .name = "threshold",
    .help =
        "no share: what scores less than the key threshold goes, however much that is (absolute, "
        "or times the deviation of the layer: Han et al. 2015)",
    .keys = {&esp_threshold_keys},
    .limit = limit,
};
