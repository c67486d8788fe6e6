#include "prune/catalogue.h"
#include "prune/measure/synaptic_flow.h"
#include "prune/pruner.h"

#include <math.h>

/* The synaptic flow of a weight: its share of R, the sum of the outputs for an image of ones when
 * all weights are replaced by their absolute values. Within a layer the shares add up to R.
 * `measure` leaves dR/d|w| in p->grad. Meant for at = init, schedule = iterative, rounds = 100. */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  for (size_t i = 0; i < p->count; i++) score[i] = fabsf(p->value[i]) * p->grad[i];
}

static esp_status measure(esp_pruner *p, const esp_probe *probe, esp_error *err) {
  return esp__measure_synaptic_flow(p->model, probe->graph, err);
}

const esp_criterion esp__criterion_synflow = {
    .name = "synflow",
    .help =
        "|weight| * d R / d |weight|, R the output for an image of ones: needs no data; "
        "for at = init in 100 rounds (SynFlow, Tanaka et al. 2020)",
    .needs = ESP_NEEDS_PASSES,
    .unit = ESP_UNIT_SUM,
    .score = score,
    .measure = measure,
    .prepare = esp__measure_synaptic_flow,
};
