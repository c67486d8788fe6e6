#include "ranks/agree.h"

#include <espalier/version.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *esp__ranks_gather_equal(esp_ranks *r, const void *own, size_t bytes) {
  const size_t ranks = (size_t)esp_ranks_count(r);
  int *each = calloc(ranks, sizeof *each);
  void *all = calloc(ranks, bytes);
  const bool there = each && all;
  for (size_t i = 0; there && i < ranks; i++) each[i] = (int)bytes;
  if (there) esp__ranks_gather(r, own, each, all);
  free(each);
  if (there) return all;
  free(all);
  return NULL;
}

/* What a process says of itself. */
typedef struct word {
  esp_status status;
  char text[sizeof((esp_error *)NULL)->text];
} word;

static bool same_words(const word *all, int ranks) {
  for (int i = 1; i < ranks; i++)
    if (strcmp(all[i].text, all[0].text) != 0) return false;
  return true;
}

static esp_status judge(const word *all, int ranks, esp_error *err) {
  for (int i = 0; i < ranks; i++) {
    if (all[i].status == ESP_OK) continue;
    if (same_words(all, ranks)) return esp_fail(err, all[i].status, "%s", all[i].text);
    return esp_fail(err, all[i].status, "rank %d: %.1000s", i, all[i].text);
  }
  return ESP_OK;
}

esp_status esp__ranks_agree(esp_ranks *r, esp_status status, esp_error *err) {
  if (esp_ranks_count(r) == 1) return status;
  word own = {.status = status};
  if (status != ESP_OK) snprintf(own.text, sizeof own.text, "%s", err->text);
  word *all = esp__ranks_gather_equal(r, &own, sizeof own);
  if (!all) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for what other processes say");
  status = judge(all, esp_ranks_count(r), err);
  free(all);
  return status;
}

/* ---- versions ---- */

/* Always as long, since other versions read it. */
typedef struct version {
  char text[32];
} version;

static esp_status compare_versions(const version *all, int ranks, esp_error *err) {
  for (int i = 1; i < ranks; i++)
    if (strncmp(all[i].text, all[0].text, sizeof all->text) != 0)
      return esp_fail(err, ESP_ERR_INPUT,
                      "rank %d: is Espalier %.31s, and rank 0 is %.31s; expected the same version",
                      i, all[i].text, all[0].text);
  return ESP_OK;
}

esp_status esp__ranks_check_version(esp_ranks *r, esp_error *err) {
  if (esp_ranks_count(r) == 1) return ESP_OK;
  version own = {""};
  snprintf(own.text, sizeof own.text, "%s", ESP_VERSION);
  version *all = esp__ranks_gather_equal(r, &own, sizeof own);
  if (!all) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for what other processes say");
  const esp_status status = compare_versions(all, esp_ranks_count(r), err);
  free(all);
  return status;
}
