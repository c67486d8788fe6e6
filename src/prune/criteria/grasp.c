#include "prune/catalogue.h"
#include "prune/measure/criterion_inputs.h"

typedef struct grasp_options {
  double temperature;
} grasp_options;
static const esp_option table[] = {
    {"grasp_temperature", ESP_OPTION_REAL, offsetof(grasp_options, temperature), "200", 1e-3, 1e6,
     NULL, "method grasp: logits are divided by it before the loss; real-valued targets have none"},
    {.name = NULL}};
static const esp_method_keys grasp_keys = {table, sizeof(grasp_options),
                                           .after = "saliency_batches"};

/* Taking a weight away changes the squared norm of the gradient, which drives the training, by
 * about -2 w (H g); what keeps it highest stays. `measure` leaves H g in p->grad. */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  for (size_t i = 0; i < p->count; i++) score[i] = p->value[i] * p->grad[i];
}

static esp_status measure(esp_pruner *p, const esp_probe *probe, esp_error *err) {
  const grasp_options *o = esp_prune_keys(p->opt, &grasp_keys);
  return esp__measure_hessian(p->model, probe, o->temperature, err);
}

const esp_criterion esp__criterion_grasp = {
    .name = "grasp",
    .help =
        "weight * (Hessian * gradient): keep what the gradient's norm needs; "
        "for at = init (GraSP, Wang et al. 2020)",
    .keys = {&grasp_keys},
    .needs = ESP_NEEDS_PASSES,
    .unit = ESP_UNIT_SUM,
    .negative = true,
    .score = score,
    .measure = measure,
    .fits = esp__check_hessian,
};
