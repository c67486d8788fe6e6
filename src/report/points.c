#include "report/points.h"

#include "config/fingerprint.h"
#include "rundir/json_fields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double number(const cJSON *o, const char *name) {
  const cJSON *item = esp__json_item(o, name);
  return cJSON_IsNumber(item) && isfinite(item->valuedouble) ? item->valuedouble : NAN;
}

/* The same of a name with "quality" in it. */
static double judged(const cJSON *o, const esp_quality *q, const char *column) {
  char name[ESP_QUALITY_COLUMN];
  return number(o, esp_quality_column(q, column, name));
}

/* The epoch of the training of `round` after which the images held out had their least loss; NAN
 * where there were none, or no training. */
static double best_epoch_of(const esp__run_record *r, int round) {
  const double stage = esp__run_record_round(r, round);
  double least = INFINITY, epoch = NAN;
  for (int row = 0; row < r->log.rows; row++) {
    const double loss = esp_csv_number(&r->log, row, "validation_loss");
    if (esp_csv_number(&r->log, row, "stage") != stage || !(loss < least)) continue;
    least = loss;
    epoch = esp_csv_number(&r->log, row, "epoch");
  }
  return epoch;
}

/* Bytes of weights, inputs and outputs of all layers; NAN where none were recorded. Integers take
 * their bits. */
static double traffic_of(const esp__run_record *r, int round, bool integers) {
  const double wanted = esp__run_record_round(r, round);
  const double each = integers ? 1.0 : sizeof(float);
  const double each_weight = integers ? (double)r->config.compress.quantise_bits / 8.0 : each;
  double values = 0.0, weights = 0.0;
  bool found = false;
  for (int row = 0; row < r->costs.rows; row++) {
    const double moved = esp_csv_number(&r->costs, row, "values_read") +
                         esp_csv_number(&r->costs, row, "values_written");
    if (esp_csv_number(&r->costs, row, "round") != wanted || isnan(moved)) continue;
    values += moved;
    found = true;
  }
  for (int row = 0; row < r->layers.rows; row++)
    if (esp_csv_number(&r->layers, row, "round") == wanted)
      weights += esp_csv_number(&r->layers, row, "weights_nonzero");
  return found ? each * values + each_weight * weights : (double)NAN;
}

/* What tells levels of a series apart, seeds aside. */
static double target_of(const esp_prune_options *o) {
  const double threshold = esp_threshold_options_of(o)->threshold;
  return threshold > 0.0 ? threshold : o->sparsity;
}

/* The step of [compress] that a result is of; NULL: none. */
static const char *step_of(const cJSON *o) {
  const cJSON *item = esp__json_item(o, "step");
  return cJSON_IsString(item) && esp_compress_step_find(item->valuestring) ? item->valuestring
                                                                           : NULL;
}

/* Whether the network after `round` of the run is one of integers. */
static bool has_integers(const esp__run_record *r, int round) {
  const cJSON *o;
  cJSON_ArrayForEach(o, cJSON_GetObjectItemCaseSensitive(r->result, "rounds")) {
    const char *step = step_of(o);
    if (step && strcmp(step, "quantise") == 0 && number(o, "round") <= (double)round) return true;
  }
  return false;
}

static esp_status add(esp__points *p, int run, const cJSON *o, const esp__run_records *runs,
                      const esp__config_diff *diff, double *seconds, esp_error *err) {
  const double round = number(o, "round"), spent = number(o, "seconds");
  const esp_quality *q = esp_config_quality(&runs->item[run].config);
  const double quality = judged(o, q, "test_quality");
  if (!(round >= 0.0 && round <= 1e6) || isnan(quality)) return ESP_OK;
  esp__point *more = realloc(p->item, ((size_t)p->count + 1) * sizeof *more);
  if (!more) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the report");
  p->item = more;
  *seconds += isnan(spent) ? 0.0 : spent;
  const double kept = number(o, "weights_nonzero");
  const esp__run_record *r = &runs->item[run];
  more[p->count++] = (esp__point){
      .series = diff->series_of[run],
      .run = run,
      .round = (int)round,
      .target = round > 0.0 ? target_of(&runs->item[run].config.prune) : 0.0,
      .sparsity = number(o, "sparsity"),
      .quality = quality,
      .before = judged(o, q, "test_quality_before"),
      .compression = kept > 0.0 ? number(o, "weights") / kept : NAN,
      .params = number(o, "params_nonzero"),
      /* before there were costs, it was a formula */
      .bytes = r->costs.rows > 0 ? number(o, "bytes") : (double)NAN,
      .macs = number(o, "macs_effective"),
      .milliseconds = number(o, "milliseconds_per_image"),
      .seconds = *seconds,
      .best_epoch = best_epoch_of(r, (int)round),
      .traffic = traffic_of(r, (int)round, has_integers(r, (int)round)),
      .integers = has_integers(r, (int)round),
      .step = step_of(o),
  };
  return ESP_OK;
}

