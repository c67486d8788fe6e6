/* The training curves: of each epoch what log.csv says, where pruning happens, and at the end of
 * each stage the test images. */
#include "base/json.h"
#include "report/quality_words.h"

#include <math.h>
#include <stdio.h>

static const esp__column columns[] = {{"series", "series"},
                                      {"run", "run"},
                                      {"seed", "seed"},
                                      {"stage", "stage"},
                                      {"epoch", "epoch of the run"},
                                      {"train_loss", "training loss"},
                                      {"validation_loss", "validation loss"},
                                      {"test_loss", "test loss, end of stage"},
                                      {"train_$name$percent", "training $title$unit"},
                                      {"validation_$name$percent", "validation $title$unit"},
                                      {"test_$name$percent", "test $title, end of stage$unit"},
                                      {"learning_rate", "learning rate"},
                                      {"sparsity_percent", "sparsity (%)"},
                                      {0}};

/* "quality" in the name is what the run is judged by. */
static double number(const esp__run_record *r, int row, const char *column) {
  char name[ESP_QUALITY_COLUMN];
  return esp_csv_number(&r->log, row,
                        esp_quality_column(esp_config_quality(&r->config), column, name));
}

/* A number of the result that the stage of this row ended with; NAN within the stage. */
static double test_number(const esp__run_record *r, int row, const char *name) {
  const double stage = number(r, row, "stage");
  if (!(stage >= 0.0 && stage < 1e6)) return (double)NAN;
  if (row + 1 < r->log.rows && number(r, row + 1, "stage") == stage) return (double)NAN;
  const cJSON *rounds = cJSON_GetObjectItemCaseSensitive(r->result, "rounds");
  const bool dense = !isnan(esp__run_record_number(r, "dense", "test_quality"));
  if (dense && stage == 0.0) return esp__run_record_number(r, "dense", name);
  const cJSON *round = cJSON_GetArrayItem(rounds, (int)stage - dense);
  char column[ESP_QUALITY_COLUMN];
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(
      round, esp_quality_column(esp_config_quality(&r->config), name, column));
  return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

static const char *series_of(const esp__report_data *data, int run) {
  return data->diff.series_name[data->diff.series_of[run]];
}

static void add_rows(cJSON *table, const esp__report_data *data, int run) {
  const esp__run_record *r = &data->runs.item[run];
  const double factor = data->quality->factor;
#define NUMBER(unit, name) esp__number_cell(unit *number(r, row, name))
  for (int row = 0; row < r->log.rows; row++)
    ESP_TABLE_ROW(table, esp__text_cell(series_of(data, run)), esp__text_cell(r->name),
                  esp__number_cell((double)r->config.run.seed), NUMBER(1, "stage"),
                  esp__number_cell(row + 1), NUMBER(1, "train_loss"), NUMBER(1, "validation_loss"),
                  esp__number_cell(test_number(r, row, "test_loss")),
                  NUMBER(factor, "train_quality"), NUMBER(factor, "validation_quality"),
                  esp__number_cell(factor * test_number(r, row, "test_quality")), NUMBER(1, "lr"),
                  NUMBER(100, "sparsity"));
#undef NUMBER
}

/* ---- where pruning happens ---- */

static void add_mark(cJSON *table, const esp__report_data *data, int run, double epoch,
                     const char *what) {
  ESP_TABLE_ROW(table, esp__text_cell(series_of(data, run)),
                esp__text_cell(data->runs.item[run].name), esp__number_cell(epoch),
                esp__text_cell(what));
}

/* Where a round begins, and where masks change in the training. */
static void add_marks(cJSON *table, const esp__report_data *data, int run) {
  const esp__run_record *r = &data->runs.item[run];
  char what[64];
  for (int row = 1; row < r->log.rows; row++) {
    const double stage = number(r, row, "stage");
    if (!(stage > number(r, row - 1, "stage"))) continue;
    snprintf(what, sizeof what, "%.3g %%", 100.0 * number(r, row, "sparsity"));
    add_mark(table, data, run, row, what);
  }
  for (int row = 0; row < r->sparsity.rows; row++)
    if (esp_csv_number(&r->sparsity, row, "stage") == 0.0)
      add_mark(table, data, run, esp_csv_number(&r->sparsity, row, "epoch"), "");
}

/* Of the first run of each series: the others have theirs at the same places. */
static cJSON *marks(const esp__report_data *data) {
  static const esp__column names[] = {
      {"series", "series"}, {"run", "run"}, {"epoch", "epoch of the run"}, {"what", "what"}, {0}};
  cJSON *table = esp__table_new("pruning-marks", names);
  for (int series = 0; series < data->diff.series; series++) {
    int run = 0;
    while (data->diff.series_of[run] != series) run++;
    add_marks(table, data, run);
  }
  return table;
}

/* ---- sparsity over steps ---- */

/* Epochs of the run before a stage. */
static int epochs_before(const esp__run_record *r, double stage) {
  int row = 0;
  while (row < r->log.rows && number(r, row, "stage") < stage) row++;
  return row;
}

static void add_sparsity(cJSON *table, const esp__report_data *data, int run, double epoch,
                         double share) {
  const esp__run_record *r = &data->runs.item[run];
  ESP_TABLE_ROW(table, esp__text_cell(series_of(data, run)), esp__text_cell(r->name),
                esp__number_cell((double)r->config.run.seed), esp__number_cell(epoch),
                esp__number_cell(100.0 * share));
}

/* Mask changes and ends of epochs, in their order. */
static void add_sparsities(cJSON *table, const esp__report_data *data, int run) {
  const esp__run_record *r = &data->runs.item[run];
  const esp_csv *t = &r->sparsity;
  int change = 0;
  for (int row = 0; row < r->log.rows; row++) {
    for (; change < t->rows; change++) {
      const double epoch =
          epochs_before(r, esp_csv_number(t, change, "stage")) + esp_csv_number(t, change, "epoch");
      if (!(epoch < row + 1)) break;
      add_sparsity(table, data, run, epoch, esp_csv_number(t, change, "sparsity"));
    }
    add_sparsity(table, data, run, row + 1, number(r, row, "sparsity"));
  }
}

static bool any_pruned(const esp__report_data *data) {
  for (int run = 0; run < data->runs.count; run++) {
    const esp__run_record *r = &data->runs.item[run];
    if (r->log.rows > 0 && number(r, r->log.rows - 1, "sparsity") > 0.0) return true;
  }
  return false;
}

/* ---- charts ---- */

/* The axis of y: what it shows, "linear" or "log", and the columns. */
typedef struct axis {
  const char *label, *scale;
  const char *const *column;
  int columns;
} axis;

static cJSON *add_chart(cJSON *report, const esp_quality *q, esp__chart c, axis y) {
  char text[ESP_WORDS_MAX];
  cJSON *chart = esp__quality_chart(report, q, c), *names = cJSON_CreateArray();
  esp__json_put_string(esp__chart_axis(chart, "x", "epoch of the run", "linear"), "column",
                       "epoch");
  for (int i = 0; i < y.columns; i++)
    esp__json_append(names, cJSON_CreateString(esp__quality_words(q, y.column[i], text)));
  esp__json_put(esp__chart_axis(chart, "y", esp__quality_words(q, y.label, text), y.scale),
                "columns", names);
  return chart;
}

static void name_sheet(cJSON *chart, const char *id) {
  esp__json_append(cJSON_GetObjectItem(chart, "sheets"), cJSON_CreateString(id));
}

static void add_charts(cJSON *report, const esp_quality *q) {
  static const struct {
    esp__chart chart;
    const char *label, *scale, *column[3];
    int columns;
  } charts[] = {
      {{"loss", "Loss",
        "Dense training, then each round of retraining; a line per run. Marks at the top: pruning "
        "to that sparsity; at the bottom: masks changed.",
        "lines"},
       "loss",
       "log",
       {"train_loss", "validation_loss", "test_loss"},
       3},
      {{"accuracy-epochs", "$Title while training",
        "Training: on the augmented batches, as they were learned from.", "lines"},
       "$axis",
       "linear",
       {"train_$name$percent", "validation_$name$percent", "test_$name$percent"},
       3},
      {{"learning-rate", "Learning rate", "At the beginning of each epoch.", "lines"},
       "learning rate",
       "linear",
       {"learning_rate"},
       1}};
  for (size_t i = 0; i < sizeof charts / sizeof *charts; i++) {
    cJSON *chart =
        add_chart(report, q, charts[i].chart,
                  (axis){charts[i].label, charts[i].scale, charts[i].column, charts[i].columns});
    esp__json_put_string(chart, "marks", "pruning-marks");
    name_sheet(chart, "training");
  }
}

static void add_sparsity_chart(cJSON *report, const esp__report_data *data) {
  static const esp__column names[] = {{"series", "series"},
                                      {"run", "run"},
                                      {"seed", "seed"},
                                      {"epoch", "epoch of the run"},
                                      {"sparsity_percent", "sparsity (%)"},
                                      {0}};
  cJSON *table = esp__table_new("sparsity-steps", names);
  for (int series = 0; series < data->diff.series; series++)
    for (int run = 0; run < data->runs.count; run++)
      if (data->diff.series_of[run] == series) add_sparsities(table, data, run);
  cJSON *chart =
      add_chart(report, data->quality,
                (esp__chart){"sparsity-steps", "Sparsity while training",
                             "After each change of the masks.", "lines"},
                (axis){"sparsity (%)", "linear", (const char *const[]){"sparsity_percent"}, 1});
  esp__json_put_bool(chart, "stepped", true);
  esp__report_table_of(report, chart, table);
}

void esp__add_training(cJSON *report, const esp__report_data *data) {
  cJSON *table = esp__quality_table(data->quality, "training", columns);
  for (int series = 0; series < data->diff.series; series++)
    for (int run = 0; run < data->runs.count; run++)
      if (data->diff.series_of[run] == series) add_rows(table, data, run);
  if (esp__table_rows(table) == 0) {
    cJSON_Delete(table);
    return;
  }
  esp__report_table_of(report, NULL, table);
  esp__report_table_of(report, NULL, marks(data));
  add_charts(report, data->quality);
  if (any_pruned(data)) add_sparsity_chart(report, data);
}
