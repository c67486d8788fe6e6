/* The training curves. */
#include "base/json.h"
#include "report/report_data.h"

static const esp__column columns[] = {{"series", "series"},
                                      {"run", "run"},
                                      {"seed", "seed"},
                                      {"stage", "stage"},
                                      {"epoch", "epoch of the run"},
                                      {"train_loss", "training loss"},
                                      {"validation_loss", "validation loss"},
                                      {"train_accuracy_percent", "training accuracy (%)"},
                                      {"validation_accuracy_percent", "validation accuracy (%)"},
                                      {"learning_rate", "learning rate"},
                                      {"sparsity_percent", "sparsity (%)"},
                                      {0}};

static void add_rows(cJSON *table, const esp__report_data *data, int run) {
  const esp__run_record *r = &data->runs.item[run];
  const char *series = data->diff.series_name[data->diff.series_of[run]];
#define NUMBER(unit, name) esp__number_cell(unit *esp_csv_number(&r->log, row, name))
  for (int row = 0; row < r->log.rows; row++)
    ESP_TABLE_ROW(table, esp__text_cell(series), esp__text_cell(r->name),
                  esp__number_cell((double)r->config.run.seed), NUMBER(1, "stage"),
                  esp__number_cell(row + 1), NUMBER(1, "train_loss"), NUMBER(1, "validation_loss"),
                  NUMBER(100, "train_accuracy"), NUMBER(100, "validation_accuracy"),
                  NUMBER(1, "lr"), NUMBER(100, "sparsity"));
#undef NUMBER
}

static void add_chart(cJSON *report, esp__chart c, const char *label, const char *const *column,
                      int n) {
  cJSON *chart = esp__chart_add(report, c);
  esp__json_put_string(esp__chart_axis(chart, "x", "epoch of the run", "linear"), "column",
                       "epoch");
  esp__json_put(esp__chart_axis(chart, "y", label, "linear"), "columns",
                cJSON_CreateStringArray(column, n));
  esp__json_append(cJSON_GetObjectItem(chart, "sheets"), cJSON_CreateString("training"));
}

void esp__add_training(cJSON *report, const esp__report_data *data) {
  cJSON *table = esp__table_new("training", columns);
  for (int series = 0; series < data->diff.series; series++)
    for (int run = 0; run < data->runs.count; run++)
      if (data->diff.series_of[run] == series) add_rows(table, data, run);
  if (esp__table_rows(table) == 0) {
    cJSON_Delete(table);
    return;
  }
  esp__report_table_of(report, NULL, table);
  add_chart(report,
            (esp__chart){"loss", "Loss",
                         "Dense training, then each round of retraining; a line per run.", "lines"},
            "loss", (const char *const[]){"train_loss", "validation_loss"}, 2);
  add_chart(report,
            (esp__chart){"accuracy-epochs", "Accuracy while training",
                         "Training: on the augmented batches, as they were learned from.", "lines"},
            "accuracy, top-1 (%)",
            (const char *const[]){"train_accuracy_percent", "validation_accuracy_percent"}, 2);
  add_chart(
      report,
      (esp__chart){"learning-rate", "Learning rate", "At the beginning of each epoch.", "lines"},
      "learning rate", (const char *const[]){"learning_rate"}, 1);
}
