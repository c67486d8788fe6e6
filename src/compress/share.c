/* share: the weights of a layer share few values (Han et al. 2016, section 3). */
#include "compress/catalogue.h"
#include "compress/kmeans.h"

#include <stdlib.h>
#include <string.h>

static esp__kmeans_start start_of(const esp_compress_options *opt) {
  if (strcmp(opt->share_start, "density") == 0) return ESP_KMEANS_DENSITY;
  return strcmp(opt->share_start, "random") == 0 ? ESP_KMEANS_RANDOM : ESP_KMEANS_LINEAR;
}

static bool is_there(const esp_param *p, size_t i) {
  return !p->mask || p->mask->keep[i];
}

/* Every weight that is there gets the nearest centre, and remembers which. */
static void take(esp_param *p, const float *centre, int k) {
  for (size_t i = 0; i < p->count; i++) {
    if (!is_there(p, i)) continue;
    p->shared[i] = (uint8_t)esp__kmeans_nearest(centre, k, p->value[i]);
    p->value[i] = centre[p->shared[i]];
  }
}

static esp_status share(const esp_compress_ctx *ctx, int layer, esp_error *err) {
  esp_param *p = ctx->model->layer[layer].weight;
  const int k = 1 << ctx->opt->share_bits;
  float centre[ESP_CENTRES_MAX], *number = malloc((p->count + 1) * sizeof *number);
  size_t n = 0;
  if (!p->shared) p->shared = calloc(p->count, 1);
  if (!number || !p->shared) {
    free(number);
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the shared weights of '%s'", p->name);
  }
  for (size_t i = 0; i < p->count; i++)
    if (is_there(p, i)) number[n++] = p->value[i];
  esp_status status = ESP_OK;
  if (n > 0)
    status = esp__kmeans(number, n, start_of(ctx->opt), esp_key_of(ctx->key, (uint64_t)layer),
                         centre, k, err);
  if (n > 0 && status == ESP_OK) take(p, centre, k);
  free(number);
  return status;
}

static esp_status make(const esp_compress_ctx *ctx, esp_error *err) {
  for (int i = 0; i < ctx->model->layers; i++) ESP_TRY(share(ctx, i, err));
  return ESP_OK;
}

const esp_compress_step esp__compress_step_share = {
    .name = "share",
    .help =
        "the weights of a layer that are not pruned share at most 2^share_bits values, by "
        "k-means; training on moves a value by the sum of its weights' gradients "
        "(Han et al. 2016)",
    .make = make,
};
