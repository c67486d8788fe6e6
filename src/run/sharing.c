#include "run/sharing.h"

#include "autograd/shares.h"
#include "ranks/agree.h"

#include <espalier/file.h>

#include <stdlib.h>
#include <string.h>

static int ranks_of(const esp_run *r) {
  return esp_ranks_count(r->control.ranks);
}

static int rank_of(const esp_run *r) {
  return esp_ranks_rank(r->control.ranks);
}

bool esp__run_writes(const esp_run *r) {
  return rank_of(r) == 0;
}

/* ---- shares ---- */

esp__split esp__run_split_of(const esp_run *r, int batch) {
  const int blocks = esp_blocks_for(batch), asked = (int)r->config.train.parts,
            parts = asked < blocks ? asked : blocks;
  return esp__split_of(parts < ranks_of(r) ? NULL : r->control.ranks, batch, parts);
}

esp__split esp__run_split(const esp_run *r) {
  return esp__run_split_of(r, (int)r->config.train.batch);
}

esp_loader_options esp__run_share_of(const esp_run *r, esp_loader_options whole) {
  const esp__split split = esp__run_split_of(r, whole.batch);
  if (!esp__split_is_shared(&split)) return whole;
  whole.first = esp__split_first_image(&split);
  whole.share = esp__split_images(&split, whole.batch);
  return whole;
}

esp_status esp__run_check_ranks(const esp_run *r, esp_error *err) {
  const int64_t parts = r->config.train.parts;
  if (ranks_of(r) <= parts) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[train] parts = %lld: a batch in so many parts cannot be shared by %d "
                  "processes; expected train.parts=%d or more, or fewer processes",
                  (long long)parts, ranks_of(r), ranks_of(r));
}

/* ---- agreement ---- */

esp_status esp__run_agree(const esp_run *r, esp_status status, esp_error *err) {
  return esp__ranks_agree(r->control.ranks, status, err);
}

/* What must be the same everywhere. */
typedef struct identity {
  char configuration[65], plugins[65];
  esp_dataset_digests data;
} identity;

static identity identity_of(const esp_run *r) {
  const char *plugins = r->at.plugins ? r->at.plugins : "";
  identity own;
  esp_sha256 s;
  memset(&own, 0, sizeof own);
  memcpy(own.configuration, r->at.fingerprint, sizeof own.configuration);
  own.data = r->at.data;
  esp_sha256_start(&s);
  esp_sha256_add(&s, plugins, strlen(plugins));
  esp_sha256_end(&s, own.plugins);
  return own;
}

/* What differs between two; NULL: nothing. */
static const char *difference(const identity *a, const identity *b) {
  return strcmp(a->plugins, b->plugins) != 0               ? "other plugins"
         : strcmp(a->data.classes, b->data.classes) != 0   ? "other class names in its data"
         : strcmp(a->data.labels, b->data.labels) != 0     ? "other labels in its data"
         : strcmp(a->data.images, b->data.images) != 0     ? "other images in its data"
         : strcmp(a->configuration, b->configuration) != 0 ? "another configuration"
                                                           : NULL;
}

esp_status esp__run_check_same(const esp_run *r, esp_error *err) {
  if (ranks_of(r) == 1) return ESP_OK;
  const identity own = identity_of(r);
  identity *all = esp__ranks_gather_equal(r->control.ranks, &own, sizeof own);
  esp_status status = ESP_OK;
  if (!all) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for what other processes say");
  for (int i = 1; status == ESP_OK && i < ranks_of(r); i++) {
    const char *what = difference(&all[0], &all[i]);
    if (what)
      status =
          esp_fail(err, ESP_ERR_INPUT, "rank %d: has %s than rank 0; expected the same", i, what);
  }
  free(all);
  return status;
}

static int64_t add(const esp_run *r, bool yes) {
  int64_t count = yes;
  if (ranks_of(r) > 1) esp__ranks_add(r->control.ranks, &count, 1);
  return count;
}

bool esp__run_first_says(const esp_run *r, bool yes) {
  return add(r, yes && rank_of(r) == 0) > 0;
}

bool esp__run_any_says(const esp_run *r, bool yes) {
  return add(r, yes) > 0;
}

void esp__run_meet(const esp_run *r) {
  if (ranks_of(r) > 1) esp__ranks_meet(r->control.ranks);
}

esp_status esp__run_end_alone(const esp_run *r, esp_status status, esp_error *err) {
  char why[sizeof err->text + 32];
  const bool everywhere =
      status == ESP_OK || status == ESP_ERR_DIVERGED || status == ESP_ERR_INTERRUPTED;
  if (ranks_of(r) == 1 || everywhere) return status;
  snprintf(why, sizeof why, "rank %d: %s", rank_of(r), err->text);
  esp__ranks_give_up(r->control.ranks, why);
  return status;
}
