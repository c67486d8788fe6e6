/* Tables of numbers: a row is an example, some of its columns are what is to be estimated. */
#include "data/columns.h"
#include "data/file_names.h"
#include "data/set.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Which columns are what, and how they are called. */
typedef struct roles {
  esp__names target, input;
} roles;

static void roles_free(roles *r) {
  esp__names_free(&r->target);
  esp__names_free(&r->input);
}

/* ---- which columns ---- */

/* Whether `list`, the value of data.`key`, has a column that is a target. */
static esp_status check_apart(const roles *r, const esp__names *list, const char *key,
                              esp_error *err) {
  for (int i = 0; i < list->count; i++)
    if (esp__names_have(&r->target, list->item[i]))
      return esp_fail(err, ESP_ERR_INPUT,
                      "data.%s: '%.100s' is a target too; expected other columns than data.target",
                      key, list->item[i]);
  return ESP_OK;
}

/* All columns that are neither targets nor ignored. */
static esp_status take_others(roles *r, const esp_csv *t, const esp__names *ignored,
                              esp_error *err) {
  for (int c = 0; c < t->columns; c++)
    if (!esp__names_have(&r->target, t->name[c]) && !esp__names_have(ignored, t->name[c]))
      ESP_TRY(esp__names_add(&r->input, t->name[c], err));
  return ESP_OK;
}

static esp_status check_both(const roles *r, const esp__names *ignored, esp_error *err) {
  for (int i = 0; i < ignored->count; i++)
    if (esp__names_have(&r->input, ignored->item[i]))
      return esp_fail(err, ESP_ERR_INPUT,
                      "data.ignore: '%.100s' is one of data.inputs too; expected it in one of them",
                      ignored->item[i]);
  return ESP_OK;
}

static esp_status choose_inputs(roles *r, const esp_csv *t, const char *path,
                                const esp__names *ignored, esp_error *err) {
  int column[ESP_CHANNELS_MAX];
  for (int i = 0; i < ignored->count; i++)
    ESP_TRY(esp__columns_find(t, path, &ignored->item[i], 1, "ignore", column, err));
  ESP_TRY(check_apart(r, &r->input, "inputs", err));
  ESP_TRY(check_apart(r, ignored, "ignore", err));
  ESP_TRY(check_both(r, ignored, err));
  return r->input.count > 0 ? ESP_OK : take_others(r, t, ignored, err);
}

static esp_status check_counts(const roles *r, const char *path, int line, esp_error *err) {
  if (r->target.count > ESP_TARGETS_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "data.target: %d columns; expected at most %d",
                    r->target.count, ESP_TARGETS_MAX);
  if (r->input.count > 0 && r->input.count <= ESP_CHANNELS_MAX) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s:%d: %d columns for the network to read; expected 1 to %d besides the targets",
                  path, line, r->input.count, ESP_CHANNELS_MAX);
}

static esp_status choose(roles *r, const esp_csv *t, const char *path, const esp_table_options *o,
                         esp_error *err) {
  esp__names ignored = {0};
  int column[ESP_TARGETS_MAX];
  ESP_TRY(esp__names_split(&r->target, o->target, "target", err));
  ESP_TRY(esp__names_split(&r->input, o->inputs, "inputs", err));
  esp_status status = esp__names_split(&ignored, o->ignore, "ignore", err);
  if (status == ESP_OK) status = choose_inputs(r, t, path, &ignored, err);
  if (status == ESP_OK) status = check_counts(r, path, t->names_line, err);
  if (status == ESP_OK)
    status = esp__columns_find(t, path, r->target.item, r->target.count, "target", column, err);
  esp__names_free(&ignored);
  return status;
}

/* ---- rows ---- */

static esp_status take_rows(const roles *r, const esp_csv *t, const char *path, esp_images *images,
                            esp_error *err) {
  int input[ESP_CHANNELS_MAX], target[ESP_TARGETS_MAX];
  const int inputs = r->input.count, targets = r->target.count;
  ESP_TRY(esp__columns_find(t, path, r->input.item, inputs, "inputs", input, err));
  ESP_TRY(esp__columns_find(t, path, r->target.item, targets, "target", target, err));
  images->targets = targets;
  ESP_TRY(esp__images_grow(images, (size_t)inputs * sizeof(float), (uint64_t)t->rows, path, err));
  for (int i = 0; i < t->rows; i++) {
    images->labels[i] = 0;
    ESP_TRY(esp__columns_take(t, path, i, input, inputs,
                              images->features + (size_t)i * (size_t)inputs, err));
    ESP_TRY(esp__columns_take(t, path, i, target, targets,
                              images->target + (size_t)i * (size_t)targets, err));
  }
  return ESP_OK;
}

static esp_status name_columns(esp_dataset *set, roles *r, esp_error *err) {
  set->shape = (esp_shape){r->input.count, 1, 1, 0};
  set->column_name = r->input.item; /* theirs from now on */
  r->input.item = NULL;
  r->input.count = 0;
  return esp__class_names(set, (const char *const *)r->target.item, r->target.count, err);
}

/* ---- files ---- */

static esp_status read_more(const roles *r, const char *path, esp_images *images, esp_error *err) {
  esp_csv t;
  ESP_TRY(esp__columns_open(&t, path, err));
  const esp_status status = take_rows(r, &t, path, images, err);
  esp_csv_free(&t);
  return status;
}

/* The table to train on decides what the columns are. */
static esp_status read_first(roles *r, const char *path, const esp_table_options *o,
                             esp_images *images, esp_error *err) {
  esp_csv t;
  ESP_TRY(esp__columns_open(&t, path, err));
  esp_status status = choose(r, &t, path, o, err);
  if (status == ESP_OK) status = take_rows(r, &t, path, images, err);
  esp_csv_free(&t);
  return status;
}

/* `test` is "" where a share of the first is to test on. */
static esp_status read_files(esp_dataset *set, const esp_data_options *opt, const char *train,
                             const char *test, esp_error *err) {
  roles r = {0};
  esp_status status = read_first(&r, train, &opt->table, &set->train, err);
  if (status == ESP_OK && *test) status = read_more(&r, test, &set->test, err);
  if (status == ESP_OK) status = name_columns(set, &r, err);
  roles_free(&r);
  return status == ESP_OK && !*test ? esp__images_deal(set, "rows", err) : status;
}

static esp_status check_target(const esp_data_options *opt, esp_error *err) {
  if (opt->table.target && *opt->table.target) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "data.target: data set '%s' needs the name of the column to estimate; expected "
                  "target = NAME in [data], or the argument data.target=NAME",
                  opt->dataset);
}

static esp_status load(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                       esp_key seed, esp_error *err) {
  char train[ESP_PATH_BYTES], test[ESP_PATH_BYTES];
  (void)wanted, (void)seed;
  ESP_TRY(check_target(opt, err));
  if (opt->path && *opt->path && access(opt->path, F_OK) == 0 && !esp__is_folder(opt->path))
    return read_files(set, opt, opt->path, "", err);
  ESP_TRY(esp__data_folder(opt, err));
  ESP_TRY(esp__data_path(train, opt->path, "train.csv", err));
  ESP_TRY(esp__data_path(test, opt->path, "test.csv", err));
  if (access(test, F_OK) != 0) *test = '\0';
  return read_files(set, opt, train, test, err);
}

const esp_dataset_kind esp__dataset_csv = {
    .name = "csv",
    .help =
        "tables of numbers to estimate one or more columns from the others: train.csv and "
        "test.csv, or a single file, of which a fifth is to test on; "
        "the first line names the columns",
    .element = ESP_FEATURES,
    .targets = true,
    .load = load,
};
