#include "prune/dynamic/ramp.h"
#include "prune/pruner.h"

/* Dynamic network surgery: all weights go on learning behind the masks, so a pruned weight that
 * grows is spliced back. Guo's two thresholds become a band around the one that gives the exact
 * count: a weight inside it keeps its state. */
static esp_status change(esp_pruner *p, double t, esp_error *err) {
  const float stay = (float)(1.0 + p->opt->splice_margin),
              back = (float)(1.0 - p->opt->splice_margin);
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
    .shadow = true,
    .change = change,
};
