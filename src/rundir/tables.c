/* Counting, the CSV files, and all report files together. */
#include "rundir/tables.h"

#include "base/text_stream.h"
#include "rundir/kernels_csv.h"

#include <stdlib.h>
#include <string.h>

/* ---- counting ---- */

void esp__result_count(esp__result *r, const esp_model *model, const esp_graph *graph,
                       const esp_pruner *pruner) {
  r->params = r->params_nonzero = r->weights = r->weights_kept = 0;
  for (int i = 0; i < model->params.count; i++) {
    const esp_param *p = model->params.item[i];
    if (!esp_param_trains(p)) continue;
    r->params += (int64_t)p->count;
    r->params_nonzero += (int64_t)esp_param_kept(p);
    if (!esp_param_prunable(p)) continue;
    r->weights += (int64_t)p->count;
    r->weights_kept += (int64_t)esp_param_kept(p);
  }
  r->macs = esp_graph_macs(graph, false);
  r->macs_effective = esp_graph_macs(graph, true);
  const esp_pruned count = pruner ? esp_pruner_count(pruner) : (esp_pruned){0, 0};
  r->pruned = (int64_t)count.pruned;
  r->units = (int64_t)count.units;
}

double esp__result_sparsity(const esp__result *r) {
  return esp_share_of(r->pruned, r->units);
}
double esp__result_rate(const esp__result *r) {
  return r->seconds > 0.0 ? (double)r->images / r->seconds : 0.0;
}
int64_t esp__result_bytes(const esp__result *r) {
  return 4 * r->params_nonzero + (r->weights_kept < r->weights ? (r->weights + 7) / 8 : 0);
}

/* ---- CSV ---- */

/* A column that stays empty where nothing was measured. */
static void print_measure(FILE *f, const esp_metrics *m, double value) {
  if (m->count > 0)
    fprintf(f, ",%.6g", value);
  else
    fputc(',', f);
}

/* The same for each task behind the first, in both. */
static void print_tasks(FILE *f, const esp_tasks *tasks, const esp_metrics *a,
                        const esp_metrics *b) {
  for (int t = 1; t < tasks->count; t++) {
    print_measure(f, a, esp_metrics_task_top1(a, t));
    print_measure(f, b, esp_metrics_task_top1(b, t));
  }
}

/* A row of names: `header`, then the tasks' columns behind `a` and `b`; newly allocated. */
static char *header_of(const char *header, const esp_tasks *tasks, const char *a, const char *b) {
  char *text = NULL;
  size_t bytes;
  FILE *f = esp__text_stream(&text, &bytes);
  if (!f) return NULL;
  fputs(header, f);
  for (int t = 1; t < tasks->count; t++)
    fprintf(f, ",%s_%s,%s_%s", a, tasks->item[t].name, b, tasks->item[t].name);
  fputc('\n', f);
  return fclose(f) == 0 ? text : NULL;
}

static esp_status append(char **rows, FILE *f, char **text, esp_error *err) {
  esp_status status = fclose(f) == 0 ? esp__rows_append(rows, *text, err)
                                     : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the log");
  free(*text);
  return status;
}

static const char log_header[] =
    "stage,epoch,lr,train_loss,train_accuracy,validation_loss,validation_accuracy,"
    "sparsity,images_per_second,seconds";

esp_status esp__report_epoch(esp__position *p, const esp_tasks *tasks, const esp__log_row *row,
                             esp_error *err) {
  char *text = NULL;
  size_t bytes;
  FILE *f = esp__text_stream(&text, &bytes);
  if (!f) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the log");
  fprintf(f, "%d,%lld,%.6g,%.6g,%.6g", p->stage, (long long)p->epoch, row->lr,
          esp_metrics_loss(&p->train), esp_metrics_top1(&p->train));
  print_measure(f, &row->validation, esp_metrics_loss(&row->validation));
  print_measure(f, &row->validation, esp_metrics_top1(&row->validation));
  fprintf(f, ",%.6g,%.1f,%.2f", row->sparsity,
          (double)p->train.count / (p->train.seconds > 0 ? p->train.seconds : 1), p->train.seconds);
  print_tasks(f, tasks, &p->train, &row->validation);
  fputc('\n', f);
  return append(&p->log, f, &text, err);
}

static const char layers_header[] =
    "round,layer,sparsity_requested,sparsity,density,compression,"
    "weights,weights_nonzero,macs,macs_effective\n";

esp_status esp__report_layers(esp__position *p, const esp_model *model, double requested,
                              esp_error *err) {
  char *text = NULL;
  size_t bytes;
  FILE *f = esp__text_stream(&text, &bytes);
  if (!f) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the log");
  for (int i = 0; i < model->layers; i++) {
    const esp_param *w = model->layer[i].weight;
    const double all = (double)w->count, kept = (double)esp_param_kept(w);
    fprintf(f, "%d,%s,%.6g,%.6g,%.6g,%.6g,%zu,%zu,%.0f,%.0f\n", p->stage, model->layer[i].name,
            requested, 1.0 - kept / all, kept / all, kept > 0 ? all / kept : 0.0, w->count,
            esp_param_kept(w), all * w->positions, kept * w->positions);
  }
  return append(&p->layers, f, &text, err);
}

static const char trials_header[] = "round,trial,validation_accuracy,validation_loss\n";

static const char confusion_header[] = "round,label,answer,images\n";

