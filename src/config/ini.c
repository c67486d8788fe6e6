/* The text of an INI file: every key's value is set as soon as it is complete. */
#include "base/text_stream.h"
#include "base/utf8.h"
#include "base/value.h"
#include "config/long_line.h"
#include "config/parts.h"
#include "config/sections.h"

#include <ctype.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

/* inih takes the text apart into section, key and value; it asks us for a line at a time, so we
 * know which line it is at when it hands over a key. A value is complete when the next key, or the
 * end, comes. */
typedef struct reader {
  esp_config *config;
  const char *name, *rest; /* of the file; of its text */
  int line;
  bool indented;                           /* the line begins with white space */
  const esp_section *section;              /* NULL before the first */
  esp_config_key key[ESP_CONFIG_KEYS_MAX]; /* all there are */
  size_t keys;
  size_t current; /* of them: whose value is being gathered */
  FILE *value;    /* of that key, so far */
  char *value_text;
  size_t value_bytes;
  int key_line[ESP_CONFIG_KEYS_MAX]; /* of each key: where it was given, 0 = not yet */
  const char *long_value; /* of the line in hand, where it is too long for inih; NULL: it is not */
  size_t long_bytes;
  const esp__config_extra *extra; /* NULL: none */
  bool in_extra;                  /* in its section */
  char *extra_key;                /* whose value is being gathered, NULL = none */
  int extra_line;
  esp_status status;
  int failed_line;
  esp_error *err;
} reader;

static void where_line(const reader *r, int line, char where[ESP_WHERE_MAX]) {
  snprintf(where, ESP_WHERE_MAX, "%.400s:%d", r->name, line);
}

/* Fails at the line in hand. */
ESP_PRINTF(2, 3) static void fail_line(reader *r, const char *format, ...) {
  char where[ESP_WHERE_MAX], text[768];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  where_line(r, r->line, where);
  r->failed_line = r->line;
  r->status = esp_fail(r->err, ESP_ERR_INPUT, "%s: %s", where, text);
}

/* The key of the section in hand by its number, r->keys when there is none. */
static size_t number_of(const reader *r, const char *name) {
  size_t i = 0;
  while (i < r->keys &&
         (r->key[i].section != r->section || strcmp(r->key[i].option->name, name) != 0))
    i++;
  return i;
}

/* Hands over the key of the extra section whose value has been gathered. */
static void finish_extra(reader *r) {
  char where[ESP_WHERE_MAX];
  r->failed_line = r->extra_line;
  where_line(r, r->extra_line, where);
  r->status = r->extra->take(r->extra->user, where, r->extra_key, r->value_text, r->err);
}

/* Sets the key whose value has been gathered. */
static void finish_value(reader *r) {
  if (!r->value) return;
  int failed = ferror(r->value);
  if (fclose(r->value) != 0 || failed) {
    r->status = esp_fail(r->err, ESP_ERR_MEMORY, "%s: out of memory", r->name);
  } else if (r->status == ESP_OK && r->extra_key) {
    finish_extra(r);
  } else if (r->status == ESP_OK) {
    char where[ESP_WHERE_MAX];
    const esp_config_key *key = &r->key[r->current];
    r->failed_line = r->key_line[r->current];
    where_line(r, r->failed_line, where);
    r->status = esp__value_set(key->option, esp__config_key_options(r->config, key), r->value_text,
                               where, r->err);
  }
  free(r->value_text);
  free(r->extra_key);
  r->value = NULL;
  r->value_text = r->extra_key = NULL;
}

/* Bytes of the line without its comment and the white space at its end. */
static size_t content(const char *line, size_t length) {
  size_t start = 0;
  while (start < length && isspace((unsigned char)line[start])) start++;
  size_t end = start;
  for (size_t i = start; i < length; i++) {
    bool after_space = i == start || isspace((unsigned char)line[i - 1]);
    if ((line[i] == ';' && after_space) || (line[i] == '#' && i == start)) break;
    if (!isspace((unsigned char)line[i])) end = i + 1;
  }
  return end == start ? 0 : end;
}

static void begin_section(reader *r, const char *line) {
  char name[ESP_INIH_LINE_MAX + 2], text[512];
  const char *open = strchr(line, '['), *close = strchr(line, ']');
  if (!close || close[1]) {
    fail_line(r,
              close ? "text after the ']' of a section" : "section without ']', expected [name]");
    return;
  }
  snprintf(name, sizeof name, "%.*s", (int)(close - open - 1), open + 1);
  finish_value(r);
  r->section = esp__section_find(name);
  r->in_extra = r->extra && strcmp(name, r->extra->section) == 0;
  if (r->status != ESP_OK || r->section || r->in_extra) return;
  if (strcmp(name, "sweep") == 0) {
    fail_line(r, "[sweep]: this file asks for many runs; expected: espalier sweep %.200s", r->name);
    return;
  }
  esp__unknown_section(name, "sweep", text, sizeof text);
  fail_line(r, "%s", text);
}

/* Copies the line in hand, of `length` bytes, into `line`, or what stands for it where it is too
 * long. */
