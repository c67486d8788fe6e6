#include "rundir/position.h"

#include "base/json.h"
#include "rundir/json_fields.h"

#include <stdlib.h>
#include <string.h>

/* The numbers of a result or of metrics, each named once for both directions. */
#define FIELD(type, kind_, member) \
  { .name = #member, .offset = offsetof(type, member), .kind = kind_ }
#define METRICS(kind, member) FIELD(esp_metrics, kind, member)
#define TARGETS(kind, member, length_) \
  { #member, offsetof(esp_metrics, member), kind, .length = length_, .optional = true }
static const esp__json_field metrics_fields[] = {
    METRICS(ESP_JSON_REAL, loss_sum),
    METRICS(ESP_JSON_COUNT, top1),
    METRICS(ESP_JSON_COUNT, top5),
    METRICS(ESP_JSON_COUNT, count),
    {"right", offsetof(esp_metrics, right), ESP_JSON_COUNTS, .length = ESP_TASKS_MAX},
    METRICS(ESP_JSON_REAL, seconds),
    TARGETS(ESP_JSON_SMALL, targets, 0),
    TARGETS(ESP_JSON_REALS, squared, ESP_TARGETS_MAX),
    TARGETS(ESP_JSON_REALS, variance, ESP_TARGETS_MAX),
    {.name = NULL},
};
#define OBJECT(type, member, of) \
  { .name = #member, .offset = offsetof(type, member), .kind = ESP_JSON_OBJECT, .fields = of }
#define RESULT(kind, member) FIELD(esp__result, kind, member)
#define OPTIONAL(member) \
  { .name = #member, offsetof(esp__result, member), ESP_JSON_COUNT, .optional = true }
static const esp__json_field result_fields[] = {
    RESULT(ESP_JSON_SMALL, round),
    RESULT(ESP_JSON_MEASURE, requested),
    RESULT(ESP_JSON_COUNT, pruned),
    RESULT(ESP_JSON_COUNT, units),
    RESULT(ESP_JSON_COUNT, params),
    RESULT(ESP_JSON_COUNT, params_nonzero),
    RESULT(ESP_JSON_COUNT, weights),
    RESULT(ESP_JSON_COUNT, weights_nonzero),
    RESULT(ESP_JSON_REAL, macs),
    RESULT(ESP_JSON_REAL, macs_effective),
    OBJECT(esp__result, validation_before, metrics_fields),
    OBJECT(esp__result, test_before, metrics_fields),
    OBJECT(esp__result, validation, metrics_fields),
    OBJECT(esp__result, test, metrics_fields),
    RESULT(ESP_JSON_REAL, seconds),
    RESULT(ESP_JSON_COUNT, images),
    RESULT(ESP_JSON_SMALL, guarded),
    RESULT(ESP_JSON_COUNT, executed.images),
    RESULT(ESP_JSON_COUNT, executed.total),
    RESULT(ESP_JSON_COUNT, executed.least),
    RESULT(ESP_JSON_COUNT, executed.most),
    RESULT(ESP_JSON_MEASURE, packed_bytes),
    OPTIONAL(mask_changes),
    OPTIONAL(weights_moved),
    {.name = NULL},
};
#define POSITION(kind, member) FIELD(esp__position, kind, member)
static const esp__json_field position_fields[] = {
    POSITION(ESP_JSON_SMALL, stage),           POSITION(ESP_JSON_COUNT, epoch),
    POSITION(ESP_JSON_COUNT, batch),           OBJECT(esp__position, train, metrics_fields),
    POSITION(ESP_JSON_REAL, peak_rss_mib),     POSITION(ESP_JSON_COUNT, events),
    OBJECT(esp__position, now, result_fields), {.name = NULL},
};

/* Rows: of tables, in the order of their files, and others. */
static const struct {
  const char *name;
  size_t offset;
  bool is_new; /* older checkpoints have none */
} texts[] = {
#define TEXT(member, is_new) \
  { #member, offsetof(esp__position, member), is_new }
    TEXT(log, false),       TEXT(layers, false),  TEXT(kernels, false),
    TEXT(confusion, false), TEXT(trials, false),  TEXT(costs, true),
    TEXT(sparsity, true),   TEXT(warnings, true), TEXT(plugins, true),
#undef TEXT
};
enum { TEXTS = sizeof texts / sizeof *texts };

static char **text_at(const esp__position *p, int i) {
  return (char **)((char *)p + texts[i].offset);
}

static const struct {
  const char *name;
  size_t offset;
} digests[] = {{"classes", offsetof(esp_dataset_digests, classes)},
               {"labels", offsetof(esp_dataset_digests, labels)},
               {"images", offsetof(esp_dataset_digests, images)},
               {"test_labels", offsetof(esp_dataset_digests, test_labels)}};
enum { DIGESTS = sizeof digests / sizeof *digests, DIGEST = 65 };

static void write_digests(cJSON *o, const esp_dataset_digests *d) {
  for (int i = 0; i < DIGESTS; i++)
    esp__json_put_string(o, digests[i].name, (const char *)d + digests[i].offset);
}

/* Older checkpoints have none, or not all. */
static bool read_digests(esp_dataset_digests *d, const cJSON *o) {
  for (int i = 0; o && i < DIGESTS; i++) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, digests[i].name);
    if (!item) continue;
    if (!cJSON_IsString(item) || strlen(item->valuestring) >= DIGEST) return false;
    strcpy((char *)d + digests[i].offset, item->valuestring);
  }
  return true;
}

static cJSON *write_position(const esp__position *p) {
  cJSON *o = cJSON_CreateObject();
  esp__json_write(o, position_fields, NULL, p);
  esp__json_put_bool(o, "begun", p->begun);
  cJSON *results = esp__json_put_array(o, "results");
  for (int i = 0; i < p->results; i++)
    esp__json_write(esp__json_append(results, cJSON_CreateObject()), result_fields, NULL,
                    &p->result[i]);
  esp__json_put_string(o, "recipe", p->fingerprint);
  write_digests(esp__json_put_object(o, "data"), &p->data);
  for (int i = 0; i < TEXTS; i++) {
    const char *text = *text_at(p, i);
    esp__json_put_string(o, texts[i].name, text ? text : "");
  }
  return o;
}

esp_status esp__position_text(const esp__position *p, char **text, esp_error *err) {
  cJSON *o = write_position(p);
  *text = esp__json_print(o, false);
  cJSON_Delete(o);
  return *text ? ESP_OK
               : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the position of the run");
}

static esp_status read_text(char **to, const cJSON *item) {
  if (!cJSON_IsString(item)) return ESP_ERR_INPUT;
  *to = strdup(item->valuestring);
  return *to ? ESP_OK : ESP_ERR_MEMORY;
}

static esp_status read_results(esp__position *p, const cJSON *results) {
  const cJSON *item;
  cJSON_ArrayForEach(item, results) {
    esp__result r;
    if (!esp__json_read(result_fields, NULL, &r, item)) return ESP_ERR_INPUT;
    ESP_TRY(esp__position_add(p, &r, NULL));
  }
  return ESP_OK;
}

static esp_status read_position(esp__position *p, const cJSON *o) {
  const cJSON *results = cJSON_GetObjectItemCaseSensitive(o, "results");
  const cJSON *fingerprint = cJSON_GetObjectItemCaseSensitive(o, "recipe");
  if (!esp__json_read(position_fields, NULL, p, o) || p->events < 0 || !cJSON_IsArray(results))
    return ESP_ERR_INPUT;
  p->begun = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "begun"));
  ESP_TRY(read_results(p, results));
  if (!cJSON_IsString(fingerprint) || strlen(fingerprint->valuestring) >= sizeof p->fingerprint)
    return ESP_ERR_INPUT;
  strcpy(p->fingerprint, fingerprint->valuestring);
  if (!read_digests(&p->data, cJSON_GetObjectItemCaseSensitive(o, "data"))) return ESP_ERR_INPUT;
  for (int i = 0; i < TEXTS; i++) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, texts[i].name);
    if (item || !texts[i].is_new) ESP_TRY(read_text(text_at(p, i), item));
  }
  return ESP_OK;
}

