#include "base/json.h"
#include "base/replace.h"
#include "base/text.h"
#include "report/once.h"
#include "report/page.h"
#include "report/report_data.h"
#include "rundir/paths.h"

#include <espalier/report.h>
#include <espalier/sweep.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TITLE_DIRS = 4 };

/* Runs with classes and runs with targets have nothing to compare. */
static esp_status find_quality(esp__report_data *data, esp_error *err) {
  for (int i = 0; i < data->runs.count; i++) {
    const esp_quality *q = esp_config_quality(&data->runs.item[i].config);
    if (i == 0) data->quality = q;
    if (q != data->quality)
      return esp_fail(
          err, ESP_ERR_INPUT, "%s is judged by %s, %s by %s: expected runs of one kind in a report",
          data->runs.item[0].dir, data->quality->title, data->runs.item[i].dir, q->title);
  }
  return ESP_OK;
}

static esp_status gather(esp__report_data *data, const esp_report_request *request,
                         esp_error *err) {
  if (request->paper) ESP_TRY(esp_paper_open(&data->paper, request->paper, err));
  for (int i = 0; i < request->dirs; i++)
    ESP_TRY(esp__run_records_add(&data->runs, request->dir[i], err));
  ESP_TRY(find_quality(data, err));
  ESP_TRY(esp__config_diff_gather(&data->diff, &data->runs, err));
  return esp__points_gather(&data->points, &data->runs, &data->diff, err);
}

/* The directories as they were given. */
static esp_status add_title(cJSON *report, const esp_report_request *request, esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "the report", err));
  for (int i = 0; i < request->dirs && i < TITLE_DIRS; i++)
    fprintf(t.out, "%s%s", i > 0 ? ", " : "", request->dir[i]);
  if (request->dirs > TITLE_DIRS) fprintf(t.out, " and %d more", request->dirs - TITLE_DIRS);
  ESP_TRY(esp__text_end(&t, err));
  esp__json_put_string(report, "title", t.data);
  esp__text_drop(&t);
  return ESP_OK;
}

/* Notes the runs that a sweep asks for, and that are not there; how many. */
static int add_waiting(cJSON *report, const char *dir) {
  char path[ESP_PATH_MAX];
  esp_sweep s;
  esp_error why = {0};
  int waiting = 0;
  if (!esp__path_exists(dir, ESP_FILE_SWEEP)) return 0;
  if (esp_sweep_open(&s, dir, &why) != ESP_OK) {
    esp__report_note(report, "%s", why.text);
    return 0;
  }
  for (int i = s.denses; i < s.runs; i++) waiting += access(esp_sweep_path(&s, i, path), F_OK) != 0;
  if (waiting > 0)
    esp__report_note(report, "%s: %d of the %d runs of the sweep have not begun", dir, waiting,
                     s.runs - s.denses);
  esp_sweep_free(&s);
  return waiting;
}

static esp_status build(cJSON *report, const esp__report_data *data,
                        const esp_report_request *request, int *waiting, esp_error *err) {
  ESP_TRY(add_title(report, request, err));
  *waiting = 0;
  esp__json_put_number(report, "runs", data->runs.count);
  cJSON *series = esp__json_put_array(report, "series");
  static const char *const lists[] = {"notes",    "charts",   "sheets",
                                      "pictures", "drawings", "turned"};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) esp__json_put_array(report, lists[i]);
  for (int s = 0; s < data->diff.series; s++)
    esp__json_append(series, cJSON_CreateString(data->diff.series_name[s]));
  for (int i = 0; i < request->dirs; i++) *waiting += add_waiting(report, request->dir[i]);
  esp__add_results(report, data);
  if (request->paper) ESP_TRY(esp__add_paper(report, data, request->paper, err));
  esp__add_accuracy(report, data);
  ESP_TRY(esp__add_tests(report, data, err));
  esp__add_early_stopping(report, data);
  esp__add_training(report, data);
  esp__add_density(report, data);
  esp__add_layer_costs(report, data);
  esp__add_sensitivity(report, data);
  ESP_TRY(esp__add_histograms(report, data, err));
  esp__add_confusion(report, data);
  ESP_TRY(esp__add_turned(report, data, err));
  esp__add_runs(report, data);
  return esp__add_pictures(report, data, err);
}

esp_status esp__report_check(const esp_report_request *request, esp_error *err) {
  for (const esp__asset *a = esp__assets; a->name; a++)
    if (a->bytes == 0)
      return esp_fail(err, ESP_ERR_INPUT,
                      "this espalier was built without %s: install libjs-chart.js (or give meson "
                      "-Dchart_js=FILE, Chart.js 3) and build again",
                      a->name);
  ESP_TRY(esp__check_replaced(request->page, "<title>Espalier report</title>",
                              "is no page of espalier report", err));
  return request->figures ? esp__figures_check(request->figures, err) : ESP_OK;
}

static void drop(esp__report_data *data) {
  esp_paper_free(&data->paper);
  esp__points_free(&data->points);
  esp__config_diff_free(&data->diff);
  esp__run_records_free(&data->runs);
}

esp_status esp__report_once(const esp_report_request *request, double seconds,
                            esp__activity *activity, esp_error *err) {
  esp__report_data data = {0};
  cJSON *report = cJSON_CreateObject();
  int waiting;
  esp_status status = gather(&data, request, err);
  if (status == ESP_OK) status = build(report, &data, request, &waiting, err);
  if (status == ESP_OK) {
    *activity = esp__activity_of(&data.runs);
    activity->unfinished += waiting;
    esp__add_live(report, &data, seconds);
    status = esp__page_write(report, request->page, err);
  }
  cJSON_Delete(report);
  drop(&data);
  return status;
}

esp_status esp_report_make(const esp_report_request *request, esp_error *err) {
  esp__report_data data = {0};
  cJSON *report = cJSON_CreateObject();
  int waiting;
  esp_status status = esp__report_check(request, err);
  if (status == ESP_OK) status = gather(&data, request, err);
  if (status == ESP_OK) status = build(report, &data, request, &waiting, err);
  if (status == ESP_OK) status = esp__page_write(report, request->page, err);
  if (status == ESP_OK && request->figures)
    status = esp__figures_write(report, request->figures, err);
  cJSON_Delete(report);
  drop(&data);
  return status;
}
