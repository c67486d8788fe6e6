#include "tensor/blobs.h"
#include "tensor/param.h"
#include "train/rename.h"
#include "train/weights_file.h"
#include "train/skip.h"

#include <espalier/pack.h>
#include <espalier/train.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The tensors of a parameter besides its value, and the prefix of each one's name in a
 * checkpoint. */
enum { MOMENTUM, SECOND_MOMENT, AVERAGE, SHADOW, MOVEMENT, EXTRAS };
static const char *const prefixes[EXTRAS] = {"momentum.", "second_moment.", "average.", "shadow.",
                                             "movement."};

/* Which values the weights of a layer share; only where they do. */
static const char shared_prefix[] = "shared.", fine_prefix[] = "fine.";

static float *extra(const esp_param *p, int which) {
  float *const tensors[EXTRAS] = {p->momentum, p->second_moment, p->average, p->shadow,
                                  p->movement};
  return tensors[which];
}

static esp_status add(esp_bundle *b, const char *prefix, const esp_param *p, esp_dtype type,
                      const void *data, esp_error *err) {
  char name[128];
  int64_t shape[ESP_RANK_MAX];
  snprintf(name, sizeof name, "%s%s", prefix, p->name);
  for (int i = 0; i < p->rank; i++) shape[i] = p->shape[i];
  return esp_bundle_add(b, name, type, p->rank, shape, data, err);
}

/* ---- weights alone ---- */

static esp_status collect_texts(esp_bundle *b, const esp_model *m, esp_provenance from,
                                esp_error *err) {
  char input[ESP_SHAPE_TEXT];
  esp_shape_write(m->input, input);
  ESP_TRY(esp_bundle_add_text(b, "espalier.input", input, err));
  ESP_TRY(esp_bundle_add_text(b, "espalier.layers", m->text, err));
  ESP_TRY(esp_bundle_add_text(b, "espalier.config", from.config, err));
  if (from.vocabulary) ESP_TRY(esp_bundle_add_text(b, "espalier.vocabulary", from.vocabulary, err));
  return esp_bundle_add_text(b, "espalier.classes", from.classes, err);
}

static esp_status collect_values(esp_bundle *b, const esp_model *m, esp_error *err) {
  for (int i = 0; i < m->params.count; i++) {
    const esp_param *p = m->params.item[i];
    ESP_TRY(add(b, "", p, ESP_F32, p->average ? p->average : p->value, err));
  }
  return ESP_OK;
}

static esp_status collect_weights(esp_bundle *b, const esp_model *m, esp_provenance from,
                                  esp_error *err) {
  ESP_TRY(collect_values(b, m, err));
  return collect_texts(b, m, from, err);
}

esp_status esp__weights_write(const esp_model *model, esp_provenance from, const char *path,
                              esp_error *err) {
  esp_bundle b = {0};
  esp_status status = collect_weights(&b, model, from, err);
  if (status == ESP_OK) status = esp_bundle_save(&b, path, err);
  esp_bundle_free(&b);
  return status;
}

esp_status esp__weights_write_packed(const esp_model *model, esp_provenance from, const char *path,
                                     size_t *bytes, esp_error *err) {
  esp_bundle b = {0};
  esp_status status = collect_weights(&b, model, from, err);
  if (status == ESP_OK) status = esp_pack_save(&b, path, bytes, err);
  esp_bundle_free(&b);
  return status;
}

esp_status esp_weights_packed_bytes(const esp_model *model, esp_provenance from, size_t *bytes,
                                    esp_error *err) {
  esp_bundle b = {0};
  uint8_t *data = NULL;
  esp_status status = collect_weights(&b, model, from, err);
  if (status == ESP_OK) status = esp_pack_encode(&b, &data, bytes, err);
  free(data);
  esp_bundle_free(&b);
  return status;
}

static esp_status read_values(esp_model *m, const char *skip, const esp_bundle *b, const char *path,
                              esp_error *err) {
  for (int i = 0; i < m->params.count; i++) {
    esp_param *p = m->params.item[i];
    if (!esp__is_skipped(m, skip, p))
      ESP_TRY(esp__blob_read(b, path, "", p, ESP_F32, p->value, err));
  }
  return ESP_OK;
}

