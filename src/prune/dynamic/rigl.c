#include "base/mathx.h"
#include "prune/catalogue.h"
#include "prune/dynamic/regrow.h"

#include <math.h>

/* score = |g|, of weights that are not there */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  for (size_t i = 0; i < p->count; i++) score[i] = fabsf(p->grad[i]);
}
static const esp_criterion gradient = {.name = "gradient", .score = score};

/* fraction (1 + cos(pi t)) / 2 */
static esp_status change(esp_pruner *p, double t, esp_error *err) {
  return esp_regrow(p, p->opt->drop_fraction * 0.5 * (1.0 + esp_cos(3.14159265358979323846 * t)), &gradient,
                    err);
}

const esp_dynamic esp_dynamic_rigl = {
    .name = "rigl",
    .help =
        "rigging the lottery: drop the smallest weights, grow where the gradient is largest (Evci et al. "
        "2020)",
    .needs_gradient = true,
    .change = change,
};
