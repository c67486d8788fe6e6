#include "report/run_record.h"

#include "base/json.h"
#include "config/parse.h"
#include "rundir/json_fields.h"
#include "rundir/paths.h"

#include <espalier/file.h>

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RESULT_BYTES_MAX = 64 << 20, RUNS_MAX = 10000 };

static bool is_run(const char *dir) {
  char path[ESP_PATH_MAX];
  struct stat info;
  return esp__path_join(path, dir, ESP_FILE_CONFIG) && stat(path, &info) == 0 &&
         S_ISREG(info.st_mode);
}

/* ---- one run ---- */

static esp_status note(esp__run_record *r, const char *text, esp_error *err) {
  const size_t old = r->missing ? strlen(r->missing) : 0, more = strlen(text);
  char *all = realloc(r->missing, old + more + 2);
  if (!all) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the report");
  memcpy(all + old, text, more);
  memcpy(all + old + more, "\n", 2);
  r->missing = all;
  return ESP_OK;
}

static esp_status read_result(esp__run_record *r, const char *path, esp_error *why) {
  char *text;
  size_t bytes;
  ESP_TRY(esp_file_read(path, RESULT_BYTES_MAX, &text, &bytes, why));
  size_t at;
  const esp_status status = esp__json_parse(&r->result, text, bytes, &at);
  free(text);
  if (status == ESP_ERR_MEMORY) return esp_fail(why, status, "%s: out of memory", path);
  return cJSON_IsObject(r->result)
             ? ESP_OK
             : esp_fail(why, ESP_ERR_INPUT, "%s: expected a JSON object", path);
}

/* Reads one of the files; what is wrong with it becomes a note. */
static esp_status read_file(esp__run_record *r, const char *name, esp_csv *table, esp_error *err) {
  esp_error why = {0};
  char path[ESP_PATH_MAX];
  ESP_TRY(esp__path_make(path, r->dir, name, err));
  const bool there = access(path, F_OK) == 0;
  const esp_status status = table ? esp_csv_read(table, path, &why) : read_result(r, path, &why);
  if (status == ESP_OK) return ESP_OK;
  if (status == ESP_ERR_MEMORY) return esp_fail(err, status, "%s", why.text);
  if (!there) snprintf(why.text, sizeof why.text, "%s is not there (yet)", name);
  return note(r, why.text, err);
}

/* The tables of a run, and whether one that is not there is missed. */
static const struct {
  const char *name;
  size_t offset;
  bool missed;
} tables[] = {
#define TABLE(name, member, missed) \
  { name, offsetof(esp__run_record, member), missed }
    TABLE(ESP_FILE_LOG, log, true),
    TABLE(ESP_FILE_LAYERS, layers, true),
    TABLE(ESP_FILE_CONFUSION, confusion, true),
    TABLE(ESP_FILE_COSTS, costs, false),
    TABLE(ESP_FILE_SPARSITY, sparsity, false),
    TABLE(ESP_FILE_TURNED, turned, false),
    TABLE(ESP_FILE_SENSITIVITY, sensitivity, false),
#undef TABLE
};
enum { TABLES = sizeof tables / sizeof *tables };

static esp_csv *table_at(esp__run_record *r, int i) {
  return (esp_csv *)((char *)r + tables[i].offset);
}

static esp_status read_record(esp__run_record *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  ESP_TRY(esp__path_make(path, r->dir, ESP_FILE_CONFIG, err));
  const esp_status status = esp__config_load_run(&r->config, path, 0, NULL, err);
  if (status != ESP_OK) {
    r->config = (esp_config){0};
    return status;
  }
  for (int i = 0; i < TABLES; i++)
    if (tables[i].missed || esp__path_exists(r->dir, tables[i].name))
      ESP_TRY(read_file(r, tables[i].name, table_at(r, i), err));
  ESP_TRY(read_file(r, ESP_FILE_RESULT, NULL, err));
  return strcmp(esp__run_record_status(r), "finished") == 0
             ? ESP_OK
             : note(r, "the run is not finished", err);
}

static const char *last_part(const char *dir) {
  const char *slash = strrchr(dir, '/');
  return slash ? slash + 1 : dir;
}

/* Takes `dir`, an allocated path without a slash at its end. */
static esp_status add_run(esp__run_records *r, char *dir, esp_error *err) {
  esp__run_record *more =
      dir && r->count < RUNS_MAX ? realloc(r->item, ((size_t)r->count + 1) * sizeof *more) : NULL;
  if (!more) {
    free(dir);
    return r->count == RUNS_MAX ? esp_fail(err, ESP_ERR_INPUT, "more than %d runs", RUNS_MAX)
                                : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the report");
  }
  r->item = more;
  more[r->count] = (esp__run_record){.dir = dir, .name = last_part(dir)};
  return read_record(&more[r->count++], err);
}

/* ---- several ---- */

static int not_hidden(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

static esp_status add_children(esp__run_records *r, const char *dir, esp_error *err) {
  struct dirent **entry;
  const int count = scandir(dir, &entry, not_hidden, alphasort), before = r->count;
  esp_status status = ESP_OK;
  for (int i = 0; i < count; i++) {
    char child[ESP_PATH_MAX];
    if (status == ESP_OK && esp__path_join(child, dir, entry[i]->d_name) && is_run(child))
      status = add_run(r, strdup(child), err);
    free(entry[i]);
  }
  if (count >= 0) free(entry);
  if (status == ESP_OK && r->count == before)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: not a run directory, and holds none: expected config.ini in it, "
                    "or in directories in it",
                    dir);
  return status;
}

/* Without the slashes at the end, so that the last part has a name. */
static char *trimmed(const char *dir) {
  size_t length = strlen(dir);
  while (length > 1 && dir[length - 1] == '/') length--;
  return strndup(dir, length);
}

esp_status esp__run_records_add(esp__run_records *r, const char *dir, esp_error *err) {
  char *path = trimmed(dir);
  if (!path) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the report");
  if (is_run(path)) return add_run(r, path, err);
  const esp_status status = add_children(r, path, err);
  free(path);
  return status;
}

void esp__run_records_free(esp__run_records *r) {
  for (int i = 0; i < r->count; i++) {
    esp__run_record *e = &r->item[i];
    for (int k = 0; k < TABLES; k++) esp_csv_free(table_at(e, k));
    cJSON_Delete(e->result);
    if (e->config.run.name) esp_config_free(&e->config);
    free(e->missing);
    free(e->dir);
  }
  free(r->item);
  *r = (esp__run_records){0};
}

double esp__run_record_number(const esp__run_record *r, const char *of, const char *name) {
  const cJSON *object = of ? cJSON_GetObjectItemCaseSensitive(r->result, of) : r->result;
  char column[ESP_QUALITY_COLUMN];
  const cJSON *item =
      esp__json_item(object, esp_quality_column(esp_config_quality(&r->config), name, column));
  return cJSON_IsNumber(item) && isfinite(item->valuedouble) ? item->valuedouble : NAN;
}

int esp__run_record_round(const esp__run_record *r, int round) {
  return isnan(esp__run_record_number(r, "dense", "test_quality")) ? 0 : round;
}

const char *esp__run_record_status(const esp__run_record *r) {
  const cJSON *status = cJSON_GetObjectItemCaseSensitive(r->result, "status");
  if (!cJSON_IsString(status)) return "not begun";
  return strcmp(status->valuestring, "finished") == 0 ? "finished" : "running";
}
