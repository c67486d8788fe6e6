/* Histograms of weights over rounds: of the largest layers of each series, a line a level. */
#include "base/json.h"
#include "report/network_file.h"
#include "report/report_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERIES_MAX = 8, LAYERS_MAX = 4, LEVELS_MAX = 5, BINS = 60 };

/* The weights of a layer at several levels, binned from -range to range. */
typedef struct histogram {
  const char *layer;
  size_t weights;
  float range;                    /* the largest absolute value at the first level; > 0 */
  double share[LEVELS_MAX][BINS]; /* of all weights of the layer, in per cent; zeros not counted */
} histogram;

/* What one series shows. */
typedef struct histograms {
  histogram item[LAYERS_MAX];
  int count;
  char level[LEVELS_MAX][ESP_LABEL_MAX];
  int levels;
} histograms;

/* ---- which layers ---- */

static float largest(const esp_blob *w) {
  const float *value = w->data;
  float most = 0.0f;
  for (size_t i = 0; i < w->bytes / sizeof(float); i++) most = fmaxf(most, fabsf(value[i]));
  return isfinite(most) ? most : 0.0f;
}

/* Keeps the layers with the most weights, in the order of the network. */
static void consider(histograms *h, const char *layer, const esp_blob *w) {
  const size_t weights = w->bytes / sizeof(float);
  int least = 0;
  if (h->count == LAYERS_MAX) {
    for (int i = 1; i < LAYERS_MAX; i++)
      if (h->item[i].weights < h->item[least].weights) least = i;
    if (weights <= h->item[least].weights) return;
    memmove(&h->item[least], &h->item[least + 1],
            (size_t)(LAYERS_MAX - 1 - least) * sizeof *h->item);
    h->count--;
  }
  h->item[h->count++] = (histogram){.layer = layer, .weights = weights, .range = largest(w)};
}

static void choose_layers(histograms *h, const esp_bundle *b, const esp_csv *layers) {
  const char *first = esp_csv_text(layers, 0, "layer");
  for (int row = 0; row < layers->rows; row++) {
    const char *layer = esp_csv_text(layers, row, "layer");
    if (row > 0 && strcmp(layer, first) == 0) break; /* the next round */
    const esp_blob *w = esp__network_weight(b, layer);
    if (w) consider(h, layer, w);
  }
}

/* ---- counting ---- */

static void add_weights(histogram *h, int level, const esp_blob *w) {
  const float *value = w->data;
  const double unit = 100.0 / (double)h->weights;
  if (w->bytes / sizeof(float) != h->weights || !(h->range > 0.0f)) return;
  for (size_t i = 0; i < h->weights; i++) {
    const double at = ((double)value[i] / (double)h->range + 1.0) / 2.0 * BINS;
    if (value[i] != 0.0f && isfinite(at))
      h->share[level][at < 0.0 ? 0 : at >= BINS ? BINS - 1 : (int)at] += unit;
  }
}

/* A level, if its file is there: what pictures need is noted by them. */
static esp_status add_level(histograms *h, const esp__report_data *data, int first, int end,
                            esp_error *err) {
  const esp__point *p = &data->points.item[first];
  esp_bundle b;
  esp_error why;
  const esp_status status = esp__network_load(&b, &data->runs, p, &why);
  if (status == ESP_ERR_MEMORY) return esp_fail(err, status, "%s", why.text);
  if (status != ESP_OK) return ESP_OK;
  if (h->levels == 0) choose_layers(h, &b, &data->runs.item[p->run].layers);
  esp__level_label(&data->points, first, end, h->level[h->levels]);
  for (int i = 0; i < h->count; i++) {
    const esp_blob *w = esp__network_weight(&b, h->item[i].layer);
    if (w) add_weights(&h->item[i], h->levels, w);
  }
  h->levels++;
  esp_bundle_free(&b);
  return ESP_OK;
}

/* ---- charts ---- */

static cJSON *table_of(const histograms *h, const histogram *one, const char *id,
                       const char *series) {
  cJSON *table = esp__table_new(
      id,
      (const esp__column[]){{"series", "series"}, {"layer", "layer"}, {"weight", "weight"}, {0}});
  char name[24];
  for (int level = 0; level < h->levels; level++) {
    snprintf(name, sizeof name, "level_%d", level);
    esp__table_widen(table, name, h->level[level]);
  }
  for (int bin = 0; bin < BINS; bin++) {
    cJSON *row = esp__table_row_begin(table);
    esp__table_cell(row, esp__text_cell(series));
    esp__table_cell(row, esp__text_cell(one->layer));
    esp__table_cell(row, esp__number_cell((double)one->range * ((2.0 * bin + 1.0) / BINS - 1.0)));
    for (int level = 0; level < h->levels; level++)
      esp__table_cell(row, esp__number_cell(one->share[level][bin]));
  }
  return table;
}

static void add_chart(cJSON *report, const histograms *h, int number, const esp__report_data *data,
                      int series) {
  char id[32], title[256], name[24];
  const char *series_name = data->diff.series_name[series];
  snprintf(id, sizeof id, "histogram-%d-%d", series + 1, number + 1);
  snprintf(title, sizeof title, "%s: %s", h->item[number].layer, series_name);
  cJSON *chart = esp__chart_add(
      report,
      (esp__chart){id, title, "Weights that are not zero, in per cent of all weights of the layer.",
                   "lines"});
  esp__json_put_string(esp__chart_axis(chart, "x", "weight", "linear"), "column", "weight");
  cJSON *columns = esp__json_put_array(
      esp__chart_axis(chart, "y", "share of the weights (%)", "linear"), "columns");
  for (int level = 0; level < h->levels; level++) {
    snprintf(name, sizeof name, "level_%d", level);
    esp__json_append(columns, cJSON_CreateString(name));
  }
  esp__report_table_of(report, chart, table_of(h, &h->item[number], id, series_name));
}

/* The series whose levels begin with that of point `first`: its first, its last, and some evenly
 * between. */
static esp_status add_series(cJSON *report, const esp__report_data *data, int first, histograms *h,
                             esp_error *err) {
  const esp__points *p = &data->points;
  int levels = 0, number = 0;
  for (int i = first; i < p->count && esp__same_series(p, first, i); i = esp__level_end(p, i))
    levels++;
  for (int i = first; number < levels; i = esp__level_end(p, i), number++) {
    const int wanted = levels < LEVELS_MAX ? levels : LEVELS_MAX;
    const int next = wanted > 1 ? (h->levels * (levels - 1)) / (wanted - 1) : 0;
    if (number >= next && h->levels < wanted)
      ESP_TRY(add_level(h, data, i, esp__level_end(p, i), err));
  }
  for (int i = 0; i < h->count && h->levels > 0; i++)
    if (h->item[i].range > 0.0f) add_chart(report, h, i, data, p->item[first].series);
  return ESP_OK;
}

esp_status esp__add_histograms(cJSON *report, const esp__report_data *data, esp_error *err) {
  const esp__points *p = &data->points;
  histograms *h = malloc(sizeof *h);
  if (!h) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for histograms");
  esp_status status = ESP_OK;
  for (int first = 0; status == ESP_OK && first < p->count && p->item[first].series < SERIES_MAX;
       first = esp__level_end(p, first)) {
    if (first > 0 && esp__same_series(p, first - 1, first)) continue;
    *h = (histograms){0};
    status = add_series(report, data, first, h, err);
  }
  free(h);
  return status;
}