/* Of the results so far, that of the dense network stays: its rows stand first. */
static void keep_dense_rows(char *rows) {
  while (rows && strncmp(rows, "0,", 2) == 0) {
    rows += strcspn(rows, "\n");
    rows += *rows == '\n';
  }
  if (rows) *rows = '\0';
}

esp_status esp__report_confusion(esp__position *p, int round, const int64_t *confusion, int classes,
                                 esp_error *err) {
  char *text = NULL;
  size_t bytes;
  FILE *f = esp__text_stream(&text, &bytes);
  if (!f) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the confusion of classes");
  keep_dense_rows(p->confusion);
  for (int label = 0; label < classes; label++)
    for (int answer = 0; answer < classes; answer++, confusion++)
      if (*confusion > 0)
        fprintf(f, "%d,%d,%d,%lld\n", round, label, answer, (long long)*confusion);
  return append(&p->confusion, f, &text, err);
}

static const char rounds_header[] =
    "round,sparsity_requested,sparsity,density,compression,"
    "params,params_nonzero,bytes,macs,macs_effective,"
    "validation_accuracy_before,validation_loss_before,test_accuracy_before,test_loss_before,"
    "validation_accuracy,validation_loss,test_accuracy,test_top5,test_loss,recovery,"
    "milliseconds_per_image,train_images_per_second,seconds,macs_executed";

double esp__report_recovery(const esp__report *r, const esp__result *of) {
  const double loss = esp_metrics_loss(&of->test);
  return r->has_dense && loss > 0.0 ? esp_metrics_loss(&r->position->result[0].test) / loss : 0.0;
}

static void print_round(FILE *f, const esp__report *report, const esp__result *r) {
  fprintf(f, "%d,%.6g,%.6g,%.6g,%.6g,%lld,%lld,%lld,%.0f,%.0f", r->round, r->requested,
          esp__result_sparsity(r), esp_share_of(r->weights_kept, r->weights),
          esp_share_of(r->weights, r->weights_kept), (long long)r->params,
          (long long)r->params_nonzero, (long long)esp__result_bytes(r), r->macs,
          r->macs_effective);
  const esp_metrics *before[] = {&r->validation_before, &r->test_before};
  for (int i = 0; i < 2; i++) {
    print_measure(f, before[i], esp_metrics_top1(before[i]));
    print_measure(f, before[i], esp_metrics_loss(before[i]));
  }
  print_measure(f, &r->validation, esp_metrics_top1(&r->validation));
  print_measure(f, &r->validation, esp_metrics_loss(&r->validation));
  print_measure(f, &r->test, esp_metrics_top1(&r->test));
  print_measure(f, &r->test, esp_metrics_top5(&r->test));
  print_measure(f, &r->test, esp_metrics_loss(&r->test));
  if (report->has_dense)
    fprintf(f, ",%.6g", esp__report_recovery(report, r));
  else
    fputc(',', f);
  print_measure(f, &r->test, 1e3 * r->test.seconds / (double)r->test.count);
  fprintf(f, ",%.1f,%.2f,", esp__result_rate(r), r->seconds);
  if (r->executed.images > 0) fprintf(f, "%.0f", esp_dynamic_macs_mean(&r->executed));
  print_tasks(f, report->tasks, &r->test_before, &r->test);
  fputc('\n', f);
}

static esp_status write_rounds(const esp__report *r, const char *path, esp_error *err) {
  char *text = NULL;
  size_t bytes;
  char *header = header_of(rounds_header, r->tasks, "test_accuracy_before", "test_accuracy");
  FILE *f = header ? esp__text_stream(&text, &bytes) : NULL;
  if (f) fputs(header, f);
  free(header);
  if (!f) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the results");
  for (int i = 0; i < r->position->results; i++)
    if (r->position->result[i].round > 0) print_round(f, r, &r->position->result[i]);
  const esp_status status = fclose(f) == 0
                                ? esp_file_write(path, text, bytes, err)
                                : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the results");
  free(text);
  return status;
}

static esp_status write_rows(const char *header, const char *rows, const char *path,
                             esp_error *err) {
  esp_file_writer w;
  ESP_TRY(esp_file_begin(&w, path, err));
  ESP_TRY(esp_file_append(&w, header, strlen(header), err));
  if (rows) ESP_TRY(esp_file_append(&w, rows, strlen(rows), err));
  return esp_file_commit(&w, err);
}

static esp_status write_log(const esp__report *r, const char *path, esp_error *err) {
  char *header = header_of(log_header, r->tasks, "train_accuracy", "validation_accuracy");
  if (!header) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the log");
  const esp_status status = write_rows(header, r->position->log, path, err);
  free(header);
  return status;
}

esp_status esp__report_write(const esp__report *r, esp_error *err) {
  char path[4096];
#define IN_DIR(name) (snprintf(path, sizeof path, "%s/%s", r->dir, name), path)
  ESP_TRY(write_log(r, IN_DIR("log.csv"), err));
  ESP_TRY(write_rows(layers_header, r->position->layers, IN_DIR("layers.csv"), err));
  ESP_TRY(write_rows(esp__kernels_csv_header, r->position->kernels, IN_DIR("kernels.csv"), err));
  ESP_TRY(write_rows(confusion_header, r->position->confusion, IN_DIR("confusion.csv"), err));
  if (r->position->trials && *r->position->trials)
    ESP_TRY(write_rows(trials_header, r->position->trials, IN_DIR("trials.csv"), err));
  ESP_TRY(write_rounds(r, IN_DIR("rounds.csv"), err));
  return esp__report_json(r, IN_DIR("result.json"), err);
#undef IN_DIR
}
