/* espalier shrink: a smaller network without what was pruned */
#include "base/shown.h"
#include "cli/cli.h"
#include "cli/figures.h"

#include <espalier/run.h>

#include <inttypes.h>

typedef struct shrink_options {
  const char *out;
  int multiple;
} shrink_options;

static const esp__argument arguments[] = {
    {.name = "output",
     .letter = 'o',
     .type = ESP_ARGUMENT_TEXT,
     .offset = offsetof(shrink_options, out),
     .value = "OUT.safetensors",
     .expected = "a file name",
     .required = true,
     .kind = ESP_WORD_FILE,
     .help = "The weights file to write."},
    {.name = "multiple",
     .type = ESP_ARGUMENT_INT,
     .offset = offsetof(shrink_options, multiple),
     .value = "N",
     .fallback = "1",
     .min = 1,
     .max = 65536,
     .help = "Leaves as many channels as make a multiple of this."},
    {0},
};

/* What is left out would add zeros, so the difference should be 0; this much is float rounding. */
static esp_status check(const esp_logit_difference *d, esp_error *err) {
  if (d->largest <= 1e-5 * (1.0 + d->logit)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "the smaller network's logits differ by up to %g over %" PRId64
                  " images (the largest logit is %g): not saved",
                  d->largest, d->images, d->logit);
}

static esp_status shrink(esp_loaded_run *o, const char *out, const char *file, esp_model *small,
                         esp_error *err) {
  esp_logit_difference d;
  esp__figures before, after;
  ESP_TRY(esp_compare(o->model, small, o->set, &d, err));
  ESP_TRY(check(&d, err));
  ESP_TRY(esp__figures_of(o->model, o->set, file, &before, err));
  ESP_TRY(esp_loaded_run_save(o, small, "shrunk", out, err));
  ESP_TRY(esp__figures_of(small, o->set, out, &after, err));
  esp__figures_print(&before, &after);
  printf("largest difference of a logit over %" PRId64
         " test images: %g (largest logit %g)\nsaved in %s\n",
         d.images, d.largest, d.logit, ESP_SHOWN(out));
  return ESP_OK;
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  const shrink_options *options = a->options;
  const char *path = a->positional.item[0];
  esp_loaded_run o;
  char file[4096];
  esp_model *small = NULL;
  ESP_TRY(esp_weights_path(path, file, err));
  ESP_TRY(esp_load_run(&o, path, true, a->override.count, a->override.item, err));
  esp_status status = esp_shrink(o.model, options->multiple, &small, err);
  if (status == ESP_OK) status = shrink(&o, options->out, file, small, err);
  esp_model_free(small);
  esp_loaded_run_free(&o);
  return status;
}

const esp__command esp__command_shrink = {
    .name = "shrink",
    .summary =
        "a smaller network without the channels and blocks that are pruned, "
        "proved on the test images",
    .description =
        "The logits of both networks are compared on all test images; "
        "where they differ by more than rounding, nothing is written.\n",
    .positional = ESP_ONE_NETWORK,
    .overrides = true,
    .options = arguments,
    .options_bytes = sizeof(shrink_options),
    .run = run,
};
