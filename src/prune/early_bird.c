/* Early-bird tickets (You et al. 2020): has the choice settled? */
#include "prune/measure/criterion_inputs.h"
#include "prune/workspace.h"

/* Share of the units whose choice now is not that of `age` calls ago. */
static double distance(const esp_pruner *p, int64_t age) {
  size_t differ = 0;
  for (size_t u = 0; u < p->units; u++)
    differ += (p->mask_history[u] ^ p->mask_history[u] >> age) & 1;
  return (double)differ / (double)p->units;
}

static esp_status note_choice(esp_pruner *p, const esp_probe *probe, esp_error *err) {
  ESP_TRY(esp__pruner_measure(p, probe, err));
  ESP_TRY(esp__pruner_select_units(p, p->opt->sparsity, err));
  for (size_t u = 0; u < p->units; u++)
    p->mask_history[u] = (uint8_t)(p->mask_history[u] << 1 | p->keep[u]);
  return ESP_OK;
}

esp_status esp_pruner_settled(esp_pruner *p, const esp_probe *probe, int64_t calls, bool *settled,
                              esp_error *err) {
  esp_status status = esp__workspace_open(p, err);
  if (status == ESP_OK) status = note_choice(p, probe, err);
  esp__workspace_close(p);
  ESP_TRY(status);
  *settled = calls >= p->opt->early_bird;
  for (int64_t age = 1; *settled && age <= p->opt->early_bird; age++)
    *settled = distance(p, age) <= p->opt->early_bird_distance;
  return ESP_OK;
}

uint8_t *esp_pruner_mask_history(esp_pruner *p, size_t *count) {
  *count = p->units;
  return p->mask_history;
}
