#include "prune/dynamic/ramp.h"
#include "prune/pruner.h"

/* w <- w - lr g(m w), m = the largest |w|: the dense weights w, the shadow, learn from the gradient
 * of the pruned network, so that the error of pruning feeds back, and each change chooses among all
 * of them afresh. */
static esp_status change(esp_pruner *p, double t, esp_error *err) {
  esp_pruner_score(p, &esp__criterion_magnitude);
  ESP_TRY(esp_pruner_choose(p, esp__ramp(p->opt, t), err));
  esp_pruner_commit(p);
  return ESP_OK;
}

const esp_dynamic esp__dynamic_dpf = {
    .name = "dpf",
    .help =
        "dynamic pruning with feedback: the gradient of the pruned network moves dense weights, "
        "from which each mask is chosen afresh (Lin et al. 2020)",
    .shadow = true,
    .change = change,
};
