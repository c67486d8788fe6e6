/* result.json, and the table that a person sees at the end. */
#include "rundir/tables.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static void add_measure(cJSON *o, const char *name, const esp_metrics *m, double value) {
  if (m->count > 0)
    cJSON_AddNumberToObject(o, name, value);
  else
    cJSON_AddNullToObject(o, name);
}

/* Accuracies by task, where there are several. */
static void add_tasks(cJSON *o, const char *name, const esp_tasks *tasks, const esp_metrics *m) {
  if (tasks->count == 1) return;
  cJSON *each = cJSON_AddObjectToObject(o, name);
  for (int t = 0; t < tasks->count; t++)
    add_measure(each, tasks->item[t].name, m, esp_metrics_task_top1(m, t));
}

/* Multiply-adds of a test image, where they depend on it; null where they do not. */
static void add_executed(cJSON *o, const esp__result *r) {
  const double mean = esp_dynamic_macs_mean(&r->executed);
  const struct {
    const char *name;
    double value;
  } measure[] = {{"macs_executed", mean},
                 {"macs_executed_share", r->macs > 0.0 ? mean / r->macs : 0.0},
                 {"macs_executed_least", (double)r->executed.least},
                 {"macs_executed_most", (double)r->executed.most}};
  for (size_t i = 0; i < sizeof measure / sizeof *measure; i++)
    if (r->executed.images > 0)
      cJSON_AddNumberToObject(o, measure[i].name, measure[i].value);
    else
      cJSON_AddNullToObject(o, measure[i].name);
}

static cJSON *result_json(const esp__report *report, const esp__result *r) {
  cJSON *o = cJSON_CreateObject();
  cJSON_AddNumberToObject(o, "round", r->round);
  cJSON_AddNumberToObject(o, "sparsity_requested", r->requested);
  cJSON_AddNumberToObject(o, "sparsity", esp__result_sparsity(r));
  cJSON_AddNumberToObject(o, "weights", (double)r->weights);
  cJSON_AddNumberToObject(o, "weights_nonzero", (double)r->weights_kept);
  cJSON_AddNumberToObject(o, "params", (double)r->params);
  cJSON_AddNumberToObject(o, "params_nonzero", (double)r->params_nonzero);
  cJSON_AddNumberToObject(o, "bytes", (double)esp__result_bytes(r));
  cJSON_AddNumberToObject(o, "macs", r->macs);
  cJSON_AddNumberToObject(o, "macs_effective", r->macs_effective);
  add_executed(o, r);
  add_measure(o, "val_accuracy_before", &r->validation_before,
              esp_metrics_top1(&r->validation_before));
  add_measure(o, "test_accuracy_before", &r->test_before, esp_metrics_top1(&r->test_before));
  add_measure(o, "val_accuracy", &r->validation, esp_metrics_top1(&r->validation));
  add_measure(o, "val_loss", &r->validation, esp_metrics_loss(&r->validation));
  add_measure(o, "test_accuracy", &r->test, esp_metrics_top1(&r->test));
  add_measure(o, "test_top5", &r->test, esp_metrics_top5(&r->test));
  add_measure(o, "test_loss", &r->test, esp_metrics_loss(&r->test));
  add_tasks(o, "val_accuracy_tasks", report->tasks, &r->validation);
  add_tasks(o, "test_accuracy_before_tasks", report->tasks, &r->test_before);
  add_tasks(o, "test_accuracy_tasks", report->tasks, &r->test);
  if (report->has_dense) cJSON_AddNumberToObject(o, "recovery", esp__report_recovery(report, r));
  add_measure(o, "milliseconds_per_image", &r->test,
              1e3 * r->test.seconds / (double)(r->test.count ? r->test.count : 1));
  cJSON_AddNumberToObject(o, "train_images_per_second", esp__result_rate(r));
  cJSON_AddNumberToObject(o, "seconds", r->seconds);
  cJSON_AddNumberToObject(o, "layers_guarded", r->guarded);
  return o;
}

