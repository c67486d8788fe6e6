#include "rundir/progress_json.h"

#include "base/json.h"

#include <espalier/file.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, FILE_LIMIT = 1 << 16 };

/* Each member named once for both directions. */
typedef struct field {
  const char *name;
  size_t offset;
  enum { REAL, COUNT, SMALL } type;
} field;
#define FIELD(kind, member) \
  { #member, offsetof(esp__heartbeat, member), kind }
static const field fields[] = {FIELD(SMALL, stage),
                               FIELD(SMALL, stages),
                               FIELD(COUNT, epoch),
                               FIELD(COUNT, epochs),
                               FIELD(COUNT, batch),
                               FIELD(COUNT, batches),
                               FIELD(COUNT, epochs_left),
                               FIELD(REAL, loss),
                               FIELD(REAL, accuracy),
                               FIELD(REAL, sparsity),
                               FIELD(REAL, images_per_second),
                               FIELD(REAL, seconds_left)};
enum { FIELDS = sizeof fields / sizeof *fields };

static bool path_of(const char *dir, const char *name, char path[PATH_BYTES]) {
  return snprintf(path, PATH_BYTES, "%s/%s", dir, name) < PATH_BYTES;
}

void esp__heartbeat_write(const esp__heartbeat *p, const char *dir) {
  char path[PATH_BYTES];
  cJSON *o = cJSON_CreateObject();
  for (int i = 0; i < FIELDS; i++) {
    const char *at = (const char *)p + fields[i].offset;
    const double v = fields[i].type == REAL    ? *(const double *)at
                     : fields[i].type == COUNT ? (double)*(const int64_t *)at
                                               : *(const int *)at;
    esp__json_put_number(o, fields[i].name, v);
  }
  char *text = esp__json_print(o, false);
  cJSON_Delete(o);
  if (text && path_of(dir, "progress.json", path))
    (void)esp_file_show(path, text, strlen(text), NULL);
  free(text);
}

void esp__heartbeat_end(const char *dir) {
  char path[PATH_BYTES];
  if (path_of(dir, "progress.json", path)) unlink(path);
  if (path_of(dir, "progress.json.tmp", path)) unlink(path); /* left by a kill */
}

static bool parse(esp__heartbeat *p, const char *text) {
  cJSON *o;
  size_t end;
  bool good = esp__json_parse(&o, text, strlen(text), &end) == ESP_OK;
  for (int i = 0; good && i < FIELDS; i++) {
    char *at = (char *)p + fields[i].offset;
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, fields[i].name);
    const double v = cJSON_IsNumber(item) ? item->valuedouble : -1.0;
    good = v >= 0.0 && v <= (fields[i].type == SMALL ? 0x1p30 : 0x1p53);
    if (good && fields[i].type == REAL) *(double *)at = v;
    if (good && fields[i].type == COUNT) *(int64_t *)at = (int64_t)v;
    if (good && fields[i].type == SMALL) *(int *)at = (int)v;
  }
  cJSON_Delete(o);
  return good;
}

bool esp__heartbeat_read(esp__heartbeat *p, const char *dir, double *age) {
  char path[PATH_BYTES], *text;
  size_t bytes;
  struct stat info;
  *p = (esp__heartbeat){0};
  if (!path_of(dir, "progress.json", path) || stat(path, &info) != 0) return false;
  if (esp_file_read(path, FILE_LIMIT, &text, &bytes, NULL) != ESP_OK) return false;
  const bool good = parse(p, text);
  free(text);
  *age = difftime(time(NULL), info.st_mtime);
  return good;
}

double esp__heartbeat_epochs(const esp__heartbeat *p, double all) {
  const double part = p->batches > 0 ? (double)p->batch / (double)p->batches : 0.0;
  const double done = all - (double)p->epochs_left + part;
  return done < 0.0 ? 0.0 : done;
}
