/* espalier eval: accuracy, or R^2, of trained weights on the test images */
#include "base/replace.h"
#include "base/shown.h"
#include "base/text_stream.h"
#include "cli/cli.h"
#include "cli/trained.h"
#include "cli/engine.h"

#include <espalier/run.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 128 };

typedef enum eval_engine { LANES, PREDICTOR } eval_engine;

typedef struct eval_options {
  const char *logits;
  bool hash;
  eval_engine engine;
} eval_options;

static bool parse_engine(const char *text, void *member) {
  const bool predictor = strcmp(text, "predictor") == 0;
  *(eval_engine *)member = predictor ? PREDICTOR : LANES;
  return predictor || strcmp(text, "lanes") == 0;
}

static const esp__argument arguments[] = {
    {.name = "engine",
     .type = ESP_ARGUMENT_PARSED,
     .offset = offsetof(eval_options, engine),
     .value = "ENGINE",
     .expected = "lanes or predictor",
     .fallback = "lanes",
     .parse = parse_engine,
     .help = "What computes: lanes, as in training, or predictor, one image at a time, which also "
             "is the library for other programs. The logits have the same bits."},
    {.name = "logits",
     .type = ESP_ARGUMENT_TEXT,
     .offset = offsetof(eval_options, logits),
     .value = "OUT.csv",
     .expected = "a file name",
     .kind = ESP_WORD_FILE,
     .help = "Writes the logits of every test image, a row an image; of targets what they are and "
             "what is predicted, in their units. Only such a file is replaced."},
    {.name = "hash",
     .type = ESP_ARGUMENT_FLAG,
     .offset = offsetof(eval_options, hash),
     .help =
         "Prints the SHA-256 of all logits, as little-endian floats: an image after the other."},
    {0},
};

/* What is known of image i of the batch: its label, or its targets in their units. */
static void write_truth(FILE *out, const esp_batch *batch, int i) {
  const esp_target_scale *scale = batch->scale;
  if (!batch->targets) fprintf(out, ",%d", batch->labels[i]);
  for (int t = 0; batch->targets && t < scale->count; t++)
    fprintf(out, ",%.9g",
            esp_target_value(
                scale, t,
                batch->targets[(i / ESP_LANES * scale->count + t) * ESP_LANES + i % ESP_LANES]));
}

static void write_rows(FILE *out, const esp_graph *g, const esp_batch *batch, int64_t first) {
  const esp_value *logits = esp_graph_output(g);
  const int classes = esp_value_shape(logits).channels;
  for (int i = 0; i < batch->count; i++) {
    fprintf(out, "%" PRId64, first + i);
    write_truth(out, batch, i);
    for (int c = 0; c < classes; c++) {
      const float value = esp_value_at(logits, i, c, 0, 0);
      fprintf(out, ",%.9g",
              batch->targets ? esp_target_value(batch->scale, c, value) : (double)value);
    }
    fputc('\n', out);
  }
}

/* The bits of every logit, the lowest byte first. */
static void hash_rows(esp_sha256 *hash, const esp_graph *g, const esp_batch *batch) {
  const esp_value *logits = esp_graph_output(g);
  const int classes = esp_value_shape(logits).channels;
  for (int i = 0; i < batch->count; i++)
    for (int c = 0; c < classes; c++) {
      const float logit = esp_value_at(logits, i, c, 0, 0);
      uint32_t bits;
      memcpy(&bits, &logit, sizeof bits);
      const uint8_t bytes[4] = {(uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16),
                                (uint8_t)(bits >> 24)};
      esp_sha256_add(hash, bytes, sizeof bytes);
    }
}

/* What an evaluation finds. */
typedef struct found {
  esp_metrics metrics;
  esp_dynamic_macs executed;
  int64_t *confusion; /* [classes * classes] */
  esp_sha256 hash;    /* of the logits so far */
} found;

static void run_over(esp__engine *e, esp_loader *loader, found *f, FILE *rows) {
  esp_graph *g = e->graph;
  const esp_batch *batch;
  esp_loader_start(loader, 0, 0);
  esp_sha256_start(&f->hash);
  while ((batch = esp_loader_next(loader))) {
    const esp_outcome outcome = esp__engine_run(e, batch);
    if (rows) write_rows(rows, g, batch, f->metrics.count);
    hash_rows(&f->hash, g, batch);
    esp_metrics_add(&f->metrics, g, batch, outcome, f->confusion);
    if (!e->network) esp_dynamic_macs_add(&f->executed, g, batch->count);
  }
}

static void print_confusion(const esp_loaded_run *o, const int64_t *confusion) {
  const int classes = o->model->classes;
  printf("\nconfusion: a row per class, a column per answer\n%16s", "");
  for (int c = 0; c < classes; c++) printf(" %6d", c);
  for (int r = 0; r < classes; r++) {
    printf("\n%3d %-12.12s", r, ESP_SHOWN(o->class_name[r]));
    for (int c = 0; c < classes; c++) printf(" %6" PRId64, confusion[r * classes + c]);
  }
  putchar('\n');
}

static void print_classes(const esp_loaded_run *o, const esp_metrics *m) {
  const esp_tasks *tasks = &o->model->tasks;
  printf("top-1 %.2f %%\ntop-5 %.2f %%\nloss %.4f\n", 100.0 * esp_metrics_top1(m),
         100.0 * esp_metrics_top5(m), esp_metrics_loss(m));
  for (int t = 1; t < tasks->count; t++)
    printf("%s top-1 %.2f %%\n", tasks->item[t].name, 100.0 * esp_metrics_task_top1(m, t));
}