static cJSON *classes_json(const char *names) {
  cJSON *list = cJSON_CreateArray();
  for (const char *next; *names; names = next) {
    const size_t length = strcspn(names, "\n");
    next = names + length + (names[length] == '\n');
    char *name = strndup(names, length);
    cJSON_AddItemToArray(list, cJSON_CreateString(name ? name : ""));
    free(name);
  }
  return list;
}

static cJSON *report_json(const esp__report *r) {
  const esp__position *p = r->position;
  cJSON *o = cJSON_CreateObject(), *rounds = cJSON_CreateArray();
  cJSON_AddStringToObject(o, "name", r->config->run.name);
  cJSON_AddStringToObject(o, "status", r->sha256 ? "finished" : "running");
  cJSON_AddNumberToObject(o, "seed", (double)r->config->run.seed);
  cJSON_AddItemToObject(o, "classes", classes_json(r->classes));
  cJSON_AddStringToObject(o, "isa", r->isa);
  cJSON_AddNumberToObject(o, "threads", r->threads);
  cJSON_AddNumberToObject(o, "peak_rss_mib", p->peak_rss_mib);
  if (r->sha256)
    cJSON_AddStringToObject(o, "weights_sha256", r->sha256);
  else
    cJSON_AddNullToObject(o, "weights_sha256");
  cJSON *dense =
      r->has_dense && p->results > 0 ? result_json(r, &p->result[0]) : cJSON_CreateObject();
  if (!r->has_dense) cJSON_AddNullToObject(dense, "test_accuracy");
  cJSON_AddItemToObject(o, "dense", dense);
  cJSON_AddItemToObject(o, "rounds", rounds);
  for (int i = 0; i < p->results; i++)
    if (p->result[i].round > 0) cJSON_AddItemToArray(rounds, result_json(r, &p->result[i]));
  cJSON_AddItemToObject(
      o, "final", p->results > 0 ? result_json(r, &p->result[p->results - 1]) : cJSON_CreateNull());
  return o;
}

esp_status esp__report_json(const esp__report *r, const char *path, esp_error *err) {
  cJSON *o = report_json(r);
  char *text = cJSON_Print(o);
  cJSON_Delete(o);
  if (!text) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the results");
  esp_status status = esp_file_write(path, text, strlen(text), err);
  free(text);
  return status;
}

/* ---- the table at the end ---- */

static void print_cell(FILE *out, const esp_metrics *m, int task) {
  if (m->count > 0)
    fprintf(out, " %9.2f", 100.0 * esp_metrics_task_top1(m, task));
  else
    fprintf(out, " %9s", "-");
}

/* Whether any result has what depends on the image. */
static bool counts_executed(const esp__position *p) {
  for (int i = 0; i < p->results; i++)
    if (p->result[i].executed.images > 0) return true;
  return false;
}

void esp__report_table(const esp__report *r, FILE *out) {
  const esp_tasks *tasks = r->tasks;
  const bool executed = counts_executed(r->position);
  fprintf(out, "\n%5s %9s %11s %13s %9s %9s", "round", "sparsity", "parameters", "MACs", "before",
          "after");
  for (int t = 1; t < tasks->count; t++) fprintf(out, " %9.9s", tasks->item[t].name);
  fprintf(out, " %9s%s\n%5s %9s %11s %13s", "seconds", executed ? "  MACs executed" : "", "", "%",
          "nonzero", "an image");
  for (int t = 0; t <= tasks->count; t++) fprintf(out, " %9s", "top-1 %");
  fprintf(out, " %9s%s\n", "", executed ? "   a test image" : "");
  for (int i = 0; i < r->position->results; i++) {
    const esp__result *e = &r->position->result[i];
    fprintf(out, "%5d %9.2f %11lld %13.0f", e->round, 100.0 * esp__result_sparsity(e),
            (long long)e->params_nonzero, e->macs_effective);
    print_cell(out, &e->test_before, 0);
    for (int t = 0; t < tasks->count; t++) print_cell(out, &e->test, t);
    fprintf(out, " %9.1f", e->seconds);
    if (executed) fprintf(out, " %14.0f", esp_dynamic_macs_mean(&e->executed));
    fputc('\n', out);
  }
}
