/* prune.distribution = auto. */
#include <espalier/prune.h>

#include <stddef.h>
#include <string.h>

/* Scores that are norms of weights grow and shrink with the layer: in one ranking, whole channels
 * of a layer with small weights all go before the first of another. */
static const char *const norms[] = {"magnitude", "l1", "l2", "soft", NULL};
static const char *const wholes[] = {"filter", "channel", NULL};

static bool is_in(const char *name, const char *const *list) {
  while (*list && strcmp(name, *list) != 0) list++;
  return *list != NULL;
}

const esp_distribution *esp_distribution_of(const esp_prune_options *o) {
  if (strcmp(o->distribution, "auto") != 0) return esp_distribution_find(o->distribution);
  const bool by_layer = is_in(o->structure, wholes) && is_in(o->method, norms);
  return esp_distribution_find(by_layer ? "uniform" : "global");
}
