/* The tables of a report that no chart draws: results, and the runs themselves. */
#include "report/quality_words.h"

#include <math.h>
#include <string.h>

#define OF(member) offsetof(esp__point, member)

static const esp__column result_columns[] = {{"series", "series"},
                                             {"level", "level"},
                                             {"seeds", "seeds"},
                                             {"$name_mean$percent", "test $title, mean$unit"},
                                             {"$name_sd$percent", "sd$unit"},
                                             {"before$percent", "before retraining$unit"},
                                             {"sparsity_percent", "sparsity (%)"},
                                             {"compression", "compression (times)"},
                                             {"million_macs", "multiply-adds (million)"},
                                             {"milliseconds_per_image", "inference (ms an image)"},
                                             {"training_seconds", "training (s)"},
                                             {0}};

/* The measures behind the qualities, in the order of the columns. */
static const struct {
  size_t offset;
  double unit;
} measures[] = {{OF(sparsity), 100.0},
                {OF(compression), 1.0},
                {OF(macs), 1e-6},
                {OF(milliseconds), 1.0},
                {OF(seconds), 1.0}};

static double mean_of(const esp__points *p, int first, size_t offset) {
  const esp_stats_moments m = esp__level_moments(p, first, esp__level_end(p, first), offset);
  return esp_stats_mean(&m);
}

static void add_level(cJSON *table, const esp__report_data *data, int first, int end) {
  const esp__points *p = &data->points;
  const esp_stats_moments quality = esp__level_moments(p, first, end, OF(quality));
  const double factor = data->quality->factor;
  char level[ESP_LABEL_MAX];
  esp__level_label(p, first, end, level);
  cJSON *row = esp__table_row_begin(table);
  esp__table_cell(row, esp__text_cell(esp__series_of(data, first)));
  esp__table_cell(row, esp__text_cell(level));
  esp__table_cell(row, esp__number_cell(quality.n));
  esp__table_cell(row, esp__number_cell(factor * esp_stats_mean(&quality)));
  esp__table_cell(row, esp__number_cell(factor * esp_stats_sd(&quality)));
  esp__table_cell(row, esp__number_cell(factor * mean_of(p, first, OF(before))));
  for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
    const esp_stats_moments m = esp__level_moments(p, first, end, measures[i].offset);
    esp__table_cell(row, esp__number_cell(measures[i].unit * esp_stats_mean(&m)));
  }
}

/* ---- what an image costs ---- */

/* Horowitz 2014, in 45 nm: a product and a sum of 32-bit floats; of integers, the product of 8 bits
 * and the sum of 32; and a read of DRAM, which has 32 bits. */
static const double joules_a_mac[] = {3.7e-12 + 0.9e-12, 0.2e-12 + 0.1e-12},
                    joules_a_byte = 640e-12 / 4.0;

/* Time x parameters of a level. */
static double effort(const esp__points *p, int first) {
  return mean_of(p, first, OF(milliseconds)) * mean_of(p, first, OF(params));
}

static void add_costs_of_level(cJSON *table, const esp__report_data *data, int first) {
  const esp__points *p = &data->points;
  const int dense = esp__dense_level(p, &data->diff, first);
  const double macs = mean_of(p, first, OF(macs)), traffic = mean_of(p, first, OF(traffic));
  const double compute = macs * joules_a_mac[p->item[first].integers];
  const double memory = traffic * joules_a_byte;
  char level[ESP_LABEL_MAX];
  esp__level_label(p, first, esp__level_end(p, first), level);
  ESP_TABLE_ROW(table, esp__text_cell(esp__series_of(data, first)), esp__text_cell(level),
                esp__number_cell(1e-3 * mean_of(p, first, OF(bytes))),
                esp__number_cell(1e-6 * macs), esp__number_cell(1e-3 * traffic),
                esp__number_cell(1e6 * compute), esp__number_cell(1e6 * memory),
                esp__number_cell(1e6 * (compute + memory)),
                esp__number_cell(mean_of(p, first, OF(milliseconds))),
                esp__number_cell(dense < 0 ? (double)NAN : effort(p, first) / effort(p, dense)));
}

