#include "base/json.h"
#include "cli/bench.h"

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
  const double all = (double)w->count, kept = (double)esp_param_nonzero(w);
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

void esp__bench_print_table(const bench_report *r) {
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
  printf("%-24s %8.2f ms %9.0f images/s\n", "predictor", t->predictor, rate(t, t->predictor));
}

/* ---- JSON ---- */

static const char *const mode_names[BENCH_MODES] = {"dense", "sparse"};
static const char *const pass_names[ESP_PROPAGATIONS] = {"forward_ms", "to_input_ms",
                                                         "to_weights_ms"};

static cJSON *pair_json(const double value[BENCH_MODES]) {
  cJSON *o = cJSON_CreateObject();
  for (int m = 0; m < BENCH_MODES; m++) esp__json_put_number(o, mode_names[m], value[m]);
  return o;
}

static cJSON *row_json(const row *r) {
  cJSON *o = cJSON_CreateObject();
  esp__json_put_string(o, "layer", r->name);
  esp__json_put_number(o, "sparsity", sparsity_of(r));
  esp__json_put_number(o, "macs", r->macs);
  esp__json_put_number(o, "macs_effective", r->macs_kept);
  for (int p = 0; p < ESP_PROPAGATIONS; p++) {
    const double ms[BENCH_MODES] = {r->ms[BENCH_DENSE][p], r->ms[BENCH_SPARSE][p]};
    esp__json_put(o, pass_names[p], pair_json(ms));
  }
  esp__json_put_number(o, "speedup", speed_up_of(r));
  return o;
}

static cJSON *total_json(const bench_times *t, const double ms[BENCH_MODES]) {
  const double rates[BENCH_MODES] = {rate(t, ms[BENCH_DENSE]), rate(t, ms[BENCH_SPARSE])};
  cJSON *o = cJSON_CreateObject();
  esp__json_put(o, "ms", pair_json(ms));
  esp__json_put(o, "images_per_second", pair_json(rates));
  esp__json_put_number(o, "speedup", ratio(ms[BENCH_DENSE], ms[BENCH_SPARSE]));
  return o;
}

static cJSON *predictor_json(const bench_times *t) {
  cJSON *o = cJSON_CreateObject();
  esp__json_put_number(o, "ms", t->predictor);
  esp__json_put_number(o, "images_per_second", rate(t, t->predictor));
  return o;
}

static cJSON *report_json(const bench_report *r) {
  const bench_times *t = r->times;
  const row all = total_of(t);
  cJSON *o = cJSON_CreateObject();
  esp__json_put_string(o, "network", r->subject->what);
  esp__json_put_string(o, "isa", r->isa);
  esp__json_put_number(o, "threads", r->threads);
  esp__json_put_number(o, "batch", t->batch);
  esp__json_put_number(o, "repeats", r->repeats);
  cJSON *layers = esp__json_put_array(o, "layers");
  for (int i = 0; i < t->layers; i++) {
    const row one = row_of(&t->layer[i]);
    esp__json_append(layers, row_json(&one));
  }
  esp__json_put(o, "all_layers", row_json(&all));
  esp__json_put(o, "rest_ms", pair_json(t->rest));
  esp__json_put(o, "training", total_json(t, t->training));
  esp__json_put(o, "inference", total_json(t, t->inference));
  esp__json_put(o, "predictor", predictor_json(t));
  return o;
}

esp_status esp__bench_print_json(const bench_report *r, esp_error *err) {
  cJSON *o = report_json(r);
  char *text = esp__json_print(o, true);
  cJSON_Delete(o);
  if (!text) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the report");
  puts(text);
  free(text);
  return ESP_OK;
}
