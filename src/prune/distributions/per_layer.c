#include "base/pattern.h"
#include "prune/catalogue.h"
#include "prune/layer_budgets.h"

#include <stdlib.h>
#include <string.h>

typedef struct per_layer_options {
  char *layers; /* lines of "pattern sparsity" */
} per_layer_options;
static const esp_option table[] = {
    {"layers", ESP_OPTION_LINES, offsetof(per_layer_options, layers), "", 0, 0, NULL,
     "distribution per-layer: a line 'pattern sparsity' each. In several rounds a layer loses the "
     "same share of what it has left in each of them"},
    {.name = NULL}};
static const esp_method_keys per_layer_keys = {table, sizeof(per_layer_options), .after = "skip"};

/* One line "pattern sparsity"; the last line that matches a layer counts. */
static esp_status read_line(const char *line, size_t length, int number, double now, double all,
                            esp_layer_budget *share, int n, bool *used, esp_error *err) {
  const size_t pattern = strcspn(line, " \t\n"), gap = strspn(line + pattern, " \t");
  char *end;
  const double sparsity = strtod(line + pattern + gap, &end);
  if (pattern >= length || !(sparsity >= 0.0 && sparsity <= 1.0) || end != line + length ||
      end == line + pattern + gap)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "[prune] layers:%d: '%.*s': expected a pattern of layer names and a sparsity from 0 to 1",
        number, (int)length, line);
  for (int i = 0; i < n; i++)
    if (esp__pattern_matches(line, pattern, share[i].layer->name)) {
      share[i].density = esp__layer_budget_now(now, all, sparsity);
      *used = true;
    }
  return ESP_OK;
}

/* Layers that no line names stay dense. Along a schedule all sparsities grow in step with
 * `sparsity`. */
static esp_status share(const esp_prune_options *opt, double sparsity, esp_layer_budget *share,
                        int n, esp_error *err) {
  const per_layer_options *o = esp_prune_keys(opt, &per_layer_keys);
  int number = 0;
  for (const char *line = o->layers; *line;) {
    size_t length = strcspn(line, "\n"), skip = length + (line[length] != '\0');
    bool used = length == 0;
    number++;
    if (length > 0)
      ESP_TRY(read_line(line, length, number, sparsity, opt->sparsity, share, n, &used, err));
    if (!used)
      return esp_fail(err, ESP_ERR_INPUT,
                      "[prune] layers:%d: '%.*s' matches no layer that is pruned", number,
                      (int)length, line);
    line += skip;
  }
  if (number == 0)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "[prune] distribution = per-layer: expected lines 'pattern sparsity' in the key layers");
  return ESP_OK;
}

const esp_distribution esp__distribution_per_layer = {
    .name = "per-layer",
    .help =
        "the sparsities that the key layers lists, a line 'pattern sparsity' each; "
        "layers not named stay dense",
    .keys = {&per_layer_keys},
    .share = share,
    .explicit_total = true,
};