static bool take_line(reader *r, char *line, size_t length, int size) {
  char stub[ESP_INIH_LINE_MAX + 2];
  r->long_value = NULL;
  if (length <= ESP_INIH_LINE_MAX && length + 2 <= (size_t)size) {
    memcpy(line, r->rest, length);
    line[length] = '\0';
    return true;
  }
  const size_t value = esp__long_line(r->rest, length, stub);
  if (value == 0 || strlen(stub) >= (size_t)size) {
    fail_line(r, "expected 'key = value', [section] or a comment, not a line of %zu bytes", length);
    return false;
  }
  r->long_value = r->rest + value;
  r->long_bytes = length - value;
  stub[strlen(stub) - 1] = '\0';
  strcpy(line, stub);
  return true;
}

/* Gives inih the next line, without comments. */
static char *next_line(char *line, int size, void *user) {
  reader *r = user;
  if (r->status != ESP_OK || !*r->rest) return NULL;
  r->line++;
  size_t whole = strcspn(r->rest, "\n"), length = content(r->rest, whole);
  if (length > ESP_CONFIG_LINE_MAX) {
    fail_line(r, "line of %zu bytes, expected at most %d (a list can go on in indented lines)",
              length, ESP_CONFIG_LINE_MAX);
    return NULL;
  }
  if (!esp__utf8_plain(r->rest, length)) {
    fail_line(r, "expected UTF-8 text without control characters");
    return NULL;
  }
  if (!take_line(r, line, length, size)) return NULL;
  r->rest += whole + (r->rest[whole] == '\n');
  r->indented = isspace((unsigned char)line[0]);
  if (line[strspn(line, " \t\r\v\f")] == '[' && !(r->indented && r->value)) begin_section(r, line);
  if (r->status != ESP_OK) return NULL;
  return strcat(line, "\n");
}

static void continue_value(reader *r, const char *value) {
  if (r->extra_key || esp__option_is_list(r->key[r->current].option))
    fprintf(r->value, "\n%s", value);
  else
    fail_line(r, "an indented line goes on with the key above, but %s takes a single line",
              r->key[r->current].option->name);
}

static void begin_value(reader *r, const char *key, const char *value) {
  char text[512];
  const size_t number = number_of(r, key);
  if (number == r->keys) {
    esp__unknown_key(r->section, key, text, sizeof text);
    fail_line(r, "%s", text);
    return;
  }
  int *given = &r->key_line[number];
  if (*given) {
    fail_line(r, "key '%s' given twice in [%s], first on line %d", key, r->section->name, *given);
    return;
  }
  *given = r->line;
  r->current = number;
  r->value = esp__text_stream(&r->value_text, &r->value_bytes);
  if (r->value)
    fputs(value, r->value);
  else
    r->status = esp_fail(r->err, ESP_ERR_MEMORY, "%s: out of memory", r->name);
}

static void begin_extra(reader *r, const char *key, const char *value) {
  r->extra_line = r->line;
  r->extra_key = strdup(key);
  r->value = r->extra_key ? esp__text_stream(&r->value_text, &r->value_bytes) : NULL;
  if (r->value) {
    fputs(value, r->value);
  } else {
    free(r->extra_key);
    r->extra_key = NULL;
    r->status = esp_fail(r->err, ESP_ERR_MEMORY, "%s: out of memory", r->name);
  }
}

static void take_value(reader *r, const char *key, const char *value) {
  if (r->indented && r->value) {
    continue_value(r, value);
  } else {
    finish_value(r);
    if (r->status != ESP_OK) return;
    if (r->in_extra)
      begin_extra(r, key, value);
    else if (r->section)
      begin_value(r, key, value);
    else
      fail_line(r, "key '%s' before the first [section]", key);
  }
}

static int take_key(void *user, const char *section, const char *key, const char *value) {
  (void)section; /* seen by next_line, also when it has no keys */
  reader *r = user;
  char *whole = r->long_value ? strndup(r->long_value, r->long_bytes) : NULL;
  if (r->long_value && !whole)
    r->status = esp_fail(r->err, ESP_ERR_MEMORY, "%s: out of memory", r->name);
  else
    take_value(r, key, whole ? whole : value);
  free(whole);
  return r->status == ESP_OK;
}

static esp_status read_text(reader *r) {
  int line = ini_parse_stream(next_line, r, take_key, r);
  finish_value(r);
  if (line < 0) return esp_fail(r->err, ESP_ERR_MEMORY, "%s: out of memory", r->name);
  /* inih also counts as an error where we failed, and goes on after a line it does not
   * understand. */
  if (line > 0 && (r->status == ESP_OK || line < r->failed_line)) {
    r->line = line;
    fail_line(r, "expected 'key = value', [section] or a comment");
  }
  return r->status;
}

esp_status esp__ini_read(esp_config *config, const char *name, const char *text,
                         const esp__config_extra *extra, esp_error *err) {
  static const char byte_order_mark[] = "\xef\xbb\xbf";
  if (strncmp(text, byte_order_mark, 3) == 0) text += 3;
  reader r = {.config = config, .name = name, .rest = text, .extra = extra, .err = err};
  r.keys = esp_config_keys(NULL, r.key);
  esp_status status = read_text(&r);
  if (status == ESP_OK) {
    char where[ESP_WHERE_MAX];
    where_line(&r, r.key_line[0], where); /* the name of the run is the first key */
    status = esp__run_name_check(config, where, err);
  }
  return status;
}
