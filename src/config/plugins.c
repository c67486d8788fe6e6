#include "config/plugins.h"

#include "base/text_stream.h"
#include "config/locate.h"
#include "config/long_line.h"

#include <espalier/file.h>
#include <espalier/plugin.h>

#include <ini.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

static const char blanks[] = " \t\r\n\v\f";

/* ---- finding the words ---- */

/* What is done with each word of the key; `line` counts the lines of its value from 1. */
typedef esp_status take_word(void *user, const char *word, int line, esp_error *err);

typedef struct finder {
  take_word *take;
  void *user;
  int line;
  esp_status status;
  esp_error *err;
} finder;

static esp_status each_word(finder *f, const char *value) {
  char *copy = strdup(value), *rest = NULL;
  if (!copy) return esp_fail(f->err, ESP_ERR_MEMORY, "run.plugins: out of memory");
  f->line++;
  esp_status status = ESP_OK;
  for (char *word = strtok_r(copy, blanks, &rest); word && status == ESP_OK;
       word = strtok_r(NULL, blanks, &rest))
    status = f->take(f->user, word, f->line, f->err);
  free(copy);
  return status;
}

static int take_key(void *user, const char *section, const char *key, const char *value) {
  finder *f = user;
  if (f->status == ESP_OK && strcmp(section, "run") == 0 && strcmp(key, "plugins") == 0 && *value)
    f->status = each_word(f, value);
  return 1;
}

/* A text that inih asks for line by line. */
typedef struct feeder {
  finder *finder;
  const char *rest;
  const char *long_value; /* of the line in hand, where it is too long for inih; NULL: it is not */
  size_t long_bytes;
} feeder;

/* Bytes of a value before a comment. */
static size_t without_comment(const char *value, size_t bytes) {
  for (size_t i = 1; i < bytes; i++)
    if (value[i] == ';' && strchr(blanks, value[i - 1])) return i;
  return bytes;
}

static char *next_line(char *line, int size, void *user) {
  feeder *f = user;
  const size_t length = strcspn(f->rest, "\n");
  const char *from = f->rest;
  char stub[ESP_INIH_LINE_MAX + 2] = "\n";
  if (!*from) return NULL;
  f->rest += length + (from[length] == '\n');
  f->long_value = NULL;
  if (length <= ESP_INIH_LINE_MAX && length + 2 <= (size_t)size) {
    snprintf(line, (size_t)size, "%.*s\n", (int)length, from);
    return line;
  }
  const size_t value = esp__long_line(from, length, stub);
  if (value > 0) {
    f->long_value = from + value;
    f->long_bytes = without_comment(from + value, length - value);
  }
  return strlen(stub) < (size_t)size ? strcpy(line, stub) : NULL;
}

static int feed_key(void *user, const char *section, const char *key, const char *value) {
  const feeder *f = user;
  char *whole = f->long_value ? strndup(f->long_value, f->long_bytes) : NULL;
  if (f->long_value && !whole)
    f->finder->status = esp_fail(f->finder->err, ESP_ERR_MEMORY, "run.plugins: out of memory");
  else
    take_key(f->finder, section, key, whole ? whole : value);
  free(whole);
  return 1;
}

/* Lines that are wrong are for whoever reads the other keys to say. */
static esp_status each_word_of_text(const char *text, take_word *take, void *user, esp_error *err) {
  finder f = {.take = take, .user = user, .err = err};
  feeder lines = {.finder = &f, .rest = text};
  ini_parse_stream(next_line, &lines, feed_key, &lines);
  return f.status;
}

/* The value that the argument gives to run.plugins; NULL if it is about another key. */
static const char *value_of_argument(const char *argument) {
  static const char key[] = "run.plugins";
  argument += strspn(argument, blanks);
  if (strncmp(argument, key, sizeof key - 1) != 0) return NULL;
  argument += sizeof key - 1;
  argument += strspn(argument, blanks);
  return *argument == '=' ? argument + 1 : NULL;
}

/* ---- loading them ---- */

typedef struct loading {
  const char *path; /* of the file whose folder paths are relative to; NULL: the current folder */
  FILE *words;      /* absolute paths */
  bool any;
} loading;

/* Files are found from where the configuration is. */
static esp_status find_file(const loading *l, const char *word, char found[PATH_BYTES],
                            esp_error *err) {
  const char *slash = l->path && *word != '/' ? strrchr(l->path, '/') : NULL;
  const int folder = slash ? (int)(slash - l->path) + 1 : 0;
  char path[PATH_BYTES];
  const int length = snprintf(path, sizeof path, "%.*s%s", folder, folder ? l->path : "", word);
  char *whole = length < PATH_BYTES ? realpath(path, NULL) : NULL;
  if (!whole) return esp_fail(err, ESP_ERR_INPUT, "%s: no such plugin", path);
  snprintf(found, PATH_BYTES, "%s", whole);
  free(whole);
  if (!found[strcspn(found, blanks)]) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s: expected a plugin whose absolute path has no spaces",
                  found);
}

static esp_status load(loading *l, const char *word, esp_error *err) {
  char path[PATH_BYTES];
  ESP_TRY(find_file(l, word, path, err));
  ESP_TRY(esp_plugin_load(path, NULL, err));
  fprintf(l->words, "%s%s", l->any ? " " : "", path);
  l->any = true;
  return ESP_OK;
}

