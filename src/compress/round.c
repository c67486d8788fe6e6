/* round: biases, batch norms and running statistics with fewer bits. */
#include "compress/catalogue.h"
#include "compress/mantissa.h"

#include <string.h>

/* What the integers of a quantised network stand for: another number would make others of them, and
 * the step quantise has given it few bits already. */
static bool is_scale(const esp_param *p) {
  const char *dot = strrchr(p->name, '.');
  return p->role == ESP_ROLE_RUNNING && dot && strcmp(dot, ".scale") == 0;
}

static void hold(const esp_compress_ctx *ctx) {
  const esp_params *ps = &ctx->model->params;
  for (int k = 0; k < ps->count; k++) {
    esp_param *p = ps->item[k];
    if (esp_param_prunable(p) || is_scale(p)) continue;
    for (size_t i = 0; i < p->count; i++)
      p->value[i] = esp__round_mantissa(p->value[i], (unsigned)ctx->opt->round_bits);
  }
}

static esp_status make(const esp_compress_ctx *ctx, esp_error *err) {
  (void)err;
  hold(ctx);
  return ESP_OK;
}

const esp_compress_step esp__compress_step_round = {
    .name = "round",
    .help =
        "biases, batch norms and running statistics keep round_bits bits of their mantissa, "
        "as many as half precision has; at the end of each later stage again",
    .make = make,
    .hold = hold,
};
