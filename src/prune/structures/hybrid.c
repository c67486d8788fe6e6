#include "prune/structures/assign.h"
#include "prune/catalogue.h"
#include "prune/pruner.h"

#include <stdlib.h>

/* One structure in its layers; it must find something there. */
static esp_status cover_one(esp_pruner *p, const esp_structure *s, const esp_structure **of,
                            const bool *layers, bool *own, esp_error *err) {
  const int before = p->targets;
  int wanted = -1;
  for (int i = 0; i < p->model->layers; i++) {
    own[i] = layers[i] && of[i] == s;
    if (own[i] && wanted < 0) wanted = i;
  }
  if (wanted < 0) return ESP_OK;
  ESP_TRY(s->cover(p, own, err));
  if (p->targets > before) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[prune] structures: '%s' finds nothing to remove in '%s' and its like; "
                  "layers that go together need the same structure",
                  s->name, p->model->layer[wanted].name);
}

/* Where a channel takes its columns from a layer of single weights, those count as pruned too: more
 * is gone then than was chosen. */
static esp_status cover(esp_pruner *p, const bool *layers, esp_error *err) {
  const size_t n = (size_t)p->model->layers + 1;
  const esp_structure **of = calloc(n, sizeof *of);
  bool *own = calloc(n, sizeof *own);
  esp_status status = of && own ? esp__structures_assign(p, of, err)
                                : esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  for (int chooses = 0; chooses < 2; chooses++) /* those that choose for themselves come last */
    for (size_t k = 0; status == ESP_OK && esp_structure_at(k); k++)
      if ((esp_structure_at(k)->choose != NULL) == chooses)
        status = cover_one(p, esp_structure_at(k), of, layers, own, err);
  free(of);
  free(own);
  return status;
}

const esp_structure esp__structure_hybrid = {
    .name = "hybrid",
    .help =
        "a structure for each layer, as the key structures lists, a line 'pattern structure' each",
    .keys = {&esp__hybrid_keys},
    .cover = cover,
};