/* The loss is that of the outputs; errors are in the units of the targets. */
static void print_targets(const esp_loaded_run *o, const esp_metrics *m) {
  char text[ESP_QUALITY_TEXT];
  const esp_quality *q = esp_metrics_quality_of(m);
  printf("%s %s\nloss %.4f\n", q->label, esp_quality_text(q, esp_metrics_quality(m), text),
         esp_metrics_loss(m));
  for (int t = 0; t < m->targets; t++) {
    const double rmse = esp_metrics_rmse(m, t);
    printf("%s %s %s RMSE %.6g MSE %.6g\n", ESP_SHOWN(o->class_name[t]), q->label,
           esp_quality_text(q, esp_metrics_target_r2(m, t), text), rmse, rmse * rmse);
  }
}

static void print_metrics(const esp_loaded_run *o, const esp_metrics *m) {
  printf("test images %" PRId64 "\n", m->count);
  (m->targets > 0 ? print_targets : print_classes)(o, m);
}

/* A column per output: the classes, then the groups of each task; or the targets. */
static void write_header(FILE *out, const esp_tasks *tasks, int targets) {
  fputs(targets > 0 ? "image" : "image,label", out);
  for (int t = 0; t < targets; t++) fprintf(out, ",target_%d", t);
  for (int t = 0; t < targets; t++) fprintf(out, ",predicted_%d", t);
  for (int t = 0; t < tasks->count && targets == 0; t++)
    for (int c = 0; c < tasks->item[t].answers; c++)
      if (t == 0)
        fprintf(out, ",logit_%d", c);
      else
        fprintf(out, ",logit_%s_%d", tasks->item[t].name, c);
  fputc('\n', out);
}

static void print_executed(const esp_dynamic_macs *executed, double macs) {
  const double mean = esp_dynamic_macs_mean(executed);
  printf("MACs an image %.0f, executed %.0f (%.2f %%), from %" PRId64 " to %" PRId64 "\n", macs,
         mean, 100.0 * mean / macs, executed->least, executed->most);
}

static void print_found(const esp_loaded_run *o, const found *f, double macs) {
  print_metrics(o, &f->metrics);
  if (f->executed.images > 0) print_executed(&f->executed, macs);
  if (f->metrics.targets == 0 && o->model->classes <= 20) print_confusion(o, f->confusion);
}

static void print_hash(esp_sha256 *hash) {
  char hex[65];
  esp_sha256_end(hash, hex);
  printf("logits_sha256 %s\n", hex);
}

/* The logits go to a temporary file first: a full disk leaves no half table behind. */
static esp_status evaluate(esp_loaded_run *o, const eval_options *options, esp_error *err) {
  const char *logits_path = options->logits;
  esp__engine e = {0};
  esp_graph *g = NULL;
  esp_loader *loader = NULL;
  char *text = NULL;
  size_t bytes = 0;
  const int classes = o->model->classes;
  found f = {.confusion = calloc((size_t)(classes * classes), sizeof *f.confusion)};
  FILE *rows = logits_path ? esp__text_stream(&text, &bytes) : NULL;
  esp_status status = f.confusion && (rows || !logits_path)
                          ? ESP_OK
                          : esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  if (status == ESP_OK)
    status = esp_model_graph(o->model, BATCH, false, (esp_loss_attr){0}, &g, err);
  e.graph = g;
  if (status == ESP_OK)
    status = options->engine == PREDICTOR ? esp__engine_open_predictor(&e, o, BATCH, err)
                                          : esp_graph_count_dynamic_macs(g, true, err);
  if (status == ESP_OK)
    status =
        esp_loader_new(&loader, o->set, &o->set->test, (esp_loader_options){.batch = BATCH}, err);
  if (status == ESP_OK) {
    if (rows) write_header(rows, &o->model->tasks, o->set->targets.count);
    run_over(&e, loader, &f, rows);
  }
  if (rows && fclose(rows) != 0 && status == ESP_OK)
    status = esp_fail(err, ESP_ERR_MEMORY, "out of memory for the logits");
  if (status == ESP_OK && logits_path) status = esp_file_write(logits_path, text, bytes, err);
  if (status == ESP_OK) print_found(o, &f, esp_graph_macs(g, false));
  if (status == ESP_OK && options->hash) print_hash(&f.hash);
  esp__engine_close(&e);
  esp_loader_free(loader);
  esp_graph_free(g);
  free(f.confusion);
  free(text);
  return status;
}

static esp_status check_table(const char *path, esp_error *err) {
  static const char what[] = "is no table of logits";
  if (esp__check_replaced(path, "image,target_", what, NULL) == ESP_OK) return ESP_OK;
  return esp__check_replaced(path, "image,label,logit_", what, err);
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  const eval_options *options = a->options;
  esp_loaded_run o;
  if (options->logits) ESP_TRY(check_table(options->logits, err));
  ESP_TRY(esp_load_run(&o, a->positional.item[0], true, a->override.count, a->override.item, err));
  esp_status status = esp__overrides_matter(&a->override, err);
  if (status == ESP_OK) status = esp_loaded_run_mask_zeros(&o, err);
  if (status == ESP_OK) status = evaluate(&o, options, err);
  esp_loaded_run_free(&o);
  return status;
}

const esp__command esp__command_eval = {
    .name = "eval",
    .summary = "accuracy, loss and confusion, or R^2, of trained weights on the test images",
    .description =
        "The images are those of the run's own configuration, which the weights file "
        "holds.\n",
    .positional = ESP_ONE_NETWORK,
    .overrides = true,
    .options = arguments,
    .options_bytes = sizeof(eval_options),
    .run = run,
};
