#include "report/findings.h"

#include <stdio.h>

cJSON *esp_chart_add(cJSON *report, esp_chart c) {
  cJSON *chart = cJSON_CreateObject();
  cJSON_AddStringToObject(chart, "id", c.id);
  cJSON_AddStringToObject(chart, "title", c.title);
  cJSON_AddStringToObject(chart, "note", c.note);
  cJSON_AddStringToObject(chart, "kind", c.kind);
  cJSON_AddArrayToObject(chart, "sheets");
  cJSON_AddItemToArray(cJSON_GetObjectItem(report, "charts"), chart);
  return chart;
}

cJSON *esp_chart_axis(cJSON *chart, const char *axis, const char *label, const char *scale) {
  cJSON *o = cJSON_AddObjectToObject(chart, axis);
  cJSON_AddStringToObject(o, "label", label);
  cJSON_AddStringToObject(o, "scale", scale);
  return o;
}

void esp_report_sheet(cJSON *report, cJSON *chart, cJSON *sheet) {
  const cJSON *id = cJSON_GetObjectItem(sheet, "id");
  if (chart) cJSON_AddItemToArray(cJSON_GetObjectItem(chart, "sheets"), cJSON_Duplicate(id, false));
  cJSON_AddItemToArray(cJSON_GetObjectItem(report, "sheets"), sheet);
}

void esp_report_note(cJSON *report, const char *format, ...) {
  char text[2048];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  cJSON_AddItemToArray(cJSON_GetObjectItem(report, "notes"), cJSON_CreateString(text));
}

void esp_level_label(const esp_points *p, int first, int end, char text[32]) {
  const esp_moments m = esp_level_moments(p, first, end, offsetof(esp_point, sparsity));
  if (p->item[first].round == 0)
    snprintf(text, 32, "dense");
  else
    snprintf(text, 32, "%.4g %%", 100.0 * esp_mean(&m));
}

int64_t esp_seed_of(const esp_findings *f, const esp_point *p) {
  return f->runs.item[p->run].config.run.seed;
}

const char *esp_series_of(const esp_findings *f, int point) {
  return f->facts.series_name[f->points.item[point].series];
}
