#include "rundir/progress_json.h"

#include "base/json.h"
#include "base/temporary.h"
#include "rundir/json_fields.h"
#include "rundir/paths.h"

#include <espalier/file.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_LIMIT = 1 << 16 };

#define FIELD(kind_, member) \
  { .name = #member, .offset = offsetof(esp__heartbeat, member), .kind = kind_ }
static const esp__json_field fields[] = {
    FIELD(ESP_JSON_SMALL, stage),
    FIELD(ESP_JSON_SMALL, stages),
    FIELD(ESP_JSON_COUNT, epoch),
    FIELD(ESP_JSON_COUNT, epochs),
    FIELD(ESP_JSON_COUNT, batch),
    FIELD(ESP_JSON_COUNT, batches),
    FIELD(ESP_JSON_COUNT, epochs_left),
    FIELD(ESP_JSON_REAL, loss),
    FIELD(ESP_JSON_REAL, quality),
    FIELD(ESP_JSON_REAL, sparsity),
    FIELD(ESP_JSON_REAL, images_per_second),
    FIELD(ESP_JSON_REAL, seconds_left),
    {.name = NULL},
};

void esp__heartbeat_write(const esp__heartbeat *p, const char *dir) {
  char path[ESP_PATH_MAX];
  cJSON *o = cJSON_CreateObject();
  esp__json_write(o, fields, p->is, p);
  char *text = esp__json_print(o, false);
  cJSON_Delete(o);
  if (text && esp__path_join(path, dir, ESP_FILE_PROGRESS))
    (void)esp_file_show(path, text, strlen(text), NULL);
  free(text);
}

void esp__heartbeat_end(const char *dir) {
  char path[ESP_PATH_MAX];
  if (esp__path_join(path, dir, ESP_FILE_PROGRESS)) unlink(path);
  if (esp__path_join(path, dir, ESP_FILE_PROGRESS ESP_TEMPORARY_ENDING))
    unlink(path); /* left by a kill */
}

/* Nothing that is told is below 0. */
static bool is_sound(const esp__heartbeat *p) {
  return p->stage >= 0 && p->stages >= 0 && p->epoch >= 0 && p->epochs >= 0 && p->batch >= 0 &&
         p->batches >= 0 && p->epochs_left >= 0 && p->loss >= 0.0 && p->quality <= 1.0 &&
         p->sparsity >= 0.0 && p->images_per_second >= 0.0 && p->seconds_left >= 0.0;
}

/* What the quality is, by its name. */
static const esp_quality *quality_in(const cJSON *o, esp__heartbeat *p) {
  const char *name = esp_quality_of(true)->name;
  p->is = esp_quality_of(cJSON_GetObjectItemCaseSensitive(o, name) != NULL);
  return p->is;
}

bool esp__heartbeat_read(esp__heartbeat *p, const char *dir, double *age) {
  char path[ESP_PATH_MAX], *text;
  size_t bytes;
  struct stat info;
  *p = (esp__heartbeat){0};
  if (!esp__path_join(path, dir, ESP_FILE_PROGRESS) || stat(path, &info) != 0) return false;
  if (esp_file_read(path, FILE_LIMIT, &text, &bytes, NULL) != ESP_OK) return false;
  cJSON *o;
  size_t end;
  const bool parsed = esp__json_parse(&o, text, strlen(text), &end) == ESP_OK;
  free(text);
  const bool good = parsed && esp__json_read(fields, quality_in(o, p), p, o) && is_sound(p);
  cJSON_Delete(o);
  *age = difftime(time(NULL), info.st_mtime);
  return good;
}

double esp__heartbeat_epochs(const esp__heartbeat *p, double all) {
  const double part = p->batches > 0 ? (double)p->batch / (double)p->batches : 0.0;
  const double done = all - (double)p->epochs_left + part;
  return done < 0.0 ? 0.0 : done;
}
