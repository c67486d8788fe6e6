#include "report/network_file.h"

#include "rundir/paths.h"

#include <stdio.h>
#include <unistd.h>

esp_status esp__network_load(esp_bundle *b, const esp__run_records *runs, const esp__point *p,
                             esp_error *why) {
  const char *dir = runs->item[p->run].dir;
  char path[ESP_PATH_MAX], name[64] = ESP_FILE_DENSE;
  if (p->round > 0) snprintf(name, sizeof name, ESP_FILE_ROUND, p->round);
  if (!esp__path_join(path, dir, name) || access(path, F_OK) != 0)
    return esp_fail(why, ESP_ERR_INPUT, "%s: %s is not there (yet)", dir, name);
  return esp_bundle_load(b, path, why);
}

const esp_blob *esp__network_weight(const esp_bundle *b, const char *layer) {
  char name[256];
  snprintf(name, sizeof name, "%s.weight", layer);
  const esp_blob *blob = esp_bundle_find(b, name);
  const bool fits = blob && blob->dtype == ESP_F32 && blob->rank >= 2 && blob->bytes > 0;
  return fits ? blob : NULL;
}
