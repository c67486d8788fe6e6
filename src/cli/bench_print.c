#include "cli/bench.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

/* A row: a layer, or all of them. */
typedef struct row {
  const char *name;
  double weights, kept, macs, macs_kept;
  double ms[BENCH_MODES][ESP_PROPAGATIONS];
} row;

static row row_of(const bench_layer *b) {
  const esp_param *w = b->layer->weight;
  const double all = (double)w->count, kept = (double)esp_param_kept(w);
  row r = {b->layer->name, all, kept, all * w->positions, kept * w->positions, {{0}}};
  for (int m = 0; m < BENCH_MODES; m++)
    for (int p = 0; p < ESP_PROPAGATIONS; p++) r.ms[m][p] = b->ms[m][p];
  return r;
}

static row total_of(const bench_times *t) {
  row all = {.name = "all layers"};
  for (int i = 0; i < t->layers; i++) {
    const row r = row_of(&t->layer[i]);
    all.weights += r.weights;
    all.kept += r.kept;
    all.macs += r.macs;
    all.macs_kept += r.macs_kept;
    for (int m = 0; m < BENCH_MODES; m++)
      for (int p = 0; p < ESP_PROPAGATIONS; p++) all.ms[m][p] += r.ms[m][p];
  }
  return all;
}

static double sparsity_of(const row *r) {
  return r->weights > 0.0 ? 1.0 - r->kept / r->weights : 0.0;
}

static double ratio(double dense, double sparse) {
  return sparse > 0.0 ? dense / sparse : 1.0;
}

static double speed_up_of(const row *r) {
  double sum[BENCH_MODES] = {0};
  for (int m = 0; m < BENCH_MODES; m++)
    for (int p = 0; p < ESP_PROPAGATIONS; p++) sum[m] += r->ms[m][p];
  return ratio(sum[BENCH_DENSE], sum[BENCH_SPARSE]);
}

static double rate(const bench_times *t, double ms) {
  return 1e3 * t->batch / ms;
}

/* ---- the table ---- */

static void print_row(const row *r) {
  printf("%-24s %8.2f %12.0f %12.0f", r->name, 100.0 * sparsity_of(r), r->macs, r->macs_kept);
  for (int p = 0; p < ESP_PROPAGATIONS; p++)
    if (r->ms[BENCH_DENSE][p] > 0.0)
      printf(" %8.2f %7.2f", r->ms[BENCH_DENSE][p], r->ms[BENCH_SPARSE][p]);
    else
      printf(" %8s %7s", "-", "-");
  printf(" %8.2f\n", speed_up_of(r));
}

static void print_total(const bench_times *t, const char *name, const double ms[BENCH_MODES],
                        bool rates) {
  printf("%-24s %8.2f ms dense %8.2f ms sparse %8.2f times faster", name, ms[BENCH_DENSE],
         ms[BENCH_SPARSE], ratio(ms[BENCH_DENSE], ms[BENCH_SPARSE]));
  if (rates) printf(" %9.0f -> %.0f images/s", rate(t, ms[BENCH_DENSE]), rate(t, ms[BENCH_SPARSE]));
  putchar('\n');
}

void bench_print_table(const bench_report *r) {
  const bench_times *t = r->times;
  const row all = total_of(t);
  printf(
      "%s\n"
      "%s, %d thread(s), batch %d; milliseconds, median of %d; sparse: the faster kernels, "
      "as a run chooses\n"
      "\n",
      r->subject->what, r->isa, r->threads, t->batch, r->repeats);
  printf("%-24s %8s %12s %12s %16s %16s %16s %8s\n", "layer", "sparsity", "MACs", "MACs", "forward",
         "to input", "to weights", "speed-up");
  printf("%-24s %8s %12s %12s", "", "%", "an image", "left");
  for (int p = 0; p < ESP_PROPAGATIONS; p++) printf(" %8s %7s", "dense", "sparse");
  putchar('\n');
  for (int i = 0; i < t->layers; i++) {
    const row one = row_of(&t->layer[i]);
    print_row(&one);
  }
  print_row(&all);
  putchar('\n');
  print_total(t, "rest of a training step", t->rest, false);
  print_total(t, "training step", t->training, true);
  print_total(t, "inference", t->inference, true);
}

/* ---- JSON ---- */

static const char *const mode_names[BENCH_MODES] = {"dense", "sparse"};
static const char *const pass_names[ESP_PROPAGATIONS] = {"forward_ms", "to_input_ms",
                                                         "to_weights_ms"};

static cJSON *pair_json(const double value[BENCH_MODES]) {
  cJSON *o = cJSON_CreateObject();
  for (int m = 0; m < BENCH_MODES; m++) cJSON_AddNumberToObject(o, mode_names[m], value[m]);
  return o;
}

static cJSON *row_json(const row *r) {
  cJSON *o = cJSON_CreateObject();
  cJSON_AddStringToObject(o, "layer", r->name);
  cJSON_AddNumberToObject(o, "sparsity", sparsity_of(r));
  cJSON_AddNumberToObject(o, "macs", r->macs);
  cJSON_AddNumberToObject(o, "macs_effective", r->macs_kept);
  for (int p = 0; p < ESP_PROPAGATIONS; p++) {
    const double ms[BENCH_MODES] = {r->ms[BENCH_DENSE][p], r->ms[BENCH_SPARSE][p]};
    cJSON_AddItemToObject(o, pass_names[p], pair_json(ms));
  }
  cJSON_AddNumberToObject(o, "speedup", speed_up_of(r));
  return o;
}

static cJSON *total_json(const bench_times *t, const double ms[BENCH_MODES]) {
  const double rates[BENCH_MODES] = {rate(t, ms[BENCH_DENSE]), rate(t, ms[BENCH_SPARSE])};
  cJSON *o = cJSON_CreateObject();
  cJSON_AddItemToObject(o, "ms", pair_json(ms));
  cJSON_AddItemToObject(o, "images_per_second", pair_json(rates));
  cJSON_AddNumberToObject(o, "speedup", ratio(ms[BENCH_DENSE], ms[BENCH_SPARSE]));
  return o;
}

static cJSON *report_json(const bench_report *r) {
  const bench_times *t = r->times;
  const row all = total_of(t);
  cJSON *o = cJSON_CreateObject(), *layers = cJSON_CreateArray();
  cJSON_AddStringToObject(o, "network", r->subject->what);
  cJSON_AddStringToObject(o, "isa", r->isa);
  cJSON_AddNumberToObject(o, "threads", r->threads);
  cJSON_AddNumberToObject(o, "batch", t->batch);
  cJSON_AddNumberToObject(o, "repeats", r->repeats);
  cJSON_AddItemToObject(o, "layers", layers);
  for (int i = 0; i < t->layers; i++) {
    const row one = row_of(&t->layer[i]);
    cJSON_AddItemToArray(layers, row_json(&one));
  }
  cJSON_AddItemToObject(o, "all_layers", row_json(&all));
  cJSON_AddItemToObject(o, "rest_ms", pair_json(t->rest));
  cJSON_AddItemToObject(o, "training", total_json(t, t->training));
  cJSON_AddItemToObject(o, "inference", total_json(t, t->inference));
  return o;
}

esp_status bench_print_json(const bench_report *r, esp_error *err) {
  cJSON *o = report_json(r);
  char *text = cJSON_Print(o);
  cJSON_Delete(o);
  if (!text) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the report");
  puts(text);
  free(text);
  return ESP_OK;
}
