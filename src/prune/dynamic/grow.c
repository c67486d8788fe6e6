#include "prune/catalogue.h"
#include "prune/dynamic/regrow.h"
#include "prune/regrow_init.h"

#include <math.h>

/* The network begins with half of the units that the sparsity allows, at random. When the mean loss
 * since the last change is not below the best so far by the share `stall`, the drop_fraction of
 * smallest mean |w| goes and twice as many others begin, as drawn at the start of training, as far
 * as the sparsity allows. So the sparsity asked for is the least, not the one reached. */
enum { LOSS, STEPS, BEST };

typedef struct grow_options {
  double stall; /* a loss that falls by less than this share grows units */
} grow_options;
static const esp_option table[] = {
    {"stall", ESP_OPTION_REAL, offsetof(grow_options, stall), "0.02", 0, 1, NULL,
     "grow: units are added when the mean loss since the last change is not this share below the "
     "best so far"},
    {.name = NULL}};
static const esp_method_keys grow_keys = {table, sizeof(grow_options), .after = "explore"};

static bool stalled(esp_pruner *p) {
  const float mean = p->state[STEPS][0] > 0.0f ? p->state[LOSS][0] / p->state[STEPS][0] : 0.0f;
  const grow_options *o = esp_prune_keys(p->opt, &grow_keys);
  const float best = p->state[BEST][0];
  p->state[LOSS][0] = p->state[STEPS][0] = 0.0f;
  if (best == 0.0f || mean < best) p->state[BEST][0] = mean;
  return best != 0.0f && !((double)mean < (double)best * (1.0 - o->stall));
}

static esp_status grow(esp_pruner *p, esp_error *err) {
  const double units = (double)p->units, kept = units - (double)esp_pruner_count(p).pruned;
  const double dropped = floor(esp__drop_fraction(p) * kept);
  const double wanted = fmin(kept + dropped, fmax(kept, (1.0 - p->opt->sparsity) * units));
  ESP_TRY(esp_pruner_remove(p, &esp__criterion_magnitude, 1.0 - (kept - dropped) / units, err));
  return esp__grow_random(p, 1.0 - wanted / units, err);
}

static esp_status change(esp_pruner *p, double t, esp_error *err) {
  (void)t;
  if (esp_pruner_changes(p) == 0) return esp__random_mask(p, 0.5 + 0.5 * p->opt->sparsity, err);
  return stalled(p) ? grow(p, err) : ESP_OK;
}

static esp_status observe(esp_pruner *p, const esp_step_ctx *now, esp_error *err) {
  (void)err;
  p->state[LOSS][0] += (float)now->loss;
  p->state[STEPS][0] += 1.0f;
  return ESP_OK;
}

static const esp_prune_hooks hooks = {
    .state = {{"loss", ESP_PER_NETWORK}, {"steps", ESP_PER_NETWORK}, {"best", ESP_PER_NETWORK}},
    .post_backward = observe};

const esp_dynamic esp__dynamic_grow = {
    .name = "grow",
    .help =
        "the network grows while it trains: starts with half of the units that the sparsity "
        "allows, gets more when the loss stalls, and loses those that stay small (after Ash 1989)",
    .keys = {&grow_keys, &esp__regrow_keys},
    .any_structure = true,
    .needs_gradient = true, /* what begins takes its first step in the same step of training */
    .change = change,
    .hooks = &hooks,
};
