#include "rundir/result_write.h"

#include "base/json.h"
#include "config/stages.h"
#include "rundir/counts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Accuracies by task, where there are several. */
static void add_tasks(cJSON *o, const char *name, const esp_tasks *tasks, const esp_metrics *m) {
  if (tasks->count == 1) return;
  cJSON *each = esp__json_put_object(o, name);
  for (int t = 0; t < tasks->count; t++)
    esp__json_put(
        each, tasks->item[t].name,
        m->count > 0 ? cJSON_CreateNumber(esp_metrics_task_top1(m, t)) : cJSON_CreateNull());
}

/* Results come in the order of the stages. */
const char *esp__result_step(const esp__report *report, const esp__result *r) {
  return esp__stage_work(report->config, (int)(r - report->position->result));
}

static cJSON *result_json(const esp__report *report, const esp__result *r) {
  cJSON *o = cJSON_CreateObject();
  const esp_round row = esp__result_row(r, report->has_dense ? &report->position->result[0] : NULL);
  esp__json_write(o, esp__round_fields, &row);
  esp__json_put_string(o, "step", esp__result_step(report, r));
  add_tasks(o, "validation_accuracy_tasks", report->tasks, &r->validation);
  add_tasks(o, "test_accuracy_before_tasks", report->tasks, &r->test_before);
  add_tasks(o, "test_accuracy_tasks", report->tasks, &r->test);
  return o;
}

/* The rows of a text as a list. */
static cJSON *rows_json(const char *names) {
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

/* rows: "NAME VERSION SHA256". */
static cJSON *plugins_json(const char *rows) {
  cJSON *list = cJSON_CreateArray();
  char name[64], version[64], sha256[65];
  for (int end = 0; sscanf(rows, "%63s %63s %64s\n%n", name, version, sha256, &end) == 3;
       rows += end) {
    cJSON *o = cJSON_CreateObject();
    esp__json_put_string(o, "name", name);
    esp__json_put_string(o, "version", version);
    esp__json_put_string(o, "sha256", sha256);
    esp__json_append(list, o);
  }
  return list;
}

/* Of all stages. */
static double mask_changes(const esp__position *p) {
  int64_t changes = 0;
  for (int i = 0; i < p->results; i++) changes += p->result[i].mask_changes;
  return (double)changes;
}

static cJSON *report_json(const esp__report *r) {
  const esp__position *p = r->position;
  cJSON *o = cJSON_CreateObject();
  esp__json_put_string(o, "name", r->config->run.name);
  esp__json_put_string(o, "status", r->sha256 ? "finished" : "running");
  esp__json_put_number(o, "seed", (double)r->config->run.seed);
  esp__json_put(o, "classes", rows_json(r->classes));
  esp__json_put(o, "plugins", plugins_json(p->plugins ? p->plugins : ""));
  esp__json_put(o, "warnings", rows_json(p->warnings ? p->warnings : ""));
  esp__json_put_string(o, "test_labels_sha256", p->data.test_labels);
  esp__json_put_number(o, "mask_changes", mask_changes(p));
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

esp_status esp__result_write(const esp__report *r, const char *path, esp_error *err) {
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

static double zeros_of(const esp__result *e) {
  return e->weights > 0 ? 1.0 - esp_share_of(e->weights_nonzero, e->weights) : 0.0;
}

/* Whether what is pruned of the layers that are covered is another share than what is zero of all
 * weights, as printed. */
static bool has_two_sparsities(const esp__position *p) {
  for (int i = 0; i < p->results; i++)
    if (fabs(esp__result_sparsity(&p->result[i]) - zeros_of(&p->result[i])) >= 0.00005) return true;
  return false;
}

/* What a row of a run that compresses ends with: the file, and what made it that small. */
static void print_step(const esp__report *r, const esp__result *e, FILE *out) {
  fprintf(out, " %13.0f  %s", e->packed_bytes, esp__result_step(r, e));
}

void esp__result_print(const esp__report *r, FILE *out) {
  const esp_tasks *tasks = r->tasks;
  const bool executed = counts_executed(r->position), two = has_two_sparsities(r->position),
             steps = esp_compress_steps(&r->config->compress) > 0;
  fprintf(out, "\n%5s %9s%s %11s %13s %9s %9s", "round", two ? "pruned" : "sparsity",
          two ? "      zero" : "", "parameters", "MACs", "before", "after");
  for (int t = 1; t < tasks->count; t++) fprintf(out, " %9.9s", tasks->item[t].name);
  fprintf(out, " %9s%s%s\n%5s %9s%s %11s %13s", "seconds", executed ? "  MACs executed" : "",
          steps ? "         bytes" : "", "", two ? "units %" : "%", two ? " weights %" : "",
          "nonzero", "an image");
  for (int t = 0; t <= tasks->count; t++) fprintf(out, " %9s", "top-1 %");
  fprintf(out, " %9s%s%s\n", "", executed ? "   a test image" : "", steps ? "        packed" : "");
  for (int i = 0; i < r->position->results; i++) {
    const esp__result *e = &r->position->result[i];
    fprintf(out, "%5d %9.2f", e->round, 100.0 * esp__result_sparsity(e));
    if (two) fprintf(out, " %9.2f", 100.0 * zeros_of(e));
    fprintf(out, " %11lld %13.0f", (long long)e->params_nonzero, e->macs_effective);
    print_cell(out, &e->test_before, 0);
    for (int t = 0; t < tasks->count; t++) print_cell(out, &e->test, t);
    fprintf(out, " %9.1f", e->seconds);
    if (executed) fprintf(out, " %14.0f", esp_dynamic_macs_mean(&e->executed));
    if (steps) print_step(r, e, out);
    fputc('\n', out);
  }
}
