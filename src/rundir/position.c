#include "rundir/position.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* The numbers of a result or of metrics, each named once for both directions. */
typedef struct field {
  const char *name;
  size_t offset;
  enum { REAL, COUNT, SMALL, METRICS, TALLY, TEXT } type;
} field;

#define FIELD(type, kind, member) \
  { #member, offsetof(type, member), kind }
static const field metrics_fields[] = {FIELD(esp_metrics, REAL, loss_sum),
                                       FIELD(esp_metrics, COUNT, top1),
                                       FIELD(esp_metrics, COUNT, top5),
                                       FIELD(esp_metrics, COUNT, count),
                                       FIELD(esp_metrics, TALLY, right),
                                       FIELD(esp_metrics, REAL, seconds),
                                       {NULL, 0, REAL}};
#define RESULT(kind, member) FIELD(esp__result, kind, member)
static const field result_fields[] = {RESULT(SMALL, round),
                                      RESULT(REAL, requested),
                                      RESULT(COUNT, pruned),
                                      RESULT(COUNT, units),
                                      RESULT(COUNT, params),
                                      RESULT(COUNT, params_nonzero),
                                      RESULT(COUNT, weights),
                                      RESULT(COUNT, weights_kept),
                                      RESULT(REAL, macs),
                                      RESULT(REAL, macs_effective),
                                      RESULT(METRICS, validation_before),
                                      RESULT(METRICS, test_before),
                                      RESULT(METRICS, validation),
                                      RESULT(METRICS, test),
                                      RESULT(REAL, seconds),
                                      RESULT(COUNT, images),
                                      RESULT(SMALL, guarded),
                                      RESULT(COUNT, executed.images),
                                      RESULT(COUNT, executed.total),
                                      RESULT(COUNT, executed.least),
                                      RESULT(COUNT, executed.most),
                                      {NULL, 0, REAL}};
#define POSITION(kind, member) FIELD(esp__position, kind, member)
static const field position_fields[] = {
    POSITION(SMALL, stage),   POSITION(COUNT, epoch),       POSITION(COUNT, batch),
    POSITION(METRICS, train), POSITION(REAL, peak_rss_mib), POSITION(COUNT, events),
    {NULL, 0, REAL}};
/* The rows of tables, in the order of their files. */
static const field position_texts[] = {POSITION(TEXT, log), POSITION(TEXT, layers),
                                       POSITION(TEXT, kernels), POSITION(TEXT, confusion),
                                       POSITION(TEXT, trials)};
enum { TEXTS = sizeof position_texts / sizeof *position_texts };

static char **text_at(const esp__position *p, int i) {
  return (char **)((char *)p + position_texts[i].offset);
}

/* Numbers of all tasks. */
static cJSON *write_tally(const int64_t *count) {
  cJSON *list = cJSON_CreateArray();
  for (int t = 0; t < ESP_TASKS_MAX; t++)
    esp__json_append(list, esp__json_exact_number((double)count[t]));
  return list;
}

static bool read_tally(int64_t *count, const cJSON *list) {
  if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != ESP_TASKS_MAX) return false;
  for (int t = 0; t < ESP_TASKS_MAX; t++) {
    const cJSON *item = cJSON_GetArrayItem(list, t);
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= 0x1p53))
      return false;
    count[t] = (int64_t)item->valuedouble;
  }
  return true;
}

static cJSON *write_fields(const field *f, const void *from) {
  cJSON *o = cJSON_CreateObject();
  for (; o && f->name; f++) {
    const char *at = (const char *)from + f->offset;
    if (f->type == METRICS) {
      esp__json_put(o, f->name, write_fields(metrics_fields, at));
    } else if (f->type == TALLY) {
      esp__json_put(o, f->name, write_tally((const int64_t *)at));
    } else {
      const double v = f->type == REAL    ? *(const double *)at
                       : f->type == COUNT ? (double)*(const int64_t *)at
                                          : *(const int *)at;
      esp__json_put(o, f->name, esp__json_exact_number(v));
    }
  }
  return o;
}

static bool read_fields(const field *f, void *to, const cJSON *o) {
  for (; f->name; f++) {
    char *at = (char *)to + f->offset;
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, f->name);
    if (f->type == METRICS || f->type == TALLY) {
      if (f->type == METRICS ? !read_fields(metrics_fields, at, item)
                             : !read_tally((int64_t *)at, item))
        return false;
      continue;
    }
    if (!cJSON_IsNumber(item)) return false;
    const double v = item->valuedouble;
    const double limit = f->type == REAL ? 1e300 : f->type == COUNT ? 0x1p53 : 0x1p30;
    if (!(v >= -limit && v <= limit)) return false;
    if (f->type == REAL) *(double *)at = v;
    if (f->type == COUNT) *(int64_t *)at = (int64_t)v;
    if (f->type == SMALL) *(int *)at = (int)v;
  }
  return true;
}

static cJSON *write_position(const esp__position *p) {
  cJSON *o = write_fields(position_fields, p);
  esp__json_put_bool(o, "begun", p->begun);
  esp__json_put(o, "now", write_fields(result_fields, &p->now));
  cJSON *results = esp__json_put_array(o, "results");
  for (int i = 0; i < p->results; i++)
    esp__json_append(results, write_fields(result_fields, &p->result[i]));
  esp__json_put_string(o, "recipe", p->recipe);
  for (int i = 0; i < TEXTS; i++) {
    const char *text = *text_at(p, i);
    esp__json_put_string(o, position_texts[i].name, text ? text : "");
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
    if (!read_fields(result_fields, &r, item)) return ESP_ERR_INPUT;
    ESP_TRY(esp__position_add(p, &r, NULL));
  }
  return ESP_OK;
}

static esp_status read_position(esp__position *p, const cJSON *o) {
  const cJSON *results = cJSON_GetObjectItemCaseSensitive(o, "results");
  const cJSON *recipe = cJSON_GetObjectItemCaseSensitive(o, "recipe");
  if (!read_fields(position_fields, p, o) || p->events < 0 || !cJSON_IsArray(results) ||
      !read_fields(result_fields, &p->now, cJSON_GetObjectItemCaseSensitive(o, "now")))
    return ESP_ERR_INPUT;
  p->begun = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "begun"));
  ESP_TRY(read_results(p, results));
  if (!cJSON_IsString(recipe) || strlen(recipe->valuestring) >= sizeof p->recipe)
    return ESP_ERR_INPUT;
  strcpy(p->recipe, recipe->valuestring);
  for (int i = 0; i < TEXTS; i++)
    ESP_TRY(read_text(text_at(p, i), cJSON_GetObjectItemCaseSensitive(o, position_texts[i].name)));
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
