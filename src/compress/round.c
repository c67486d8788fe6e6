/* round: biases, batch norms and running statistics with fewer bits. */
#include "compress/catalogue.h"

#include <string.h>

enum { MANTISSA = 23 }; /* bits of a float's mantissa without the leading one */

/* To the nearest number whose mantissa has so many bits, halves to even. The exponent keeps the
 * range of a float, which half precision does not have; the carry of a mantissa goes into it. */
static float rounded(float number, unsigned bits) {
  uint32_t word;
  memcpy(&word, &number, sizeof word);
  const unsigned drop = MANTISSA - bits;
  const uint32_t half = (uint32_t)1 << (drop - 1), odd = word >> drop & 1;
  const uint32_t up = (word + half - 1 + odd) >> drop << drop;
  float result;
  memcpy(&result, &up, sizeof result);
  return result;
}

static void hold(const esp_compress_ctx *ctx) {
  const esp_params *ps = &ctx->model->params;
  for (int k = 0; k < ps->count; k++) {
    esp_param *p = ps->item[k];
    if (esp_param_prunable(p)) continue;
    for (size_t i = 0; i < p->count; i++)
      p->value[i] = rounded(p->value[i], (unsigned)ctx->opt->round_bits);
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
