/* factorise: layers of low rank take the place of others (include/espalier/factorise.h). */
#include "compress/catalogue.h"

#include <espalier/factorise.h>

#include <stdlib.h>

static esp_factorise_options options_of(const esp_compress_options *o) {
  return (esp_factorise_options){.method = o->factorise_method,
                                 .energy = o->factorise_energy,
                                 .parameters = o->factorise_parameters,
                                 .macs = o->factorise_macs,
                                 .rank = (int)o->factorise_rank};
}

static esp_status check(const esp_compress_ctx *ctx, esp_error *err) {
  const esp_factorise_options o = options_of(ctx->opt);
  esp_error why = {.text = ""};
  const esp_status status = esp_factorise_check(ctx->model, &o, &why);
  return status == ESP_OK ? ESP_OK
                          : esp_fail(err, status, "[compress] steps: factorise: %.900s", why.text);
}

/* from[i] for each layer i of the new network: that of the old one, -1: a factor of one. */
static int *sources(const esp_factored_layer *row, int layers, int made) {
  int *from = malloc((size_t)made * sizeof *from);
  for (int i = 0, k = 0; from && i < layers; i++)
    for (int factor = 0; factor < row[i].layers; factor++) from[k++] = row[i].method ? -1 : i;
  return from;
}

static esp_status replace(const esp_compress_ctx *ctx, esp_model **model, int **from,
                          esp_error *err) {
  const esp_factorise_options o = options_of(ctx->opt);
  const int layers = ctx->model->layers;
  esp_factored_layer *row = calloc((size_t)layers, sizeof *row);
  esp_status status = row ? esp_factorise(ctx->model, &o, model, row, err)
                          : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the factors");
  if (status == ESP_OK && !(*from = sources(row, layers, (*model)->layers))) {
    esp_model_free(*model);
    status = esp_fail(err, ESP_ERR_MEMORY, "out of memory for the factors");
  }
  free(row);
  return status;
}

const esp_compress_step esp__compress_step_factorise = {
    .name = "factorise",
    .help =
        "layers of low rank take the place of others, as 'espalier factorise' does it: two of "
        "singular values, rows and columns, Tucker-2, or a tensor train; factors are dense, layers "
        "that stay keep what is pruned",
    .check = check,
    .replace = replace,
};
