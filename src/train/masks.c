/* Masks that come from the files of another run. */
#include "tensor/blobs.h"

#include <espalier/pack.h>
#include <espalier/train.h>

#include <stdlib.h>
#include <string.h>

static const char prefix[] = "mask.";

static bool has_masks(const esp_bundle *b) {
  for (int i = 0; i < b->blobs; i++)
    if (strncmp(b->blob[i].name, prefix, strlen(prefix)) == 0) return true;
  return false;
}

static bool has_mask(const esp_bundle *b, const esp_param *p) {
  char name[128];
  snprintf(name, sizeof name, "%s%s", prefix, p->name);
  return esp_bundle_find(b, name) != NULL;
}

/* Weights alone: what is not zero is there. */
static esp_status read_nonzero(const esp_bundle *b, const char *path, const esp_param *p,
                               uint8_t *keep, esp_error *err) {
  float *value = malloc(p->count * sizeof *value);
  if (!value) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a mask");
  const esp_status status = esp__blob_read(b, path, "", p, ESP_F32, value, err);
  for (size_t i = 0; status == ESP_OK && i < p->count; i++)
    keep[i] = has_masks(b) || !esp_param_prunable(p) || value[i] != 0.0f;
  free(value);
  return status;
}

esp_status esp_mask_read(const esp_bundle *b, const char *path, const esp_param *p, uint8_t *keep,
                         esp_error *err) {
  if (!has_mask(b, p)) return read_nonzero(b, path, p, keep, err);
  ESP_TRY(esp__blob_read(b, path, prefix, p, ESP_U8, keep, err));
  for (size_t i = 0; i < p->count; i++)
    if (keep[i] > 1)
      return esp_fail(err, ESP_ERR_INPUT, "%s: mask of '%s': value %d at %zu; expected 0 or 1",
                      path, p->name, keep[i], i);
  return ESP_OK;
}

/* ---- do they fit? ---- */

static size_t zeros_of(const uint8_t *keep, size_t n) {
  size_t zeros = 0;
  for (size_t i = 0; i < n; i++) zeros += keep[i] == 0;
  return zeros;
}

/* A mask there of what this network does not have, or does not prune. */
static esp_status check_covered(const esp_model *m, const esp_bundle *b, const char *path,
                                esp_error *err) {
  for (int i = 0; i < b->blobs; i++) {
    const esp_blob *blob = &b->blob[i];
    if (strncmp(blob->name, prefix, strlen(prefix)) != 0) continue;
    const char *name = blob->name + strlen(prefix);
    const esp_param *p = esp_params_find(&m->params, name);
    if (!p)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: has a mask of '%s'; the file belongs to another network", path, name);
    if (!p->mask && (blob->dtype != ESP_U8 || zeros_of(blob->data, blob->bytes) > 0))
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: '%s' is pruned there and not covered here; "
                      "expected the structure and skip that it was pruned with",
                      path, name);
  }
  return ESP_OK;
}

/* ---- putting them on ---- */

/* All masks of the model, one after the other. */
static size_t mask_bytes(const esp_model *m) {
  size_t bytes = 0;
  for (int i = 0; i < m->params.count; i++)
    bytes += m->params.item[i]->mask ? m->params.item[i]->count : 0;
  return bytes;
}

static esp_status put(esp_pruner *pruner, const esp_model *m, const esp_bundle *b, const char *path,
                      uint8_t *keep, esp_error *err) {
  size_t zeros = 0;
  for (int i = 0; i < m->params.count; i++) {
    esp_param *p = m->params.item[i];
    if (!p->mask) continue;
    ESP_TRY(esp_mask_read(b, path, p, keep, err));
    ESP_TRY(esp_pruner_restore(pruner, p, keep, err));
    zeros += zeros_of(keep, p->count);
    keep += p->count;
  }
  if (zeros > 0) return esp_pruner_unify(pruner, err);
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: nothing is pruned there; expected masks of a pruned network", path);
}

/* Biases and batch norms follow the weights where the file has no masks of their own. */
static esp_status check_whole(const esp_model *m, const esp_bundle *b, const char *path,
                              const uint8_t *keep, esp_error *err) {
  for (int i = 0; i < m->params.count; i++) {
    const esp_param *p = m->params.item[i];
    if (!p->mask) continue;
    const bool said = has_masks(b) || esp_param_prunable(p);
    if (said && memcmp(p->mask->keep, keep, p->count) != 0)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: the mask of '%s' is not one of whole units here; "
                      "expected the structure that it was pruned with",
                      path, p->name);
    keep += p->count;
  }
  return ESP_OK;
}

static esp_status load(esp_pruner *pruner, esp_model *m, const esp_bundle *b, const char *path,
                       esp_error *err) {
  uint8_t *keep = malloc(mask_bytes(m) + 1);
  if (!keep) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the masks");
  esp_status status = check_covered(m, b, path, err);
  if (status == ESP_OK) status = put(pruner, m, b, path, keep, err);
  if (status == ESP_OK) status = check_whole(m, b, path, keep, err);
  free(keep);
  return status;
}

esp_status esp_masks_load(esp_pruner *pruner, esp_model *model, const char *path, esp_error *err) {
  esp_bundle b = {0};
  ESP_TRY(esp_weights_bundle_load(&b, path, err));
  const esp_status status = load(pruner, model, &b, path, err);
  esp_bundle_free(&b);
  if (status == ESP_OK) esp_pruner_restore_changes(pruner, esp_pruner_changes(pruner) + 1);
  return status;
}

static esp_status fill(esp_pruner *pruner, const esp_model *m, esp_error *err) {
  uint8_t *keep = malloc(mask_bytes(m) + 1);
  if (!keep) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the masks");
  memset(keep, 1, mask_bytes(m));
  esp_status status = ESP_OK;
  for (int i = 0; status == ESP_OK && i < m->params.count; i++)
    if (m->params.item[i]->mask) status = esp_pruner_restore(pruner, m->params.item[i], keep, err);
  free(keep);
  return status;
}

esp_status esp_masks_try(esp_pruner *pruner, esp_model *model, const char *path, esp_error *err) {
  ESP_TRY(esp_masks_load(pruner, model, path, err));
  ESP_TRY(fill(pruner, model, err));
  esp_pruner_restore_changes(pruner, 0);
  return ESP_OK;
}
