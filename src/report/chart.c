#include "base/json.h"
#include "report/report_data.h"

#include <stdio.h>

cJSON *esp__chart_add(cJSON *report, esp__chart c) {
  cJSON *chart = cJSON_CreateObject();
  esp__json_put_string(chart, "id", c.id);
  esp__json_put_string(chart, "title", c.title);
  esp__json_put_string(chart, "note", c.note);
  esp__json_put_string(chart, "kind", c.kind);
  esp__json_put_array(chart, "sheets");
  return esp__json_append(cJSON_GetObjectItem(report, "charts"), chart);
}

cJSON *esp__chart_axis(cJSON *chart, const char *axis, const char *label, const char *scale) {
  cJSON *o = esp__json_put_object(chart, axis);
  esp__json_put_string(o, "label", label);
  esp__json_put_string(o, "scale", scale);
  return o;
}

void esp__report_table_of(cJSON *report, cJSON *chart, cJSON *table) {
  const cJSON *id = cJSON_GetObjectItem(table, "id");
  if (chart) esp__json_append(cJSON_GetObjectItem(chart, "sheets"), cJSON_Duplicate(id, false));
  esp__json_append(cJSON_GetObjectItem(report, "sheets"), table);
}

void esp__report_note(cJSON *report, const char *format, ...) {
  char text[2048];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  esp__json_append(cJSON_GetObjectItem(report, "notes"), cJSON_CreateString(text));
}

void esp__level_label(const esp__points *p, int first, int end, char text[ESP_LABEL_MAX]) {
  const esp_stats_moments m = esp__level_moments(p, first, end, offsetof(esp__point, sparsity));
  const char *step = p->item[first].step;
  if (p->item[first].round == 0)
    snprintf(text, ESP_LABEL_MAX, "dense");
  else
    snprintf(text, ESP_LABEL_MAX, "%.4g %%%s%.40s", 100.0 * esp_stats_mean(&m), step ? ", " : "",
             step ? step : "");
}

int64_t esp__seed_of(const esp__report_data *data, const esp__point *p) {
  return data->runs.item[p->run].config.run.seed;
}

const char *esp__series_of(const esp__report_data *data, int point) {
  return data->diff.series_name[data->points.item[point].series];
}