/* A mask applies to whatever was loaded; averages and shadows start from it. */
static void settle(esp_model *m) {
  for (int k = 0; k < m->params.count; k++) {
    esp_param *p = m->params.item[k];
    if (p->shadow) memcpy(p->shadow, p->value, p->count * sizeof(float));
    for (size_t i = 0; p->mask && i < p->count; i++)
      if (!p->mask->keep[i]) p->value[i] = 0.0f;
    if (p->average) memcpy(p->average, p->value, p->count * sizeof(float));
  }
}

esp_status esp_weights_load(esp_model *model, const char *path, esp_error *err) {
  return esp_weights_load_named(model, path, NULL, err);
}

esp_status esp_weights_load_named(esp_model *model, const char *path, const char *names,
                                  esp_error *err) {
  return esp_weights_load_except(model, path, names, "", err);
}

esp_status esp_weights_load_except(esp_model *model, const char *path, const char *names,
                                   const char *skip, esp_error *err) {
  esp_bundle b = {0};
  ESP_TRY(esp__skip_check(model, skip, err));
  ESP_TRY(esp_weights_bundle_load(&b, path, err));
  esp_status status = names && *names ? esp__tensors_rename(&b, path, model, names, err) : ESP_OK;
  if (status == ESP_OK) status = read_values(model, skip, &b, path, err);
  if (status == ESP_OK) status = esp__params_check(&model->params, path, err);
  if (status == ESP_OK) settle(model);
  esp_bundle_free(&b);
  return status;
}

/* ---- everything ---- */

/* What the pruner's hooks keep, and whether they are over. */
static esp_status collect_hooks(esp_bundle *b, const esp_pruner *pruner, esp_error *err) {
  esp_prune_state s;
  for (int i = 0; pruner && (s = esp_pruner_state(pruner, i)).name; i++) {
    char name[128];
    const int64_t shape[] = {(int64_t)s.count};
    snprintf(name, sizeof name, "prune.%s", s.name);
    ESP_TRY(esp_bundle_add(b, name, ESP_F32, 1, shape, s.data, err));
  }
  return esp_bundle_add_text(b, "espalier.finished",
                             pruner && esp_pruner_finished(pruner) ? "yes" : "no", err);
}

/* What the pruner has noted of earlier choices, a tensor of its own. */
static const char notes_name[] = "prune.notes";

static esp_status collect_notes(esp_bundle *b, esp_pruner *pruner, esp_error *err) {
  size_t count;
  const uint8_t *notes = pruner ? esp_pruner_mask_history(pruner, &count) : NULL;
  if (!notes) return ESP_OK;
  const int64_t shape[] = {(int64_t)count};
  return esp_bundle_add(b, notes_name, ESP_U8, 1, shape, notes, err);
}

static esp_status read_notes(esp_pruner *pruner, const esp_bundle *b, const char *path,
                             esp_error *err) {
  size_t count;
  uint8_t *notes = pruner ? esp_pruner_mask_history(pruner, &count) : NULL;
  if (!notes) return ESP_OK;
  const esp_blob *blob = esp_bundle_find(b, notes_name);
  if (!blob || blob->dtype != ESP_U8 || blob->bytes != count)
    return esp_fail(err, ESP_ERR_INPUT, "%s: expected a tensor '%s' of %zu bytes", path, notes_name,
                    count);
  memcpy(notes, blob->data, count);
  return ESP_OK;
}

static bool has_second_moments(const esp_params *ps) {
  for (int i = 0; i < ps->count; i++)
    if (ps->item[i]->second_moment) return true;
  return false;
}

/* The steps that second moments hold. */
static const char updates_name[] = "espalier.updates";

static esp_status collect_updates(esp_bundle *b, const esp_params *ps, esp_error *err) {
  char updates[32];
  if (!has_second_moments(ps)) return ESP_OK;
  snprintf(updates, sizeof updates, "%" PRId64, ps->updates);
  return esp_bundle_add_text(b, updates_name, updates, err);
}

static esp_status read_updates(esp_params *ps, const esp_bundle *b, const char *path,
                               esp_error *err) {
  const char *text = esp_bundle_text(b, updates_name);
  char *end;
  if (!has_second_moments(ps)) return ESP_OK;
  ps->updates = text ? strtoll(text, &end, 10) : -1;
  if (ps->updates >= 0 && *end == '\0') return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: %s = '%.40s': expected how many steps the second moments hold", path,
                  updates_name, text ? text : "");
}

