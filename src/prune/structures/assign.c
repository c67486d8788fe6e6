#include "prune/structures/assign.h"

#include "base/pattern.h"
#include "prune/catalogue.h"

#include <stdio.h>
#include <string.h>

static const esp_option table[] = {
    {"structures", ESP_OPTION_LINES, offsetof(esp__hybrid_options, structures), "", 0, 0, NULL,
     "structure hybrid: a line 'pattern structure' each; the last that matches a layer counts, "
     "the others stay dense"},
    {.name = NULL}};
const esp_method_keys esp__hybrid_keys = {table, sizeof(esp__hybrid_options), .after = "layers"};

static const char *name_at(size_t i) {
  return esp_structure_at(i) ? esp_structure_at(i)->name : NULL;
}

/* The structure that the line names, or NULL. */
static const esp_structure *named(const esp__pattern_line *l) {
  for (size_t k = 0; esp_structure_at(k); k++)
    if (strlen(name_at(k)) == l->word_length && memcmp(name_at(k), l->word, l->word_length) == 0)
      return esp_structure_at(k) == &esp__structure_hybrid ? NULL : esp_structure_at(k);
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

esp_status esp__structures_assign(const esp_pruner *p, const esp_structure **of, esp_error *err) {
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
