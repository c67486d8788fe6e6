/* espalier bench: what pruning bought, in milliseconds */
#include "cli/bench.h"

#include "cli/cli.h"
#include "kernels/kernels.h"

#include <omp.h>

typedef struct bench_options {
  int batch, repeats, threads; /* batch, threads 0: as the configuration says */
  bool json;
} bench_options;

static const esp__argument arguments[] = {
    {.name = "batch",
     .type = ESP_ARGUMENT_INT,
     .offset = offsetof(bench_options, batch),
     .value = "N",
     .min = 1,
     .max = 65536,
     .help = "Images of a batch, instead of train.batch."},
    {.name = "repeats",
     .type = ESP_ARGUMENT_INT,
     .offset = offsetof(bench_options, repeats),
     .value = "N",
     .fallback = "9",
     .min = 5,
     .max = 1001,
     .help = "Steps that are timed; the median is shown."},
    {.name = "threads",
     .type = ESP_ARGUMENT_INT,
     .offset = offsetof(bench_options, threads),
     .value = "N",
     .min = 1,
     .max = 1024,
     .help = "Threads, instead of run.threads."},
    {.name = "json",
     .type = ESP_ARGUMENT_FLAG,
     .offset = offsetof(bench_options, json),
     .help = "Prints JSON instead of a table."},
    {0},
};

static esp_status bench(bench_subject *s, const bench_options *o, esp_error *err) {
  const esp_config *c = &s->opened.config;
  const int threads = o->threads ? o->threads : (int)c->run.threads;
  bench_times t;
  if (threads > 0) omp_set_num_threads(threads);
  ESP_TRY(esp__bench_measure(&t, s, o->batch ? o->batch : (int)c->train.batch, o->repeats, err));
  const bench_report report = {s, &t, esp__kernels_active()->isa, omp_get_max_threads(),
                               o->repeats};
  esp_status status = ESP_OK;
  if (o->json)
    status = esp__bench_print_json(&report, err);
  else
    esp__bench_print_table(&report);
  esp__bench_times_free(&t);
  return status;
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  bench_subject s;
  ESP_TRY(esp__kernels_check(err));
  ESP_TRY(
      esp__bench_subject_open(&s, a->positional.item[0], a->override.count, a->override.item, err));
  const esp_status status = bench(&s, a->options, err);
  esp__bench_subject_close(&s);
  return status;
}

const esp__command esp__command_bench = {
    .name = "bench",
    .summary =
        "what pruning bought: times each layer, a training step and inference, "
        "with dense and with sparse kernels, and the predictor",
    .description =
        "Of a configuration it is the initial network, pruned by magnitude to "
        "prune.sparsity. The images are random. The predictor takes them one by one, "
        "or as many at a "
        "time as it has threads.\n",
    .positional = {.usage = "DIR|FILE|CONFIG.ini",
                   .expected = "a run directory, a weights file or a configuration",
                   .least = 1,
                   .most = 1,
                   .kind = ESP_WORD_FILE},
    .overrides = true,
    .options = arguments,
    .options_bytes = sizeof(bench_options),
    .run = run,
};
