/* espalier bench: what pruning bought, in milliseconds */
#include "cli/bench.h"

#include "cli/cli.h"
#include "kernels/kernels.h"

#include <errno.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#define USAGE \
  "DIR|FILE|CONFIG.ini [--batch N] [--repeats N] [--threads N] [--json] [section.key=value ...]"

enum { OVERRIDES_MAX = 256, THREADS_MAX = 1024 };

typedef struct arguments {
  const char *path, *override[OVERRIDES_MAX];
  int overrides;
  int batch, repeats, threads; /* batch, threads 0: as the configuration says */
  bool json;
} arguments;

/* An option with a whole number behind it. */
typedef struct number_option {
  const char *name;
  int min, max, *value;
} number_option;

static esp_status read_number(const number_option *o, const char *text, esp_error *err) {
  char *end = NULL;
  errno = 0;
  const long value = text ? strtol(text, &end, 10) : 0;
  if (!text || end == text || *end || errno || value < o->min || value > o->max)
    return esp_fail(err, ESP_ERR_INPUT, "%s %.60s: expected a whole number from %d to %d", o->name,
                    text ? text : "(nothing)", o->min, o->max);
  *o->value = (int)value;
  return ESP_OK;
}

static esp_status parse_word(arguments *a, const char *word, esp_error *err) {
  if (strcmp(word, "--json") == 0)
    a->json = true;
  else if (word[0] == '-')
    return esp_fail(err, ESP_ERR_INPUT, "unknown option '%.60s'; expected: espalier bench " USAGE,
                    word);
  else if (!a->path)
    a->path = word;
  else if (a->overrides == OVERRIDES_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "more than %d arguments of the form section.key=value",
                    OVERRIDES_MAX);
  else
    a->override[a->overrides++] = word;
  return ESP_OK;
}

static esp_status parse(int argc, char **argv, arguments *a, esp_error *err) {
  const number_option options[] = {{"--batch", 1, 65536, &a->batch},
                                   {"--repeats", 5, 1001, &a->repeats},
                                   {"--threads", 1, THREADS_MAX, &a->threads}};
  for (int i = 0; i < argc; i++) {
    const number_option *o = NULL;
    for (size_t k = 0; k < sizeof options / sizeof *options; k++)
      if (strcmp(argv[i], options[k].name) == 0) o = &options[k];
    if (o)
      ESP_TRY(read_number(o, ++i < argc ? argv[i] : NULL, err));
    else
      ESP_TRY(parse_word(a, argv[i], err));
  }
  if (!a->path)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "expected a run directory, a weights file or a configuration: espalier bench " USAGE);
  return ESP_OK;
}

static esp_status bench(bench_subject *s, const arguments *a, esp_error *err) {
  const esp_config *c = &s->opened.config;
  const int threads = a->threads ? a->threads : (int)c->run.threads;
  bench_times t;
  if (threads > 0) omp_set_num_threads(threads);
  ESP_TRY(bench_measure(&t, s, a->batch ? a->batch : (int)c->train.batch, a->repeats, err));
  const bench_report report = {s, &t, esp__kernels_active()->isa, omp_get_max_threads(),
                               a->repeats};
  esp_status status = ESP_OK;
  if (a->json)
    status = bench_print_json(&report, err);
  else
    bench_print_table(&report);
  bench_times_free(&t);
  return status;
}

static esp_status run(int argc, char **argv, esp_error *err) {
  arguments a = {.repeats = 9};
  bench_subject s;
  ESP_TRY(parse(argc, argv, &a, err));
  ESP_TRY(esp__kernels_check(err));
  ESP_TRY(bench_subject_open(&s, a.path, a.overrides, a.override, err));
  const esp_status status = bench(&s, &a, err);
  bench_subject_close(&s);
  return status;
}

const esp__command esp__command_bench = {
    .name = "bench",
    .usage = USAGE,
    .help =
        "what pruning bought: times each layer, a training step and inference, "
        "with dense and with sparse kernels",
    .run = run,
};
