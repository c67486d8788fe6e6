#include "config/sections.h"
#include "config/value.h"

#include <string.h>

static void describe_key(const esp_section *s, const esp_option *o, FILE *out) {
  char expected[1024];
  esp__value_expected(o, expected, sizeof expected);
  fprintf(out, "%s.%s\n", s->name, o->name);
  fprintf(out, "    type:    %s\n", expected);
  fprintf(out, "    default: %s\n", *o->fallback ? o->fallback : "(empty)");
  fprintf(out, "    %s\n", o->help);
}

static void describe_section(const esp_section *s, FILE *out) {
  fprintf(out, "[%s]  %s\n", s->name, s->help);
  for (const esp_option *o = s->table; o->name; o++) {
    int width = (int)(strlen(o->name) + strlen(o->fallback)) + 3;
    fprintf(out, "  %s = %s%*s  %s\n", o->name, o->fallback, width < 28 ? 28 - width : 0, "",
            o->help);
  }
}

/* Whether what stands before the dot is the section's name. */
static bool in_section(const char *what, const char *dot, const esp_section *s) {
  size_t length = (size_t)(dot - what);
  return strlen(s->name) == length && strncmp(what, s->name, length) == 0;
}

static esp_status unknown(const char *what, esp_error *err) {
  const char *dot = strchr(what, '.');
  const esp_section *in = NULL;
  for (const esp_section *s = esp_sections; dot && s->name; s++)
    if (in_section(what, dot, s)) in = s;
  const esp_option *key = esp__option_nearest(dot ? dot + 1 : what, in, &in);
  const char *section = esp__section_nearest(what);
  if (section && (!key || esp_nearer(what, section, key->name) == section))
    return esp_fail(err, ESP_ERR_INPUT, "help: unknown key or section '%s'; did you mean '%s'?",
                    what, section);
  if (key)
    return esp_fail(err, ESP_ERR_INPUT, "help: unknown key or section '%s'; did you mean '%s.%s'?",
                    what, in->name, key->name);
  char sections[128];
  esp__section_list(sections, sizeof sections);
  return esp_fail(err, ESP_ERR_INPUT, "help: unknown key or section '%s'; sections are %s", what,
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
    const esp_option *o =
        !dot || in_section(what, dot, s) ? esp__option_find(s, dot ? dot + 1 : what) : NULL;
    if (!o) continue;
    describe_key(s, o, out);
    found = true;
  }
  return found ? ESP_OK : unknown(what, err);
}