/* A plugin that cannot be opened is an error of who named it, want of memory is none. */
static esp_status of_input(esp_status status) {
  return status == ESP_ERR_MEMORY ? status : ESP_ERR_INPUT;
}

/* The error begins as esp__config_located wants it. */
static esp_status load_of_file(void *user, const char *word, int line, esp_error *err) {
  esp_error cause = {0};
  const esp_status status = load(user, word, &cause);
  if (status == ESP_OK) return ESP_OK;
  return esp_fail(err, of_input(status), "[run] plugins:%d: %s", line, cause.text);
}

static esp_status load_of_argument(void *user, const char *word, int line, esp_error *err) {
  (void)line;
  esp_error cause = {0};
  const esp_status status = load(user, word, &cause);
  if (status == ESP_OK) return ESP_OK;
  return esp_fail(err, of_input(status), "argument 'run.plugins=...': %s", cause.text);
}

/* argument NULL: none names plugins. */
static esp_status load_all(loading *l, const char *text, const char *argument, esp_error *err) {
  if (argument) {
    finder f = {.take = load_of_argument, .user = l, .err = err};
    return each_word(&f, argument);
  }
  if (!text) return ESP_OK;
  return esp__config_located(l->path, each_word_of_text(text, load_of_file, l, err), err);
}

esp_status esp__plugins_load_named(const char *path, const char *text, int overrides,
                                   const char *const *override, char **words, esp_error *err) {
  const char *argument = NULL;
  for (int i = 0; i < overrides; i++) {
    const char *value = value_of_argument(override[i]);
    if (value) argument = value;
  }
  size_t bytes;
  *words = NULL;
  loading l = {.path = argument ? NULL : path, .words = esp__text_stream(words, &bytes)};
  if (!l.words) return esp_fail(err, ESP_ERR_MEMORY, "run.plugins: out of memory");
  esp_status status = load_all(&l, text, argument, err);
  if (fclose(l.words) != 0 && status == ESP_OK)
    status = esp_fail(err, ESP_ERR_MEMORY, "run.plugins: out of memory");
  if (status == ESP_OK && l.any) return ESP_OK;
  free(*words);
  *words = NULL;
  return status;
}

/* ---- knowing them again ---- */

static esp_status add_row(void *user, const char *word, int line, esp_error *err) {
  (void)line;
  const esp_loaded_plugin *p;
  ESP_TRY(esp_plugin_load(word, &p, err));
  fprintf((FILE *)user, "%s %s %s\n", p->name, p->version, p->sha256);
  return ESP_OK;
}

esp_status esp__plugins_rows(const esp_config *config, char **rows, esp_error *err) {
  size_t bytes;
  FILE *out = esp__text_stream(rows, &bytes);
  if (!out) return esp_fail(err, ESP_ERR_MEMORY, "run.plugins: out of memory");
  finder f = {.take = add_row, .user = out, .err = err};
  esp_status status = each_word(&f, config->run.plugins);
  if (fclose(out) != 0 && status == ESP_OK)
    status = esp_fail(err, ESP_ERR_MEMORY, "run.plugins: out of memory");
  if (status == ESP_OK) return ESP_OK;
  free(*rows);
  *rows = NULL;
  return status;
}

/* Length of the row's first word, and of the row. */
static size_t name_bytes(const char *row) {
  return strcspn(row, " \n");
}
static size_t row_bytes(const char *row) {
  return strcspn(row, "\n");
}
static const char *next_row(const char *row) {
  row += row_bytes(row);
  return row + (*row == '\n');
}

/* The row of the plugin that `row` is about; NULL where there is none. */
static const char *same_name(const char *rows, const char *row) {
  const size_t bytes = name_bytes(row);
  for (; *rows; rows = next_row(rows))
    if (name_bytes(rows) == bytes && memcmp(rows, row, bytes) == 0) return rows;
  return NULL;
}

esp_status esp__plugins_match(const char *path, const char *then, const char *now,
                              esp__plugins_rule rule, esp_error *err) {
  const bool common = rule == ESP_PLUGINS_COMMON;
  if (!then) then = "";
  if (!now) now = "";
  for (const char *row = then; *row; row = next_row(row)) {
    const char *other = same_name(now, row);
    if (!other && common) continue;
    if (!other)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: was made with the plugin '%.*s', which run.plugins does not name", path,
                      (int)name_bytes(row), row);
    if (row_bytes(other) != row_bytes(row) || memcmp(other, row, row_bytes(row)) != 0)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: was made with another file of a plugin (name, version, SHA-256): "
                      "expected %.*s, found %.*s",
                      path, (int)row_bytes(row), row, (int)row_bytes(other), other);
  }
  for (const char *row = now; *row && !common; row = next_row(row))
    if (!same_name(then, row))
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: was made without the plugin '%.*s', which run.plugins names", path,
                      (int)name_bytes(row), row);
  return ESP_OK;
}

static esp_status note_missing(void *user, const char *word, int line, esp_error *err) {
  (void)line;
  (void)err;
  char *missing = user;
  const esp_loaded_plugin *p;
  for (size_t i = 0; (p = esp_plugin_at(i)); i++)
    if (strcmp(p->path, word) == 0) return ESP_OK;
  if (!*missing) snprintf(missing, PATH_BYTES, "%s", word);
  return ESP_OK;
}

bool esp__plugins_missing(const char *text, char missing[4096]) {
  *missing = '\0';
  each_word_of_text(text, note_missing, missing, NULL);
  return *missing != '\0';
}
