#include "base/json.h"
#include "rundir/counts.h"
#include "rundir/paths.h"

#include <espalier/file.h>
#include <espalier/results.h>

#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 24, ROUNDS_MAX = 100000 };

static bool read_round(const esp_results *all, esp_round *r, const cJSON *o) {
  return esp__json_read(esp__round_fields, all->quality, r, o) && r->round >= 0 &&
         r->round < ROUNDS_MAX;
}

/* From the qualities, not from the file: an older one says by how much the loss is lower. */
static void set_recovery(esp_results *r) {
  const esp_round *dense = esp_results_dense(r);
  for (int i = 0; i < r->rounds; i++)
    r->round[i].recovery =
        esp__recovery(r->round[i].test_quality, dense ? dense->test_quality : 0.0);
}

/* An older file does not say: then it is accuracy. */
static bool read_quality(esp_results *r, const cJSON *o) {
  const cJSON *name = cJSON_GetObjectItemCaseSensitive(o, "quality");
  r->quality = !name                  ? esp_quality_of(false)
               : cJSON_IsString(name) ? esp_quality_named(name->valuestring)
                                      : NULL;
  return r->quality != NULL;
}

static esp_status read_rounds(esp_results *r, const cJSON *o) {
  const cJSON *dense = cJSON_GetObjectItemCaseSensitive(o, "dense"), *item;
  const cJSON *rounds = cJSON_GetObjectItemCaseSensitive(o, "rounds");
  const cJSON *hash = cJSON_GetObjectItemCaseSensitive(o, "weights_sha256");
  const cJSON *test = cJSON_GetObjectItemCaseSensitive(o, "test_labels_sha256");
  const int n = cJSON_GetArraySize(rounds);
  if (!read_quality(r, o)) return ESP_ERR_INPUT;
  if (!cJSON_IsArray(rounds) || n > ROUNDS_MAX || !cJSON_IsString(hash)) return ESP_ERR_INPUT;
  snprintf(r->sha256, sizeof r->sha256, "%s", hash->valuestring);
  if (cJSON_IsString(test))
    snprintf(r->test_labels, sizeof r->test_labels, "%s", test->valuestring);
  if (!(r->round = calloc((size_t)n + 1, sizeof *r->round))) return ESP_ERR_MEMORY;
  if (read_round(r, &r->round[0], dense)) r->rounds = 1; /* one that was never dense says null */
  cJSON_ArrayForEach(item,
                     rounds) if (!read_round(r, &r->round[r->rounds++], item)) return ESP_ERR_INPUT;
  set_recovery(r);
  return ESP_OK;
}

static bool is_finished(const cJSON *o) {
  const cJSON *status = cJSON_GetObjectItemCaseSensitive(o, "status");
  return cJSON_IsString(status) && strcmp(status->valuestring, "finished") == 0;
}

esp_status esp_results_read(esp_results *r, const char *dir, esp_error *err) {
  char path[ESP_PATH_MAX], *text;
  size_t bytes;
  *r = (esp_results){0};
  ESP_TRY(esp__path_make(path, dir, ESP_FILE_RESULT, err));
  ESP_TRY(esp_file_read(path, FILE_LIMIT, &text, &bytes, err));
  cJSON *o;
  size_t at;
  esp_status status = esp__json_parse(&o, text, bytes, &at);
  free(text);
  const bool finished = is_finished(o);
  if (status == ESP_OK) status = finished ? read_rounds(r, o) : ESP_ERR_INPUT;
  cJSON_Delete(o);
  if (status == ESP_OK) return ESP_OK;
  esp_results_free(r);
  if (status == ESP_ERR_MEMORY) return esp_fail(err, status, "%s: out of memory", path);
  return esp_fail(err, ESP_ERR_INPUT, "%s: %s", path,
                  finished ? "expected the results that a run writes" : "the run is not finished");
}

void esp_results_free(esp_results *r) {
  free(r->round);
  *r = (esp_results){0};
}

bool esp_results_finished(const char *dir) {
  esp_results r;
  if (esp_results_read(&r, dir, NULL) != ESP_OK) return false;
  esp_results_free(&r);
  return true;
}

const esp_round *esp_results_dense(const esp_results *r) {
  return r->rounds > 0 && r->round[0].round == 0 ? &r->round[0] : NULL;
}
