/* A criterion of one's own, with a key of its own, as a plugin: what a weight is worth, in one
 * function.
 *
 *     cc -shared -fPIC criterion_plugin.c $(pkg-config --cflags espalier) -o criterion_plugin.so
 *     espalier run experiment.ini
 *
 * with
 *
 *     [run]
 *     plugins = criterion_plugin.so
 *     [prune]
 *     method = steady
 *     pull = 2
 *     sparsity = 0.9
 *
 * From there on `steady` is a method like any other: structures, distributions and schedules go
 * with it, `espalier help --plugin criterion_plugin.so steady` explains it, checkpoints and
 * resuming need nothing more. The pruner removes the units with the lowest scores, exactly as many
 * as asked for; a score is a number for each weight, and higher means keep. */
#include <espalier/plugin.h>
#include <espalier/prune.h>

#include <math.h>
#include <stddef.h>

/* The keys of the method: a struct, and a table that says how its members are read. */
typedef struct steady_options {
  double pull;
} steady_options;

static const esp_option table[] = {
    {.name = "pull",
     .type = ESP_OPTION_REAL,
     .offset = offsetof(steady_options, pull),
     .fallback = "1",
     .min = 0,
     .max = 1000,
     .help = "steady: how much a weight loses by the gradient of the loss."},
    {.name = NULL}};

static const esp_method_keys keys = {table, sizeof(steady_options), NULL};

/* score = |w| / (1 + pull |g|): large weights that the loss no longer pulls at. The gradients,
 * averaged over batches, are there because `needs` says so. */
static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  const steady_options *o = (const steady_options *)esp_prune_keys(ctx->opt, &keys);
  for (size_t i = 0; i < p->count; i++)
    score[i] = fabsf(p->value[i]) / (1.0f + (float)o->pull * fabsf(p->grad[i]));
}

static const esp_criterion steady = {
    .name = "steady",
    .help = "absolute value of the weight, less where the loss still pulls at it",
    .keys = {&keys},
    .needs = ESP_NEEDS_GRADIENT,
    .score = score,
};

static esp_status start(esp_error *err) {
  return esp_criterion_register(&steady, err);
}

const esp_plugin esp_plugin_entry = {ESP_PLUGIN_ABI, "steady", "1.0", start};