static void add_image_costs(cJSON *report, const esp__report_data *data) {
  static const esp__column columns[] = {{"series", "series"},
                                        {"level", "level"},
                                        {"kilobytes", "packed file (KB)"},
                                        {"million_macs", "multiply-adds (million)"},
                                        {"kilobytes_moved", "memory traffic (KB)"},
                                        {"compute_microjoules", "computing, estimate (µJ)"},
                                        {"memory_microjoules", "memory, estimate (µJ)"},
                                        {"energy_microjoules", "energy, estimate (µJ)"},
                                        {"milliseconds_per_image", "inference (ms)"},
                                        {"time_x_parameters", "time × parameters (dense = 1)"},
                                        {0}};
  cJSON *table = esp__table_new("image-costs", columns);
  for (int first = 0; first < data->points.count; first = esp__level_end(&data->points, first))
    add_costs_of_level(table, data, first);
  esp__report_table_of(report, NULL, table);
}

void esp__add_results(cJSON *report, const esp__report_data *data) {
  cJSON *table = esp__quality_table(data->quality, "results", result_columns);
  for (int first = 0, end; first < data->points.count; first = end) {
    end = esp__level_end(&data->points, first);
    add_level(table, data, first, end);
  }
  esp__report_table_of(report, NULL, table);
  add_image_costs(report, data);
}

/* ---- the runs ---- */

static const char *text_of(const esp__run_record *r, const char *name) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(r->result, name);
  return cJSON_IsString(item) ? item->valuestring : "";
}

static void add_runs_table(cJSON *report, const esp__report_data *data) {
  static const esp__column columns[] = {{"run", "directory"},
                                        {"series", "series"},
                                        {"seed", "seed"},
                                        {"status", "status"},
                                        {"isa", "instruction set"},
                                        {"threads", "threads"},
                                        {"weights_sha256", "SHA-256 of the weights"},
                                        {"missing", "missing"},
                                        {0}};
  cJSON *table = esp__table_new("runs", columns);
  for (int i = 0; i < data->runs.count; i++) {
    const esp__run_record *r = &data->runs.item[i];
    ESP_TABLE_ROW(table, esp__text_cell(r->dir),
                  esp__text_cell(data->diff.series_name[data->diff.series_of[i]]),
                  esp__number_cell((double)r->config.run.seed),
                  esp__text_cell(esp__run_record_status(r)), esp__text_cell(text_of(r, "isa")),
                  esp__number_cell(esp__run_record_number(r, NULL, "threads")),
                  esp__text_cell(text_of(r, "weights_sha256")),
                  esp__text_cell(r->missing ? r->missing : ""));
  }
  esp__report_table_of(report, NULL, table);
}

/* Whether runs differ in the key, and not only in where or how they ran. */
static bool is_difference(const esp__config_diff *data, int key) {
  return esp__config_diff_differs(data, key) &&
         (data->key[key].decides || strcmp(data->key[key].name, "run.seed") == 0);
}

/* What the runs have in common, and a column for each key in which they differ. */
static void add_configuration(cJSON *report, const esp__report_data *data) {
  static const esp__column common[] = {{"key", "key"}, {"value", "value"}, {0}};
  cJSON *same = esp__table_new("configuration", common);
  cJSON *other =
      esp__table_new("configuration-differences", (const esp__column[]){{"run", "run"}, {0}});
  for (int k = 0; k < data->diff.keys; k++)
    if (is_difference(&data->diff, k))
      esp__table_widen(other, data->diff.key[k].name, data->diff.key[k].name);
    else if (!esp__config_diff_differs(&data->diff, k))
      ESP_TABLE_ROW(same, esp__text_cell(data->diff.key[k].name),
                    esp__text_cell(esp__config_diff_value(&data->diff, 0, k)));
  for (int r = 0; r < data->runs.count && data->runs.count > 1; r++) {
    cJSON *row = esp__table_row_begin(other);
    esp__table_cell(row, esp__text_cell(data->runs.item[r].name));
    for (int k = 0; k < data->diff.keys; k++)
      if (is_difference(&data->diff, k))
        esp__table_cell(row, esp__text_cell(esp__config_diff_value(&data->diff, r, k)));
  }
  esp__report_table_of(report, NULL, same);
  esp__report_table_of(report, NULL, other);
}

/* A note per run and thing that is missing. */
static void add_notes(cJSON *report, const esp__report_data *data) {
  for (int i = 0; i < data->runs.count; i++) {
    const esp__run_record *r = &data->runs.item[i];
    for (const char *line = r->missing; line && *line;) {
      const size_t length = strcspn(line, "\n");
      esp__report_note(report, "%s: %.*s", r->dir, (int)length, line);
      line += length + (line[length] == '\n');
    }
  }
}

void esp__add_runs(cJSON *report, const esp__report_data *data) {
  add_notes(report, data);
  add_runs_table(report, data);
  add_configuration(report, data);
}
