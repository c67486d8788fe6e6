#include "train/blobs.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

esp_status esp__blob_read(const esp_bundle *b, const char *path, const char *prefix,
                          const esp_param *p, esp_dtype type, void *to, esp_error *err) {
  char name[128];
  snprintf(name, sizeof name, "%s%s", prefix, p->name);
  const esp_blob *blob = esp_bundle_find(b, name);
  if (!blob)
    return esp_fail(err, ESP_ERR_INPUT, "%s: no tensor '%s'; the file belongs to another network",
                    path, name);
  bool same = blob->dtype == type && blob->rank == p->rank;
  for (int i = 0; same && i < p->rank; i++) same = blob->shape[i] == p->shape[i];
  if (!same)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: tensor '%s' has another shape or type than the network's", path, name);
  memcpy(to, blob->data, blob->bytes);
  return ESP_OK;
}
