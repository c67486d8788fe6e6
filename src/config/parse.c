/* From an INI file and arguments to a configuration in which every value is checked. */
#include "config/parse.h"
#include "base/text_stream.h"
#include "config/long_line.h"
#include "config/paths.h"
#include "config/plugins.h"
#include "config/sections.h"
#include "base/value.h"

#include "base/utf8.h"

#include <espalier/file.h>

#include <ctype.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 1 << 20, WHERE_MAX = 512 };

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

static void where_line(const reader *r, int line, char where[WHERE_MAX]) {
  snprintf(where, WHERE_MAX, "%.400s:%d", r->name, line);
}

/* Fails at the line in hand. */
ESP_PRINTF(2, 3) static void fail_line(reader *r, const char *format, ...) {
  char where[WHERE_MAX], text[768];
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

/* What to say of a key that is not known in `section`. */
static void unknown_key(const esp_section *section, const char *key, char *text, size_t bytes) {
  esp_config_key nearest = esp__config_key_nearest(key, section);
  if (!nearest.option) nearest = esp__config_key_nearest(key, NULL);
  int used = snprintf(text, bytes, "unknown key '%.200s' in [%s]", key, section->name);
  for (const esp_section *s = esp_sections; s->name; s++) {
    if (!esp__config_key_find(s, key).option) continue;
    snprintf(text + used, bytes - (size_t)used, "; it belongs to [%s]", s->name);
    return;
  }
  if (nearest.option && nearest.section == section)
    snprintf(text + used, bytes - (size_t)used, "; did you mean '%s'?", nearest.option->name);
  else if (nearest.option)
    snprintf(text + used, bytes - (size_t)used, "; did you mean '%s' of [%s]?",
             nearest.option->name, nearest.section->name);
  else
    snprintf(text + used, bytes - (size_t)used, "; 'espalier help %s' lists its keys",
             section->name);
}

/* also: a section that is known besides those of a configuration; NULL: none. */
static void unknown_section(const char *name, const char *also, char *text, size_t bytes) {
  char list[128];
  const char *nearest = esp__section_nearest(name);
  if (also) nearest = esp_nearer(name, nearest, also);
  esp__section_list(list, sizeof list);
  snprintf(text, bytes, "unknown section [%.200s]; %s %s%s", name,
           nearest ? "did you mean" : "expected one of", nearest ? nearest : list,
           nearest ? "?" : "");
}

/* Hands over the key of the extra section whose value has been gathered. */
static void finish_extra(reader *r) {
  char where[WHERE_MAX];
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
    char where[WHERE_MAX];
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
  unknown_section(name, "sweep", text, sizeof text);
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
    unknown_key(r->section, key, text, sizeof text);
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

static esp_status set_defaults(esp_config *config, esp_error *err) {
  for (const esp_section *s = esp_sections; s->name; s++) {
    char where[64];
    snprintf(where, sizeof where, "default of [%s]", s->name);
    for (const esp_option *o = s->table; o->name; o++)
      ESP_TRY(esp__value_set(o, (char *)config + s->offset, o->fallback, where, err));
  }
  return esp_prune_keys_open(&config->prune, err);
}

/* Starts the messages about an argument; of a long or strange one only with its beginning. */
static void where_argument(const char *argument, char where[WHERE_MAX]) {
  size_t bytes = strlen(argument);
  bool shown = bytes <= 200 && esp__utf8_plain(argument, bytes);
  size_t length = shown ? bytes : strspn(argument, "abcdefghijklmnopqrstuvwxyz_.=");
  snprintf(where, WHERE_MAX, "argument '%.*s%s'", length > 200 ? 200 : (int)length, argument,
           shown ? "" : "...");
}

static char *trim(char *text) {
  while (isspace((unsigned char)*text)) text++;
  size_t length = strlen(text);
  while (length > 0 && isspace((unsigned char)text[length - 1])) length--;
  text[length] = '\0';
  return text;
}

/* "; did you mean train.lr?" for what has no dot, or nothing. */
static void suggest_key(const char *word, char *text, size_t bytes) {
  const esp_config_key nearest = esp__config_key_nearest(word, NULL);
  *text = '\0';
  if (nearest.option)
    snprintf(text, bytes, "; did you mean %s.%s?", nearest.section->name, nearest.option->name);
}

/* `name` is "section.key", to be cut into pieces. */
static esp_status find_key(char *name, const char *where, esp_config_key *found, esp_error *err) {
  char text[512], *dot = strchr(name, '.');
  if (!dot) {
    suggest_key(name, text, sizeof text);
    return esp_fail(err, ESP_ERR_INPUT, "%s: key '%.200s': expected section.key%s", where, name,
                    text);
  }
  *dot = '\0';
  const char *section_name = trim(name), *key = trim(dot + 1);
  const esp_section *section = esp__section_find(section_name);
  if (section && (*found = esp__config_key_find(section, key)).option) return ESP_OK;
  if (section)
    unknown_key(section, key, text, sizeof text);
  else
    unknown_section(section_name, NULL, text, sizeof text);
  return esp_fail(err, ESP_ERR_INPUT, "%s: %s", where, text);
}

esp_status esp__config_key(const char *key, const char *where, esp_config_key *found,
                           esp_error *err) {
  char *copy = strdup(key);
  if (!copy) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", where);
  const esp_status status = find_key(copy, where, found, err);
  free(copy);
  return status;
}

esp_status esp__config_set(esp_config *config, const char *key, const char *value,
                           const char *where, esp_error *err) {
  esp_config_key found;
  ESP_TRY(esp__config_key(key, where, &found, err));
  return esp__value_set(found.option, esp__config_key_options(config, &found), value, where, err);
}

/* `copy` is the argument, to be cut into pieces. */
static esp_status override_one(esp_config *config, char *copy, const char *where, esp_error *err) {
  if (!esp__utf8_plain(copy, strlen(copy)))
    return esp_fail(err, ESP_ERR_INPUT, "%s: expected UTF-8 text without control characters",
                    where);
  char text[512] = "", *equals = strchr(copy, '='), *dot = strchr(copy, '.');
  if (!equals || !dot || dot > equals) {
    if (equals) *equals = '\0';
    if (equals) suggest_key(trim(copy), text, sizeof text);
    return esp_fail(err, ESP_ERR_INPUT, "%s: expected section.key=value%s", where, text);
  }
  *equals = '\0';
  return esp__config_set(config, copy, trim(equals + 1), where, err);
}

static bool plain_name(const char *name) {
  return *name && strlen(name) <= 100 && !strpbrk(name, "/\t") && strcmp(name, ".") != 0 &&
         strcmp(name, "..") != 0;
}

static esp_status check_name(const esp_config *config, const char *where, esp_error *err) {
  if (!*config->run.name || plain_name(config->run.name)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: name = '%s': expected a file name of at most 100 bytes without '/'", where,
                  config->run.name);
}

static esp_status apply_overrides(esp_config *config, int overrides, const char *const *override,
                                  esp_error *err) {
  for (int i = 0; i < overrides; i++) {
    char where[WHERE_MAX];
    where_argument(override[i], where);
    char *copy = strdup(override[i]);
    if (!copy) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", where);
    esp_status status = override_one(config, copy, where, err);
    free(copy);
    if (status == ESP_OK) status = check_name(config, where, err);
    if (status != ESP_OK) return status;
  }
  return ESP_OK;
}

/* A run without a name is called as its file is, less .ini. */
static esp_status name_run(esp_config *config, const char *file, esp_error *err) {
  if (*config->run.name) return ESP_OK;
  const char *slash = strrchr(file, '/');
  char *name = strdup(slash ? slash + 1 : file);
  if (!name) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", file);
  size_t length = strlen(name);
  if (length >= 4 && strcmp(name + length - 4, ".ini") == 0) name[length - 4] = '\0';
  esp_status status = ESP_OK;
  if (plain_name(name))
    status = esp__value_set(esp_run_option_table, &config->run, name, file, err);
  else
    status =
        esp_fail(err, ESP_ERR_INPUT,
                 "%s: cannot name the run after this file, expected name = ... in [run]", file);
  free(name);
  return status;
}

static esp_status read_file_text(esp_config *config, const char *name, const char *text,
                                 const esp__config_extra *extra, esp_error *err) {
  static const char byte_order_mark[] = "\xef\xbb\xbf";
  if (strncmp(text, byte_order_mark, 3) == 0) text += 3;
  reader r = {.config = config, .name = name, .rest = text, .extra = extra, .err = err};
  r.keys = esp_config_keys(NULL, r.key);
  esp_status status = read_text(&r);
  if (status == ESP_OK) {
    char where[WHERE_MAX];
    where_line(&r, r.key_line[0], where); /* the name of the run is the first key */
    status = check_name(config, where, err);
  }
  return status;
}

/* `plugins` NULL: none were loaded for it. file: `name` is that of a file, from whose folder paths
 * are looked for. */
static esp_status parse(esp_config *config, const char *name, const char *text, bool file,
                        const char *plugins, const esp__config_extra *extra, int overrides,
                        const char *const *override, esp_error *err) {
  *config = (esp_config){0};
  esp_status status = set_defaults(config, err);
  if (status == ESP_OK) status = read_file_text(config, name, text, extra, err);
  if (status == ESP_OK && file) status = esp__config_find_paths(config, name, err);
  if (status == ESP_OK) status = apply_overrides(config, overrides, override, err);
  if (status == ESP_OK) status = name_run(config, name, err);
  if (status == ESP_OK && plugins)
    status = esp__config_set(config, "run.plugins", plugins, name, err);
  if (status == ESP_OK && overrides > 0) status = esp__config_find_paths(config, NULL, err);
  if (status != ESP_OK) esp_config_free(config);
  return status;
}

/* file: the text is that of the file `name`, so the plugins that it names are loaded. */
static esp_status load_plugins_and_parse(esp_config *config, const char *name, const char *text,
                                         bool file, const esp__config_extra *extra, int overrides,
                                         const char *const *override, esp_error *err) {
  char *plugins;
  *config = (esp_config){0};
  ESP_TRY(esp__plugins_load_named(name, file ? text : NULL, overrides, override, &plugins, err));
  const esp_status status =
      parse(config, name, text, file, plugins, extra, overrides, override, err);
  free(plugins);
  return status;
}

esp_status esp__config_load_with(esp_config *config, const char *path,
                                 const esp__config_extra *extra, int overrides,
                                 const char *const *override, esp_error *err) {
  char *text;
  size_t bytes;
  *config = (esp_config){0};
  ESP_TRY(esp_file_read(path, FILE_MAX, &text, &bytes, err));
  esp_status status;
  if (strlen(text) == bytes) {
    status = load_plugins_and_parse(config, path, text, true, extra, overrides, override, err);
  } else {
    int line = 1;
    for (const char *c = text; *c; c++) line += *c == '\n';
    status = esp_fail(err, ESP_ERR_INPUT, "%s:%d: NUL byte, expected text", path, line);
  }
  free(text);
  return status;
}

esp_status esp_config_parse(esp_config *config, const char *name, const char *text, int overrides,
                            const char *const *override, esp_error *err) {
  return load_plugins_and_parse(config, name, text, false, NULL, overrides, override, err);
}

esp_status esp_config_load(esp_config *config, const char *path, int overrides,
                           const char *const *override, esp_error *err) {
  return esp__config_load_with(config, path, NULL, overrides, override, err);
}

esp_status esp__config_load_run(esp_config *config, const char *path, int overrides,
                                const char *const *override, esp_error *err) {
  struct stat info;
  *config = (esp_config){0};
  if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: is empty; expected the configuration of a run", path);
  return esp_config_load(config, path, overrides, override, err);
}

void esp_config_free(esp_config *config) {
  for (const esp_section *s = esp_sections; s->name; s++)
    for (const esp_option *o = s->table; o->name; o++)
      esp__value_free(o, (char *)config + s->offset);
  esp_prune_keys_close(&config->prune);
  *config = (esp_config){0};
}