static esp_status collect_state(esp_bundle *b, const esp_model *m, esp_pruner *pruner,
                                esp_error *err) {
  for (int i = 0; i < m->params.count; i++)
    ESP_TRY(add(b, "", m->params.item[i], ESP_F32, m->params.item[i]->value, err));
  for (int i = 0; i < m->params.count; i++) {
    const esp_param *p = m->params.item[i];
    for (int k = 0; k < EXTRAS; k++)
      if (extra(p, k)) ESP_TRY(add(b, prefixes[k], p, ESP_F32, extra(p, k), err));
    if (p->mask) ESP_TRY(add(b, "mask.", p, ESP_U8, p->mask->keep, err));
    if (p->fine) ESP_TRY(add(b, fine_prefix, p, ESP_F32, p->fine, err));
    if (p->shared) ESP_TRY(add(b, shared_prefix, p, ESP_U8, p->shared, err));
  }
  ESP_TRY(collect_hooks(b, pruner, err));
  ESP_TRY(collect_notes(b, pruner, err));
  char changes[32];
  snprintf(changes, sizeof changes, "%" PRIu64, pruner ? esp_pruner_changes(pruner) : 0);
  ESP_TRY(esp_bundle_add_text(b, "espalier.changes", changes, err));
  return collect_updates(b, &m->params, err);
}

/* Bytes, and the last of all: the header, where texts are, cannot hold the log of a long run. */
static const char position_name[] = "espalier.position";

static esp_status collect_position(esp_bundle *b, const char *position, esp_error *err) {
  const int64_t shape[] = {(int64_t)strlen(position)};
  return esp_bundle_add(b, position_name, ESP_U8, 1, shape, position, err);
}

esp_status esp_checkpoint_save(const esp_model *model, esp_pruner *pruner, esp_provenance from,
                               const char *position, const char *path, esp_error *err) {
  esp_bundle b = {0};
  esp_status status = collect_state(&b, model, pruner, err);
  if (status == ESP_OK) status = collect_texts(&b, model, from, err);
  if (status == ESP_OK) status = collect_position(&b, position, err);
  if (status == ESP_OK) status = esp_bundle_save(&b, path, err);
  esp_bundle_free(&b);
  return status;
}

static esp_status read_mask(esp_pruner *pruner, const esp_bundle *b, const char *path, esp_param *p,
                            esp_error *err) {
  uint8_t *keep = malloc(p->count);
  if (!keep) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a mask");
  esp_status status = esp__blob_read(b, path, "mask.", p, ESP_U8, keep, err);
  esp_error why = {0};
  if (status == ESP_OK && (status = esp_pruner_restore(pruner, p, keep, &why)) != ESP_OK)
    esp_fail(err, status, "%s: %s", path, why.text);
  free(keep);
  return status;
}

/* The hooks' state, or their end if the file was written after it. */
static esp_status read_hooks(esp_pruner *pruner, const esp_bundle *b, const char *path,
                             esp_error *err) {
  const char *finished = esp_bundle_text(b, "espalier.finished");
  esp_prune_state s;
  if (finished && strcmp(finished, "yes") == 0) esp_pruner_finish(pruner);
  for (int i = 0; (s = esp_pruner_state(pruner, i)).name; i++) {
    char name[128];
    snprintf(name, sizeof name, "prune.%s", s.name);
    const esp_blob *blob = esp_bundle_find(b, name);
    if (!blob || blob->dtype != ESP_F32 || blob->rank != 1 || blob->shape[0] != (int64_t)s.count)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: no tensor '%s' of %zu numbers; the file belongs to another run", path,
                      name, s.count);
    memcpy(s.data, blob->data, s.count * sizeof(float));
  }
  return ESP_OK;
}

