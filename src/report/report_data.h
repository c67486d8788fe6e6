/* What a report is made from, and the parts it is made of. */
#ifndef ESP_REPORT_REPORT_DATA_H
#define ESP_REPORT_REPORT_DATA_H

#include <espalier/paper.h>
#include "report/points.h"
#include "report/table.h"

typedef struct esp__report_data {
  esp__run_records runs;
  esp__config_diff diff;
  esp__points points;
  esp_paper paper;            /* no columns where none was asked for */
  const esp_quality *quality; /* what all its runs are judged by */
} esp__report_data;

/* Each adds its tables to report.tables, and what draws them to report.charts:
 *
 *     {"id", "title", "note", "kind",
 *      "x": {"label", "scale"}, "y": {"label", "scale"}, "sheets": [ids]}
 *
 * kind "band": table 0 holds series, seeds, x, mean, sd; table 1 every point: series, run, seed,
 * round, x, y; "joined": whether a line through the means makes sense; table 2, where there is one,
 * the Pareto front: x, y. kind "lines": a line per run and column of "y": {"columns": [...]}, over
 * the column of "x": {"column"}; "marks": the table with the epochs at which was pruned; "stepped":
 * a value holds until the next. kind "beside": two curves for each series, which "whose" names; a
 * table that holds series, whose, x, y, sd. kind "heat": a row per row, its name in the first
 * column; values from 0 to 100, or "signed". kind "bars": a row per row, its name in the first
 * column, a bar for each other. */
void esp__add_accuracy(cJSON *report, const esp__report_data *data);
void esp__add_early_stopping(cJSON *report, const esp__report_data *data);
void esp__add_training(cJSON *report, const esp__report_data *data);
/* Also the table "paper": the comparison as `espalier compare` makes it. */
esp_status esp__add_paper(cJSON *report, const esp__report_data *data, const char *name,
                          esp_error *err);
void esp__add_density(cJSON *report, const esp__report_data *data);
void esp__add_layer_costs(cJSON *report, const esp__report_data *data);
void esp__add_sensitivity(cJSON *report, const esp__report_data *data);
esp_status esp__add_histograms(cJSON *report, const esp__report_data *data, esp_error *err);
/* Also the table "classes": precision and recall. */
void esp__add_confusion(cJSON *report, const esp__report_data *data);

/* Tables without a chart: results, what pruning costs, what differs between series; the runs. */
void esp__add_results(cJSON *report, const esp__report_data *data);
esp_status esp__add_tests(cJSON *report, const esp__report_data *data, esp_error *err);
void esp__add_runs(cJSON *report, const esp__report_data *data);

/* report.pictures: {"series", "kind", "layer", "level", "note", "width", "height", "png"}, the PNG
 * in base64: of each series' first seed the masks of all layers of its last level, and the filters
 * of the first layer, also of its dense network. report.drawings: {"id", "series", "level", "svg"},
 * of its last network. What cannot be read becomes a note. */
esp_status esp__add_pictures(cJSON *report, const esp__report_data *data, esp_error *err);

/* The table "turned", and report.turned: {"series", "pictures": [{"image", "label", "answer",
 * "width", "height", "png"}]}. */
esp_status esp__add_turned(cJSON *report, const esp__report_data *data, esp_error *err);

/* An empty chart in report.charts. */
typedef struct esp__chart {
  const char *id, *title, *note, *kind;
} esp__chart;
cJSON *esp__chart_add(cJSON *report, esp__chart c);
/* chart[axis] = {"label", "scale"}; returns it. */
cJSON *esp__chart_axis(cJSON *chart, const char *axis, const char *label, const char *scale);
/* Gives the table to the report, and its id to the chart (NULL = to none). */
void esp__report_table_of(cJSON *report, cJSON *chart, cJSON *table);

/* A line of report.notes: what is missing. */
void esp__report_note(cJSON *report, const char *format, ...) ESP_PRINTF(2, 3);

/* "dense", "90 %", "90 %, quantise" behind a step of [compress]: what a level is called. */
enum { ESP_LABEL_MAX = 64 };
void esp__level_label(const esp__points *p, int first, int end, char text[ESP_LABEL_MAX]);
const char *esp__series_of(const esp__report_data *data, int point);
int64_t esp__seed_of(const esp__report_data *data, const esp__point *p);

#endif
