/* result.json, and the table that a person sees at the end. */
#include "base/json.h"
#include "rundir/tables.h"

#include <stdlib.h>
#include <string.h>

static void add_measure(cJSON *o, const char *name, const esp_metrics *m, double value) {
  if (m->count > 0)
    esp__json_put_number(o, name, value);
  else
    esp__json_put_null(o, name);
}

/* Accuracies by task, where there are several. */
static void add_tasks(cJSON *o, const char *name, const esp_tasks *tasks, const esp_metrics *m) {
  if (tasks->count == 1) return;
  cJSON *each = esp__json_put_object(o, name);
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
      esp__json_put_number(o, measure[i].name, measure[i].value);
    else
      esp__json_put_null(o, measure[i].name);
}

static cJSON *result_json(const esp__report *report, const esp__result *r) {
  cJSON *o = cJSON_CreateObject();
  esp__json_put_number(o, "round", r->round);
  esp__json_put_number(o, "sparsity_requested", r->requested);
  esp__json_put_number(o, "sparsity", esp__result_sparsity(r));
  esp__json_put_number(o, "weights", (double)r->weights);
  esp__json_put_number(o, "weights_nonzero", (double)r->weights_kept);
  esp__json_put_number(o, "params", (double)r->params);
  esp__json_put_number(o, "params_nonzero", (double)r->params_nonzero);
  esp__json_put_number(o, "bytes", (double)esp__result_bytes(r));
  esp__json_put_number(o, "macs", r->macs);
  esp__json_put_number(o, "macs_effective", r->macs_effective);
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
  if (report->has_dense) esp__json_put_number(o, "recovery", esp__report_recovery(report, r));
  add_measure(o, "milliseconds_per_image", &r->test,
              1e3 * r->test.seconds / (double)(r->test.count ? r->test.count : 1));
  esp__json_put_number(o, "train_images_per_second", esp__result_rate(r));
  esp__json_put_number(o, "seconds", r->seconds);
  esp__json_put_number(o, "layers_guarded", r->guarded);
  return o;
}

static cJSON *classes_json(const char *names) {
  cJSON *list = cJSON_CreateArray();
  for (const char *next; *names; names = next) {
    const size_t length = strcspn(names, "\n");
    next = names + length + (names[length] == '\n');
    char *name = strndup(names, length);
    esp__json_append(list, name ? cJSON_CreateString(name) : NULL);
    free(name);
  }
  return list;
}

static cJSON *report_json(const esp__report *r) {
  const esp__position *p = r->position;
  cJSON *o = cJSON_CreateObject();
  esp__json_put_string(o, "name", r->config->run.name);
  esp__json_put_string(o, "status", r->sha256 ? "finished" : "running");
  esp__json_put_number(o, "seed", (double)r->config->run.seed);
  esp__json_put(o, "classes", classes_json(r->classes));
  esp__json_put_string(o, "isa", r->isa);
  esp__json_put_number(o, "threads", r->threads);
  esp__json_put_number(o, "peak_rss_mib", p->peak_rss_mib);
  if (r->sha256)
    esp__json_put_string(o, "weights_sha256", r->sha256);
  else
    esp__json_put_null(o, "weights_sha256");
  cJSON *dense =
      r->has_dense && p->results > 0 ? result_json(r, &p->result[0]) : cJSON_CreateObject();
  if (!r->has_dense) esp__json_put_null(dense, "test_accuracy");
  esp__json_put(o, "dense", dense);
  cJSON *rounds = esp__json_put_array(o, "rounds");
  for (int i = 0; i < p->results; i++)
    if (p->result[i].round > 0) esp__json_append(rounds, result_json(r, &p->result[i]));
  esp__json_put(o, "final",
                p->results > 0 ? result_json(r, &p->result[p->results - 1]) : cJSON_CreateNull());
  return o;
}

esp_status esp__report_json(const esp__report *r, const char *path, esp_error *err) {
  cJSON *o = report_json(r);
  char *text = esp__json_print(o, true);
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