/* A parameter whose weights the file says share values; all others own theirs. */
static esp_status read_shared(const esp_bundle *b, const char *path, esp_param *p, esp_error *err) {
  char name[128];
  snprintf(name, sizeof name, "%s%s", shared_prefix, p->name);
  free(p->shared);
  p->shared = NULL;
  if (!esp_param_prunable(p) || !esp_bundle_find(b, name)) return ESP_OK;
  if (!(p->shared = malloc(p->count)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the shared weights of '%s'", p->name);
  return esp__blob_read(b, path, shared_prefix, p, ESP_U8, p->shared, err);
}

/* The weights that the optimiser moves where others are rounded. */
static esp_status read_fine(const esp_bundle *b, const char *path, esp_param *p, esp_error *err) {
  char name[128];
  snprintf(name, sizeof name, "%s%s", fine_prefix, p->name);
  free(p->fine);
  p->fine = NULL;
  if (!p->step || !esp_bundle_find(b, name)) return ESP_OK;
  if (!(p->fine = malloc(p->count * sizeof *p->fine)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the fine weights of '%s'", p->name);
  return esp__blob_read(b, path, fine_prefix, p, ESP_F32, p->fine, err);
}

/* A scale that the file says is learned. */
static esp_status read_learned(const esp_bundle *b, esp_param *p, esp_error *err) {
  char name[128];
  snprintf(name, sizeof name, "%s%s", prefixes[MOMENTUM], p->name);
  return !esp_param_trains(p) && esp_bundle_find(b, name) ? esp_param_learn(p, err) : ESP_OK;
}

/* Scales that are learned get the second moments and averages that all have which the optimiser
 * moves. */
static esp_status read_all_learned(const esp_bundle *b, esp_params *ps, esp_error *err) {
  bool averaged = false;
  for (int i = 0; i < ps->count; i++) {
    averaged |= ps->item[i]->average != NULL;
    ESP_TRY(read_learned(b, ps->item[i], err));
  }
  if (has_second_moments(ps)) ESP_TRY(esp_params_second_moments(ps, err));
  return averaged ? esp_params_average(ps, err) : ESP_OK;
}

/* Masks first: writing one clears what it prunes, and the tensors then come as they were saved. */
static esp_status read_state(esp_model *m, esp_pruner *pruner, const esp_bundle *b,
                             const char *path, esp_error *err) {
  if (pruner) ESP_TRY(read_hooks(pruner, b, path, err));
  for (int i = 0; i < m->params.count; i++)
    if (pruner && m->params.item[i]->mask)
      ESP_TRY(read_mask(pruner, b, path, m->params.item[i], err));
  ESP_TRY(read_all_learned(b, &m->params, err));
  for (int i = 0; i < m->params.count; i++) {
    esp_param *p = m->params.item[i];
    for (int k = 0; k < EXTRAS; k++)
      if (extra(p, k)) ESP_TRY(esp__blob_read(b, path, prefixes[k], p, ESP_F32, extra(p, k), err));
  }
  for (int i = 0; i < m->params.count; i++) {
    ESP_TRY(read_shared(b, path, m->params.item[i], err));
    ESP_TRY(read_fine(b, path, m->params.item[i], err));
  }
  ESP_TRY(read_notes(pruner, b, path, err));
  ESP_TRY(read_updates(&m->params, b, path, err));
  const char *changes = esp_bundle_text(b, "espalier.changes");
  if (pruner && changes) esp_pruner_restore_changes(pruner, strtoull(changes, NULL, 10));
  return read_values(m, "", b, path, err);
}

/* Checkpoints of earlier versions have it among the texts. */
esp_status esp_checkpoint_position(const esp_bundle *b, const char *path, char **position,
                                   esp_error *err) {
  const esp_blob *blob = esp_bundle_find(b, position_name);
  const char *text = esp_bundle_text(b, position_name);
  if (blob && blob->dtype != ESP_U8) blob = NULL;
  if (!blob && !text)
    return esp_fail(err, ESP_ERR_INPUT, "%s: not a checkpoint: it does not say where the run was",
                    path);
  *position = blob ? strndup(blob->data, blob->bytes) : strdup(text);
  return *position
             ? ESP_OK
             : esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory for the position of the run", path);
}

esp_status esp_checkpoint_set_position(esp_bundle *b, const char *position, esp_error *err) {
  for (int i = 0; i < b->blobs; i++) {
    esp_blob *blob = &b->blob[i];
    if (strcmp(blob->name, position_name) != 0) continue;
    *blob = (esp_blob){.dtype = ESP_U8, .rank = 1, .data = (void *)position};
    strcpy(blob->name, position_name);
    blob->bytes = strlen(position);
    blob->shape[0] = (int64_t)blob->bytes;
    return ESP_OK;
  }
  return collect_position(b, position, err);
}

esp_status esp_checkpoint_load(esp_model *model, esp_pruner *pruner, const char *path,
                               char **position, esp_error *err) {
  esp_bundle b = {0};
  ESP_TRY(esp_bundle_load(&b, path, err));
  esp_status status = read_state(model, pruner, &b, path, err);
  if (status == ESP_OK) status = esp_checkpoint_position(&b, path, position, err);
  esp_bundle_free(&b);
  return status;
}
