#include "base/value.h"
#include "cli/document.h"
#include "cli/mdoc.h"

#include <stdio.h>
#include <string.h>

static const char beginning[] =
    ".Sh DESCRIPTION\n"
    "An experiment is an INI file.\n"
    "A line is a section,\n"
    ".Li [section] ,\n"
    "a key with its value,\n"
    ".Li key = value ,\n"
    "or the next line of a value, indented.\n"
    "A comment begins with\n"
    ".Li \\&;\n"
    "and goes to the end of the line.\n"
    "A key that is not given has its default.\n"
    ".Ic espalier help Ar KEY\n"
    "explains one, and\n"
    ".Ic espalier new Ar FOLDER\n"
    "writes a first file.\n";

static void put_text(const char *text) {
  esp__mdoc_paragraph(text, strlen(text));
}

/* What a key may be, what it is unless given, what it does. */
static void put_key(const esp_option *o) {
  char expected[1024], line[1100];
  esp__value_expected(o, expected, sizeof expected);
  printf(".It Li %s\n", o->name);
  put_text(o->help);
  snprintf(line, sizeof line, "Expected: %s.", expected);
  puts(".br");
  put_text(line);
  snprintf(line, sizeof line, "Default: %s.", *o->fallback ? o->fallback : "empty");
  puts(".br");
  put_text(line);
  if (!o->explain) return;
  puts(".Bd -literal");
  o->explain(stdout);
  puts(".Ed");
}

static void put_section(const esp_section *s) {
  esp_config_key key[ESP_CONFIG_KEYS_MAX];
  const size_t keys = esp_config_keys(s, key);
  printf(".Sh [%s]\n", s->name);
  put_text(s->help);
  puts(".Bl -tag -width Ds");
  for (size_t i = 0; i < keys; i++) put_key(key[i].option);
  puts(".El");
}

void esp__document_config(void) {
  esp__mdoc_heading("espalier.ini", 5, "what an experiment of espalier is told");
  fputs(beginning, stdout);
  for (const esp_section *s = esp_sections; s->name; s++) put_section(s);
  puts(".Sh SEE ALSO\n.Xr espalier 1");
}
