#include "prune/catalogue.h"
#include "prune/pruner.h"

/* At every change the units of smallest mean |w| are set to 0 and go on learning; only the last
 * change prunes. Bias and batch norm stay as they are: a filter that is 0 behind a scale of 0 has
 * no gradient. Behind a batch norm its gradient is 1 / sqrt(1e-5) times that of others: clip_norm
 * keeps it from outgrowing them at once. */
static esp_status change(esp_pruner *p, double t, esp_error *err) {
  if (t >= 1.0) return esp_pruner_remove(p, &esp__criterion_magnitude, p->opt->sparsity, err);
  esp_pruner_score(p, &esp__criterion_magnitude);
  ESP_TRY(esp_pruner_choose(p, p->opt->sparsity, err));
  esp__pruner_zero(p);
  return ESP_OK;
}

const esp_dynamic esp__dynamic_soft = {
    .name = "soft",
    .help =
        "soft filter pruning: small units are set to 0 again and again but go on learning, "
        "until the last change prunes (He et al. 2018)",
    .any_structure = true,
    .change = change,
};