static esp_status add_run(esp__points *p, int run, const esp__run_records *runs,
                          const esp__config_diff *diff, esp_error *err) {
  const cJSON *result = runs->item[run].result, *round;
  double seconds = 0.0;
  ESP_TRY(
      add(p, run, cJSON_GetObjectItemCaseSensitive(result, "dense"), runs, diff, &seconds, err));
  cJSON_ArrayForEach(round, cJSON_GetObjectItemCaseSensitive(result, "rounds"))
      ESP_TRY(add(p, run, round, runs, diff, &seconds, err));
  return ESP_OK;
}

static double dense_quality(const esp__run_records *runs, int run) {
  return run < 0 ? (double)NAN : esp__run_record_number(&runs->item[run], "dense", "test_quality");
}

static esp_status find_dense(esp__points *p, const esp__run_records *runs, esp_error *err) {
  const esp_config **config = calloc((size_t)runs->count + 1, sizeof *config);
  bool *has_dense = calloc((size_t)runs->count + 1, sizeof *has_dense);
  int *dense = calloc((size_t)runs->count + 1, sizeof *dense);
  esp_status status = config && has_dense && dense
                          ? ESP_OK
                          : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the report");
  for (int r = 0; r < runs->count && status == ESP_OK; r++) {
    config[r] = &runs->item[r].config;
    has_dense[r] = !isnan(dense_quality(runs, r));
  }
  if (status == ESP_OK) status = esp__dense_runs(config, has_dense, runs->count, dense, err);
  for (int i = 0; i < p->count && status == ESP_OK; i++) {
    esp__point *one = &p->item[i];
    one->dense = dense[one->run];
    one->change = one->quality - dense_quality(runs, one->dense);
  }
  free(config);
  free(has_dense);
  free(dense);
  return status;
}

/* ---- order ---- */

static int sign(double d) {
  return (d > 0.0) - (d < 0.0);
}

static int level_order(const esp__point *a, const esp__point *b) {
  if (a->series != b->series) return a->series - b->series;
  if ((a->round > 0) != (b->round > 0)) return (a->round > 0) - (b->round > 0);
  if (a->target != b->target) return sign(a->target - b->target);
  return a->round - b->round;
}

static int order(const void *left, const void *right, void *context) {
  const esp__run_records *runs = context;
  const esp__point *a = left, *b = right;
  const int level = level_order(a, b);
  if (level != 0) return level;
  const int64_t s = runs->item[a->run].config.run.seed, t = runs->item[b->run].config.run.seed;
  if (s != t) return s < t ? -1 : 1;
  return a->quality != b->quality ? sign(a->quality - b->quality) : a->run - b->run;
}

static void drop_twins(esp__points *p, const esp__run_records *runs) {
  int kept = 0;
  for (int i = 0; i < p->count; i++) {
    const esp__point *last = kept > 0 ? &p->item[kept - 1] : NULL, *now = &p->item[i];
    const bool twin = last && level_order(last, now) == 0 && last->quality == now->quality &&
                      runs->item[last->run].config.run.seed == runs->item[now->run].config.run.seed;
    if (!twin) p->item[kept++] = *now;
  }
  p->count = kept;
}

esp_status esp__points_gather(esp__points *p, const esp__run_records *runs,
                              const esp__config_diff *diff, esp_error *err) {
  *p = (esp__points){0};
  for (int r = 0; r < runs->count; r++) ESP_TRY(add_run(p, r, runs, diff, err));
  if (p->count == 0) return ESP_OK;
  ESP_TRY(find_dense(p, runs, err));
  qsort_r(p->item, (size_t)p->count, sizeof *p->item, order, (void *)runs);
  drop_twins(p, runs);
  return ESP_OK;
}

void esp__points_free(esp__points *p) {
  free(p->item);
  *p = (esp__points){0};
}

/* ---- levels ---- */

int esp__level_end(const esp__points *p, int first) {
  int end = first + 1;
  while (end < p->count && level_order(&p->item[first], &p->item[end]) == 0) end++;
  return end;
}

int esp__dense_level(const esp__points *p, const esp__config_diff *diff, int first) {
  int run = -1; /* not every seed may have one */
  for (int i = first, end = esp__level_end(p, first); i < end && run < 0; i++)
    run = p->item[i].dense;
  for (int level = 0; run >= 0 && level < p->count; level = esp__level_end(p, level))
    if (p->item[level].round == 0 && p->item[level].series == diff->series_of[run]) return level;
  return -1;
}

bool esp__same_series(const esp__points *p, int a, int b) {
  return p->item[a].series == p->item[b].series;
}

double esp__point_value(const esp__point *p, size_t offset) {
  double value;
  memcpy(&value, (const char *)p + offset, sizeof value);
  return value;
}

esp_stats_moments esp__level_moments(const esp__points *p, int first, int end, size_t offset) {
  esp_stats_moments m = {0};
  for (int i = first; i < end; i++)
    esp_stats_moments_add(&m, esp__point_value(&p->item[i], offset));
  return m;
}