esp_status esp__position_parse(esp__position *p, const char *text, esp_error *err) {
  cJSON *o;
  size_t at;
  *p = (esp__position){0};
  esp_status status = esp__json_parse(&o, text, strlen(text), &at);
  if (status == ESP_OK) status = read_position(p, o);
  cJSON_Delete(o);
  if (status == ESP_OK) return ESP_OK;
  esp__position_free(p);
  return esp_fail(err, status, "%s",
                  status == ESP_ERR_MEMORY ? "out of memory for the position of the run"
                                           : "the checkpoint's position does not parse");
}

void esp__position_free(esp__position *p) {
  free(p->result);
  for (int i = 0; i < TEXTS; i++) free(*text_at(p, i));
  *p = (esp__position){0};
}

esp_status esp__position_add(esp__position *p, const esp__result *r, esp_error *err) {
  if (p->results == p->capacity) {
    const int wanted = p->capacity ? 2 * p->capacity : 16;
    esp__result *more = realloc(p->result, (size_t)wanted * sizeof *more);
    if (!more) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the results");
    p->result = more;
    p->capacity = wanted;
  }
  p->result[p->results++] = *r;
  return ESP_OK;
}

esp_status esp__rows_append(char **rows, const char *row, esp_error *err) {
  const size_t old = *rows ? strlen(*rows) : 0, more = strlen(row);
  char *text = realloc(*rows, old + more + 1);
  if (!text) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the log");
  memcpy(text + old, row, more + 1);
  *rows = text;
  return ESP_OK;
}
