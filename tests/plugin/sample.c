/* A plugin in several versions: what is not given at compile time is as it should be. */
#include <espalier/plugin.h>
#include <espalier/prune.h>

#include <math.h>

#ifndef SAMPLE_ABI
#define SAMPLE_ABI ESP_PLUGIN_ABI
#endif
#ifndef SAMPLE_NAME
#define SAMPLE_NAME "sample"
#endif
#ifndef SAMPLE_VERSION
#define SAMPLE_VERSION "1.0"
#endif
#ifndef SAMPLE_CRITERION
#define SAMPLE_CRITERION "sample"
#endif
#ifndef SAMPLE_ENTRY
#define SAMPLE_ENTRY esp_plugin_entry
#endif

static void score(const esp_param *p, const esp_prune_ctx *ctx, float *score) {
  (void)ctx;
  for (size_t i = 0; i < p->count; i++) score[i] = fabsf(p->value[i]);
}

static const esp_criterion criterion = {
    .name = SAMPLE_CRITERION, .help = "absolute value of the weight", .score = score};

static esp_status start(esp_error *err) {
  ESP_TRY(esp_criterion_register(&criterion, err));
#ifdef SAMPLE_FAILS
  return esp_fail(err, ESP_ERR_FAILED, "this machine is too small");
#else
  return ESP_OK;
#endif
}

extern const esp_plugin SAMPLE_ENTRY;
const esp_plugin SAMPLE_ENTRY = {SAMPLE_ABI, SAMPLE_NAME, SAMPLE_VERSION, start};
