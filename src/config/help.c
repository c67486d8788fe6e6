#include "config/sections.h"

#include "prune/catalogue.h"
#include "base/value.h"

#include <string.h>

static void describe_key(const esp_config_key *key, FILE *out) {
  const esp_option *o = key->option;
  char expected[1024];
  esp__value_expected(o, expected, sizeof expected);
  fprintf(out, "%s.%s\n", key->section->name, o->name);
  fprintf(out, "    type:    %s\n", expected);
  fprintf(out, "    default: %s\n", *o->fallback ? o->fallback : "(empty)");
  fprintf(out, "    %s\n", o->help);
  if (o->explain) o->explain(out);
}

static void list_key(const esp_option *o, FILE *out) {
  const int width = (int)(strlen(o->name) + strlen(o->fallback)) + 3;
  fprintf(out, "  %s = %s%*s  %s\n", o->name, o->fallback, width < 28 ? 28 - width : 0, "",
          o->help);
}

static void describe_section(const esp_section *s, FILE *out) {
  esp_config_key key[ESP_CONFIG_KEYS_MAX];
  const size_t keys = esp_config_keys(s, key);
  fprintf(out, "[%s]  %s\n", s->name, s->help);
  for (size_t i = 0; i < keys; i++) list_key(key[i].option, out);
}

/* What it is, and the keys that are its own or its family's. */
static void describe_method(const esp__entry *e, FILE *out) {
  fprintf(out, "%s  %s\n    %s\n", e->name, esp__entry_kind_name(e->kind), e->help);
  for (size_t k = 0; k < ESP_METHOD_KEYS_MAX && e->keys[k]; k++)
    for (const esp_option *o = e->keys[k]->table; o->name; o++) list_key(o, out);
}

/* Whether what stands before the dot is the section's name. */
static bool in_section(const char *what, const char *dot, const esp_section *s) {
  size_t length = (size_t)(dot - what);
  return strlen(s->name) == length && strncmp(what, s->name, length) == 0;
}

/* What to say of a word that is nearer to the name of a method, or a section, than to `key`. */
static const char *nearest_name(const char *what, const esp_option *key) {
  const char *best = key ? key->name : NULL;
  const char *section = esp__section_nearest(what);
  if (section) best = esp_nearer(what, best, section);
  esp__entry e;
  for (size_t i = 0; !strchr(what, '.') && (e = esp__entry_at(i)).name; i++)
    best = esp_nearer(what, best, e.name);
  return key && best == key->name ? NULL : best;
}

static esp_status unknown(const char *what, esp_error *err) {
  const char *dot = strchr(what, '.');
  const esp_section *in = NULL;
  for (const esp_section *s = esp_sections; dot && s->name; s++)
    if (in_section(what, dot, s)) in = s;
  const esp_config_key key = esp__config_key_nearest(dot ? dot + 1 : what, in);
  const char *name = nearest_name(what, key.option);
  if (name)
    return esp_fail(err, ESP_ERR_INPUT, "unknown key or section '%s'; did you mean '%s'?", what,
                    name);
  if (key.option)
    return esp_fail(err, ESP_ERR_INPUT, "unknown key or section '%s'; did you mean '%s.%s'?", what,
                    key.section->name, key.option->name);
  char sections[128];
  esp__section_list(sections, sizeof sections);
  return esp_fail(err, ESP_ERR_INPUT, "unknown key or section '%s'; sections are %s", what,
                  sections);
}

esp_status esp_config_help(const char *what, FILE *out, esp_error *err) {
  bool found = false;
  const char *dot = strchr(what, '.');
  for (const esp_section *s = esp_sections; s->name; s++) {
    if (strcmp(what, s->name) == 0) {
      describe_section(s, out);
      found = true;
    }
    if (dot && !in_section(what, dot, s)) continue;
    const esp_config_key key = esp__config_key_find(s, dot ? dot + 1 : what);
    if (!key.option) continue;
    describe_key(&key, out);
    found = true;
  }
  esp__entry e;
  for (size_t i = 0; (e = esp__entry_at(i)).name; i++) {
    if (strcmp(what, e.name) != 0) continue;
    describe_method(&e, out);
    found = true;
  }
  return found ? ESP_OK : unknown(what, err);
}
