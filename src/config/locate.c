#include "config/locate.h"

#include <espalier/file.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, WORD_MAX = 32, VALUE_MAX = 64 };

/* A line of a key's value: by its number, or the one that gives the key this value. */
typedef struct place {
  char section[WORD_MAX], key[WORD_MAX], value[VALUE_MAX];
  int number;
} place;

static bool read_place(const char *text, place *p) {
  int end = 0;
  *p = (place){0};
  if (sscanf(text, "[%31[a-z]] %31[a-z_]:%9d: %n", p->section, p->key, &p->number, &end) == 3 &&
      end > 0)
    return true;
  return sscanf(text, "[%31[a-z]] %31[a-z_] = %63[^ :;,]", p->section, p->key, p->value) == 3;
}

static bool ends_here(char c) {
  return !c || c == ';' || c == '#';
}

/* What stands behind "key =" if the line gives that key, else NULL. */
static const char *value_of(const char *line, const char *key) {
  const size_t length = strlen(key);
  if (strncmp(line, key, length) != 0) return NULL;
  line += length + strspn(line + length, " \t");
  return *line == '=' ? line + 1 + strspn(line + 1, " \t\r") : NULL;
}

/* Whether the value, behind which a comment may stand, is the one that is looked for. */
static bool is_value(const char *text, const char *value) {
  const size_t length = strlen(value);
  return strncmp(text, value, length) == 0 &&
         (!text[length] || isspace((unsigned char)text[length]));
}

/* Goes through the lines of `text`, which it cuts apart. */
static int find_line(char *text, const place *p) {
  bool in_section = false, in_value = false;
  int number = 0, seen = 0;
  for (char *line; (line = strsep(&text, "\n"));) {
    const char *start = line + strspn(line, " \t\r");
    number++;
    if (ends_here(*start)) continue;
    if (start == line) in_value = false;
    if (*line == '[')
      in_section = strncmp(line + 1, p->section, strlen(p->section)) == 0 &&
                   line[1 + strlen(p->section)] == ']';
    const char *value = in_section && !in_value ? value_of(start, p->key) : NULL;
    seen += in_value || (value && !ends_here(*value));
    in_value |= value != NULL;
    if (*p->value && value && is_value(value, p->value)) return number;
    if (in_value && seen == p->number) return number;
  }
  return 0;
}

static int line_in_file(const char *path, const place *p) {
  char *text;
  size_t bytes;
  if (esp_file_read(path, FILE_MAX, &text, &bytes, NULL) != ESP_OK) return 0;
  const int line = find_line(text, p);
  free(text);
  return line;
}

esp_status esp__config_located(const char *source, esp_status status, esp_error *err) {
  if (status != ESP_ERR_INPUT || !err) return status;
  const esp_error cause = *err;
  place p;
  const int line = read_place(cause.text, &p) ? line_in_file(source, &p) : 0;
  if (line > 0) return esp_fail(err, status, "%s:%d: %s", source, line, cause.text);
  return esp_fail(err, status, "%s: %s", source, cause.text);
}
