#include "prune/dynamic/ramp.h"
#include "prune/pruner.h"

typedef struct surgery_options {
  double splice_margin; /* half-width of the band, around the threshold, in which weights keep their
                           state */
} surgery_options;
static const esp_option table[] = {
    {"splice_margin", ESP_OPTION_REAL, offsetof(surgery_options, splice_margin), "0.1", 0, 0.9,
     NULL,
     "surgery: half-width of the band around the threshold in which a weight keeps its state"},
    {.name = NULL}};
static const esp_method_keys surgery_keys = {table, sizeof(surgery_options),
                                             .after = "drop_fraction"};

/* Dynamic network surgery: all weights go on learning behind the masks, so a pruned weight that
 * grows is spliced back. Guo's two thresholds become a band around the one that gives the exact
 * count: a weight inside it keeps its state. */
static esp_status change(esp_pruner *p, double t, esp_error *err) {
  const surgery_options *o = esp_prune_keys(p->opt, &surgery_keys);
  const float stay = (float)(1.0 + o->splice_margin), back = (float)(1.0 - o->splice_margin);
  esp_pruner_score(p, &esp__criterion_magnitude);
  esp_pruner_load_masks(p);
  for (size_t u = 0; u < p->units; u++) p->score[u] *= p->keep[u] ? stay : back;
  ESP_TRY(esp_pruner_choose(p, esp__ramp(p->opt, t), err));
  esp_pruner_commit(p);
  return ESP_OK;
}

const esp_dynamic esp__dynamic_surgery = {
    .name = "surgery",
    .help =
        "dynamic network surgery: prune by magnitude, splice back what grows again (Guo et al. "
        "2016)",
    .keys = {&surgery_keys},
    .shadow = true,
    .change = change,
};
