/* The keys of all methods: their order in [prune], and memory for their values. */
#include "prune/catalogue.h"
#include "prune/keys.h"

#include "base/value.h"

#include <stdlib.h>
#include <string.h>

/* Every family once, in the order of the catalogue; their number. */
static size_t families(const esp_method_keys *family[ESP_PRUNE_KEYS_MAX]) {
  size_t count = 0;
  esp__entry e;
  for (size_t i = 0; (e = esp__entry_at(i)).name; i++)
    for (size_t k = 0; k < ESP_METHOD_KEYS_MAX && e.keys[k]; k++) {
      size_t known = 0;
      while (known < count && family[known] != e.keys[k]) known++;
      if (known == count) family[count++] = e.keys[k];
    }
  return count;
}

/* ---- the order ---- */

typedef struct listing {
  const esp_method_keys *family[ESP_PRUNE_KEYS_MAX];
  size_t families, keys;
  esp_prune_key *key;
} listing;

/* A table's keys, and behind each of them the families that come after it. */
static void list(listing *l, const esp_option *table, const esp_method_keys *owner) {
  for (const esp_option *o = table; o->name; o++) {
    l->key[l->keys++] = (esp_prune_key){o, owner};
    for (size_t f = 0; f < l->families; f++)
      if (l->family[f]->after && strcmp(l->family[f]->after, o->name) == 0)
        list(l, l->family[f]->table, l->family[f]);
  }
}

void esp_prune_key_list(esp_prune_key *key) {
  listing l = {.key = key};
  l.families = families(l.family);
  list(&l, esp_prune_option_table, NULL);
  for (size_t f = 0; f < l.families; f++)
    if (!l.family[f]->after) list(&l, l.family[f]->table, l.family[f]);
  key[l.keys] = (esp_prune_key){NULL, NULL};
}

static const esp_option *find_in(const esp_option *table, const char *name) {
  while (table->name && strcmp(table->name, name) != 0) table++;
  return table->name ? table : NULL;
}

esp_prune_key esp__prune_key_find(const char *name) {
  const esp_method_keys *family[ESP_PRUNE_KEYS_MAX];
  const esp_option *found = find_in(esp_prune_option_table, name);
  if (found) return (esp_prune_key){found, NULL};
  const size_t count = families(family);
  for (size_t f = 0; f < count; f++)
    if ((found = find_in(family[f]->table, name))) return (esp_prune_key){found, family[f]};
  return (esp_prune_key){NULL, NULL};
}

/* ---- the values ---- */

/* Bytes of a struct in the block, such that what follows is aligned. */
static size_t room_of(const esp_method_keys *keys) {
  const size_t step = _Alignof(max_align_t);
  return (keys->bytes + step - 1) / step * step;
}

static struct esp_method_values *make_block(void) {
  const esp_method_keys *family[ESP_PRUNE_KEYS_MAX];
  const size_t count = families(family);
  struct esp_method_values *v;
  const size_t step = _Alignof(max_align_t), head = sizeof *v + count * sizeof *v->of,
               first = (head + step - 1) / step * step;
  size_t bytes = first;
  for (size_t f = 0; f < count; f++) bytes += room_of(family[f]);
  if (!(v = calloc(1, bytes))) return NULL;
  char *at = (char *)v + first;
  for (v->count = 0; v->count < count; at += room_of(family[v->count++]))
    v->of[v->count] = (esp__method_value){family[v->count], at};
  return v;
}

esp_status esp_prune_keys_open(esp_prune_options *opt, esp_error *err) {
  struct esp_method_values *v = opt->methods = make_block();
  if (!v) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the options of pruning");
  esp_status status = ESP_OK;
  for (size_t i = 0; i < v->count; i++)
    for (const esp_option *o = v->of[i].keys->table; o->name && status == ESP_OK; o++)
      status = esp__value_set(o, v->of[i].options, o->fallback, "default of [prune]", err);
  if (status != ESP_OK) esp_prune_keys_close(opt);
  return status;
}

void esp_prune_keys_close(esp_prune_options *opt) {
  struct esp_method_values *v = opt->methods;
  for (size_t i = 0; v && i < v->count; i++)
    for (const esp_option *o = v->of[i].keys->table; o->name; o++)
      esp__value_free(o, v->of[i].options);
  free(v);
  opt->methods = NULL;
}

esp_status esp_prune_keys_set(esp_prune_options *opt, const char *name, const char *value,
                              esp_error *err) {
  struct esp_method_values *v = opt->methods;
  for (size_t i = 0; v && i < v->count; i++)
    for (const esp_option *o = v->of[i].keys->table; o->name; o++)
      if (strcmp(o->name, name) == 0)
        return esp__value_set(o, v->of[i].options, value, "[prune]", err);
  return esp_fail(err, ESP_ERR_INPUT, "[prune]: no method has the key '%s'", name);
}
