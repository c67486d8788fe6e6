/* The structure hybrid: each layer has its own. */
#include "prune/hybrid.h"

#include "base/pattern.h"
#include "prune/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *name_at(size_t i) {
  return esp_structure_at(i) ? esp_structure_at(i)->name : NULL;
}

/* The structure that the line names, or NULL. */
static const esp_structure *named(const esp__pattern_line *l) {
  for (size_t k = 0; esp_structure_at(k); k++)
    if (strlen(name_at(k)) == l->word_length && memcmp(name_at(k), l->word, l->word_length) == 0)
      return esp_structure_at(k)->cover ? esp_structure_at(k) : NULL;
  return NULL;
}

static esp_status check_line(const esp_pruner *p, const esp__pattern_line *l, esp_error *err) {
  char word[40];
  bool used = false;
  for (int i = 0; i < p->model->layers; i++)
    used |= esp__pattern_matches(l->text, l->pattern, p->model->layer[i].name);
  if (named(l) && used) return ESP_OK;
  snprintf(word, sizeof word, "%.*s", (int)l->word_length, l->word);
  const char *near = named(l) ? NULL : esp_nearest(word, name_at);
  return esp_fail(
      err, ESP_ERR_INPUT, "[prune] structures:%d: '%.*s': %s%s%s", l->number, (int)l->length,
      l->text, named(l) ? "matches no layer" : "expected a pattern of layer names and a structure",
      near ? "; did you mean " : "", near ? near : "");
}

/* of[i] = the structure of layer i: that of the last line "pattern structure" that matches it;
 * stays as it is if none does. */
static esp_status assign(const esp_pruner *p, const esp_structure **of, esp_error *err) {
  const esp__hybrid_options *o = esp_prune_keys(p->opt, &esp__hybrid_keys);
  int count = 0;
  for (esp__pattern_line l = {.text = o->structures}; esp__pattern_next(&l); count++) {
    ESP_TRY(check_line(p, &l, err));
    for (int i = 0; i < p->model->layers; i++)
      if (esp__pattern_matches(l.text, l.pattern, p->model->layer[i].name)) of[i] = named(&l);
  }
  if (count > 0) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "[prune] structure = hybrid: expected lines 'pattern structure' in the key structures");
}

/* One structure in its layers; it must find something there. */
static esp_status cover_one(esp_pruner *p, const esp_structure *s, const esp_structure **of,
                            const bool *layers, bool *own, esp_error *err) {
  const int before = p->pools;
  int wanted = -1;
  for (int i = 0; i < p->model->layers; i++) {
    own[i] = layers[i] && of[i] == s;
    if (own[i] && wanted < 0) wanted = i;
  }
  if (wanted < 0) return ESP_OK;
  ESP_TRY(s->cover(p, own, err));
  if (p->pools > before) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[prune] structures: '%s' finds nothing to remove in '%s' and its like; "
                  "layers that go together need the same structure",
                  s->name, p->model->layer[wanted].name);
}

/* Where a channel takes its columns from a layer of single weights, those count as pruned too: more
 * is gone then than was chosen. */
esp_status esp__hybrid_cover(esp_pruner *p, const bool *layers, esp_error *err) {
  const size_t n = (size_t)p->model->layers + 1;
  const esp_structure **of = calloc(n, sizeof *of);
  bool *own = calloc(n, sizeof *own);
  esp_status status =
      of && own ? assign(p, of, err) : esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  for (int chooses = 0; chooses < 2; chooses++) /* those that choose for themselves come last */
    for (size_t k = 0; status == ESP_OK && esp_structure_at(k); k++)
      if (esp_structure_at(k)->cover && (esp_structure_at(k)->choose != NULL) == chooses)
        status = cover_one(p, esp_structure_at(k), of, layers, own, err);
  free(of);
  free(own);
  return status;
}
