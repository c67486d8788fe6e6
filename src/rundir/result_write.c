#include "rundir/result_write.h"

#include "base/json.h"
#include "config/stages.h"
#include "rundir/counts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Results come in the order of the stages. */
const char *esp__result_step(const esp__report *report, const esp__result *r) {
  return esp__stage_work(report->config, (int)(r - report->position->result));
}

static cJSON *result_json(const esp__report *report, const esp__result *r) {
  cJSON *o = cJSON_CreateObject();
  const esp_round row = esp__result_row(r, report->has_dense ? &report->position->result[0] : NULL);
  esp__json_write(o, esp__round_fields, esp__parts_quality(&report->parts), &row);
  esp__json_put_string(o, "step", esp__result_step(report, r));
  esp__parts_json(o, &report->parts, "validation_quality", &r->validation);
  esp__parts_json(o, &report->parts, "test_quality_before", &r->test_before);
  esp__parts_json(o, &report->parts, "test_quality", &r->test);
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
  char name[ESP_QUALITY_COLUMN];
  cJSON *o = cJSON_CreateObject();
  esp__json_put_string(o, "name", r->config->run.name);
  esp__json_put_string(o, "status", r->sha256 ? "finished" : "running");
  esp__json_put_number(o, "seed", (double)r->config->run.seed);
  esp__json_put(o, r->parts.targets > 0 ? "targets" : "classes", rows_json(r->classes));
  esp__json_put_string(o, "quality", esp__parts_quality(&r->parts)->name);
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
  if (!r->has_dense)
    esp__json_put_null(dense,
                       esp_quality_column(esp__parts_quality(&r->parts), "test_quality", name));
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

static void print_quality(FILE *out, const esp_metrics *m) {
  char text[ESP_QUALITY_TEXT];
  const double value = m->count > 0 ? esp_metrics_quality(m) : (double)NAN;
  fprintf(out, " %9s", esp_quality_number(esp_metrics_quality_of(m), value, false, text));
}

static void print_part(FILE *out, const esp__part *part, const esp_metrics *m) {
  const double value = part->value(m, part->index);
  if (m->count == 0)
    fprintf(out, " %9s", "-");
  else
    fprintf(out, part->is_share ? " %9.2f" : " %9.4g", part->is_share ? 100.0 * value : value);
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

/* "top-1 %" */
static void print_label(FILE *out, const char *label, const char *unit) {
  char text[32];
  snprintf(text, sizeof text, *unit ? "%s %s" : "%s", label, unit);
  fprintf(out, " %9s", text);
}

static void print_labels(FILE *out, const esp__parts *parts) {
  const esp_quality *q = esp__parts_quality(parts);
  esp__part part;
  for (int i = 0; i < 2; i++) print_label(out, q->label, q->unit);
  for (int i = 0; esp__part_at(parts, i, &part); i++)
    print_label(out, part.label, part.is_share ? "%" : "");
}

static void print_header(const esp__report *r, bool two, bool executed, bool steps, FILE *out) {
  esp__part part;
  fprintf(out, "\n%5s %9s%s %11s %13s %9s %9s", "round", two ? "pruned" : "sparsity",
          two ? "      zero" : "", "parameters", "MACs", "before", "after");
  for (int i = 0; esp__part_at(&r->parts, i, &part); i++) fprintf(out, " %9.9s", part.name);
  fprintf(out, " %9s%s%s\n%5s %9s%s %11s %13s", "seconds", executed ? "  MACs executed" : "",
          steps ? "         bytes" : "", "", two ? "units %" : "%", two ? " weights %" : "",
          "nonzero", "an image");
  print_labels(out, &r->parts);
  fprintf(out, " %9s%s%s\n", "", executed ? "   a test image" : "", steps ? "        packed" : "");
}

void esp__result_print(const esp__report *r, FILE *out) {
  const bool executed = counts_executed(r->position), two = has_two_sparsities(r->position),
             steps = esp_compress_steps(&r->config->compress) > 0;
  esp__part part;
  print_header(r, two, executed, steps, out);
  for (int i = 0; i < r->position->results; i++) {
    const esp__result *e = &r->position->result[i];
    fprintf(out, "%5d %9.2f", e->round, 100.0 * esp__result_sparsity(e));
    if (two) fprintf(out, " %9.2f", 100.0 * zeros_of(e));
    fprintf(out, " %11lld %13.0f", (long long)e->params_nonzero, e->macs_effective);
    print_quality(out, &e->test_before);
    print_quality(out, &e->test);
    for (int k = 0; esp__part_at(&r->parts, k, &part); k++) print_part(out, &part, &e->test);
    fprintf(out, " %9.1f", e->seconds);
    if (executed) fprintf(out, " %14.0f", esp_dynamic_macs_mean(&e->executed));
    if (steps) print_step(r, e, out);
    fputc('\n', out);
  }
}
