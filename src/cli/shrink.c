/* espalier shrink: a smaller network without what was pruned */
#include "base/shown.h"
#include "cli/cli.h"

#include "base/clock.h"

#include <espalier/run.h>

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { BATCH = 128, TIMES = 5 };

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

/* What is printed about a network. */
typedef struct figures {
  double params, macs, bytes, milliseconds;
} figures;

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Median of the times for a batch, after one that warms up; milliseconds an image. */
static esp_status measure(esp_model *m, const esp_dataset *set, double *milliseconds,
                          esp_error *err) {
  esp_graph *g = NULL;
  esp_loader *loader = NULL;
  double seconds[TIMES];
  esp_status status = esp_model_graph(m, BATCH, false, (esp_loss_attr){0}, &g, err);
  if (status == ESP_OK)
    status = esp_loader_new(&loader, set, &set->test, (esp_loader_options){.batch = BATCH}, err);
  if (status == ESP_OK) {
    esp_loader_start(loader, 0, 0);
    const esp_batch *batch = esp_loader_next(loader);
    esp_graph_forward(g, batch, (esp_pass){0});
    for (int i = 0; i < TIMES; i++) {
      const double start = esp__seconds();
      esp_graph_forward(g, batch, (esp_pass){0});
      seconds[i] = esp__seconds() - start;
    }
    qsort(seconds, TIMES, sizeof *seconds, ascending);
    *milliseconds = 1e3 * seconds[TIMES / 2] / batch->count;
  }
  esp_loader_free(loader);
  esp_graph_free(g);
  return status;
}

static esp_status describe(esp_model *m, const esp_dataset *set, const char *file, figures *f,
                           esp_error *err) {
  struct stat info = {0};
  *f = (figures){0};
  for (int k = 0; k < m->params.count; k++)
    if (esp_param_trains(m->params.item[k])) f->params += (double)m->params.item[k]->count;
  for (int i = 0; i < m->layers; i++)
    f->macs += (double)m->layer[i].weight->count * m->layer[i].weight->positions;
  if (stat(file, &info) == 0) f->bytes = (double)info.st_size;
  return measure(m, set, &f->milliseconds, err);
}

static void print_row(const char *name, int decimals, double before, double after) {
  printf("%-18s %14.*f %14.*f %8.3f\n", name, decimals, before, decimals, after, after / before);
}

static void print_figures(const figures *before, const figures *after) {
  printf("%-18s %14s %14s %8s\n", "", "before", "after", "ratio");
  print_row("parameters", 0, before->params, after->params);
  print_row("MACs an image", 0, before->macs, after->macs);
  print_row("bytes of the file", 0, before->bytes, after->bytes);
  print_row("ms an image", 4, before->milliseconds, after->milliseconds);
}

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
  figures before, after;
  ESP_TRY(esp_compare(o->model, small, o->set, &d, err));
  ESP_TRY(check(&d, err));
  ESP_TRY(describe(o->model, o->set, file, &before, err));
  ESP_TRY(esp_loaded_run_save(o, small, out, err));
  ESP_TRY(describe(small, o->set, out, &after, err));
  print_figures(&before, &after);
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
