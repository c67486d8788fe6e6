#include "prune/catalogue.h"
#include "prune/measure/predictor.h"

typedef struct predictor_options {
  int64_t trials; /* channels removed on trial */
} predictor_options;
static const esp_option table[] = {
    {"trials", ESP_OPTION_INT, offsetof(predictor_options, trials), "64", 8, 1e6, NULL,
     "method predictor: channels that are removed on trial to learn from"},
    {.name = NULL}};
static const esp_method_keys predictor_keys = {table, sizeof(predictor_options),
                                               .after = "activation_threshold"};

/* `measure` leaves in p->grad, for every weight of a channel, by how much the loss is predicted to
 * rise when the channel goes. */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  for (size_t i = 0; i < p->count; i++) score[i] = p->grad[i];
}

static esp_status measure(esp_pruner *p, const esp_probe *probe, esp_error *err) {
  const predictor_options *o = esp_prune_keys(p->opt, &predictor_keys);
  return esp__predict(p, probe, (size_t)o->trials, err);
}

const esp_criterion esp__criterion_predictor = {
    .name = "predictor",
    .help =
        "rise of the loss that a ridge regression over norms, scale, taylor and size predicts, "
        "fitted to trial removals of random channels",
    .keys = {&predictor_keys},
    .needs = ESP_NEEDS_PASSES,
    .negative = true,
    .channels = true,
    .score = score,
    .measure = measure,
};
