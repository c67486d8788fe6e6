/* espalier bench, in parts: what is measured, the measuring, the printing. */
#ifndef ESP_CLI_BENCH_H
#define ESP_CLI_BENCH_H

#include <espalier/run.h>

/* ---- bench_subject.c: the network ---- */

/* A network with its masks. */
typedef struct bench_subject {
  esp_loaded_run opened;
  esp_prune_options prune; /* of the pruner, which holds the masks; NULL: nothing is pruned */
  esp_pruner *pruner;
  char what[4400]; /* where it comes from, for a person */
} bench_subject;

/* path: a run directory or weights file, whose zeros become the masks; or a configuration (*.ini),
 * whose network gets its initial weights, pruned by magnitude to the sparsity of [prune]. On
 * failure *s needs no freeing. */
esp_status esp__bench_subject_open(bench_subject *s, const char *path, int overrides,
                                   const char *const *override, esp_error *err);
void esp__bench_subject_close(bench_subject *s);

/* ---- bench_measure.c: the times ---- */

/* The kernels that run: all dense, or as the stopwatch chooses, as in a run. */
typedef enum bench_mode { BENCH_DENSE, BENCH_SPARSE, BENCH_MODES } bench_mode;

/* Median milliseconds. */
typedef struct bench_layer {
  const esp_layer *layer;
  double ms[BENCH_MODES][ESP_PROPAGATIONS]; /* 0: the layer has no such pass */
} bench_layer;

typedef struct bench_times {
  bench_layer *layer; /* [layers of the model] */
  int layers, batch;
  double rest[BENCH_MODES];     /* of a training step: other operations, the optimiser */
  double training[BENCH_MODES]; /* a whole step */
  double inference[BENCH_MODES];
  double predictor; /* inference, image by image; 0: the network has no predictor */
} bench_times;

/* Times training steps and inference on random images, dense and sparse in turn, `repeats` times
 * each after a warm-up. The weights stay as they are, running statistics and momentum do not. On
 * failure *t needs no freeing. */
esp_status esp__bench_measure(bench_times *t, bench_subject *s, int batch, int repeats,
                              esp_error *err);
void esp__bench_times_free(bench_times *t);

/* ---- bench_print.c ---- */

typedef struct bench_report {
  const bench_subject *subject;
  const bench_times *times;
  const char *isa;
  int threads, repeats;
} bench_report;
void esp__bench_print_table(const bench_report *r);
esp_status esp__bench_print_json(const bench_report *r, esp_error *err);

#endif
