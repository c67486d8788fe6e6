/* The layer language: the words of one line into the arguments of an item. */
#include "nn/layers.h"

#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 16, KERNEL_MAX = 63 };

/* The words of one line; those before `at` are read. */
typedef struct words {
  char *word[WORDS_MAX];
  int count, at;
} words;

esp_status esp__line_fail(const esp__source_line *at, esp_error *err, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return esp_fail(err, ESP_ERR_INPUT, "%s:%d: %s", at->label, at->line, text);
}

static esp_status fail_usage(const esp__source_line *at, const esp__layer_kind *kind,
                             const char *what, const char *word, esp_error *err) {
  return esp__line_fail(at, err, "%s: %s '%.40s'; expected '%s%s%s'", kind->keyword, what, word,
                        kind->keyword, *kind->arguments ? " " : "", kind->arguments);
}

static const struct {
  const char *name;
  size_t offset; /* of an int in esp__item */
  int min, max;
} number_table[] = {
    {"CHANNELS", offsetof(esp__item, channels), 1, ESP_WIDTH_MAX},
    {"SIZE", offsetof(esp__item, size), 1, 1024},
    {"COUNT", offsetof(esp__item, count), 1, 1000},
    {"PLANES", offsetof(esp__item, planes), 1, ESP_WIDTH_MAX},
    {"HEADS", offsetof(esp__item, count), 1, 1024},
    {"transpose", offsetof(esp__item, transpose), 1, ESP_WIDTH_MAX},
    {"groups", offsetof(esp__item, groups), 1, ESP_WIDTH_MAX},
    {"bits", offsetof(esp__item, bits), 2, 8},
};

/* Digits up to `end`, at most 9 of them; -1 for anything else. */
static int read_number(const char *word, const char *end) {
  int n = 0;
  if (word == end || end - word > 9) return -1;
  for (; word < end; word++) {
    if (*word < '0' || *word > '9') return -1;
    n = 10 * n + (*word - '0');
  }
  return n;
}

/* One for rows and one for columns. */
static const struct {
  const char *name, *what;
  size_t offset; /* of an esp_pair in esp__item */
  int min, max;
} pair_table[] = {
    {"KxL", "the kernel", offsetof(esp__item, kernel), 1, KERNEL_MAX},
    {"stride", "stride", offsetof(esp__item, stride), 1, 1024},
    {"pad", "pad", offsetof(esp__item, pad), 0, 64},
};
enum { PAIRS = sizeof pair_table / sizeof *pair_table };

/* The entry called `name` in the table, PAIRS if there is none. */
static size_t pair_named(const char *name) {
  size_t i = 0;
  while (i < PAIRS && strcmp(pair_table[i].name, name) != 0) i++;
  return i;
}

/* How a pair may be written: "3", "3x1", or either. */
typedef enum pair_form { PAIR_SINGLE = 1, PAIR_DOUBLE = 2 } pair_form;

static esp_pair parse_pair(const char *word, int forms) {
  const char *end = word + strlen(word), *x = strchr(word, 'x');
  if (x && forms & PAIR_DOUBLE) return (esp_pair){read_number(word, x), read_number(x + 1, end)};
  const int both = !x && forms & PAIR_SINGLE ? read_number(word, end) : -1;
  return (esp_pair){both, both};
}

static esp_status read_pair(const esp__source_line *at, esp__item *item, size_t entry, int forms,
                            const char *word, esp_error *err) {
  static const char *const expected[] = {[PAIR_SINGLE] = "a whole number",
                                         [PAIR_DOUBLE] = "KxL with whole numbers",
                                         [PAIR_SINGLE | PAIR_DOUBLE] = "N or NxM, whole numbers"};
  const int min = pair_table[entry].min, max = pair_table[entry].max;
  esp_pair *target = (esp_pair *)((char *)item + pair_table[entry].offset);
  const esp_pair p = parse_pair(word, forms);
  if (target->rows != ESP_GIVEN_NOT)
    return esp__line_fail(at, err, "%s: '%s' is given twice", item->kind->keyword,
                          pair_table[entry].name);
  if (p.rows < min || p.rows > max || p.columns < min || p.columns > max)
    return esp__line_fail(at, err, "%s: %s is '%.40s', expected %s from %d to %d",
                          item->kind->keyword, pair_table[entry].what, word, expected[forms], min,
                          max);
  *target = p;
  return ESP_OK;
}

/* The number called `name` in the table, from `word`. */
static esp_status read_named(const esp__source_line *at, esp__item *item, const char *name,
                             const char *word, esp_error *err) {
  size_t i = 0;
  while (strcmp(number_table[i].name, name) != 0) i++;
  int *target = (int *)((char *)item + number_table[i].offset);
  int n = read_number(word, word + strlen(word));
  if (strcmp(name, "CHANNELS") == 0 && strcmp(word, "classes") == 0) n = at->classes;
  if (*target != ESP_GIVEN_NOT)
    return esp__line_fail(at, err, "%s: '%s' is given twice", item->kind->keyword, name);
  if (n < number_table[i].min || n > number_table[i].max)
    return esp__line_fail(at, err, "%s: %s is '%.40s', expected a whole number from %d to %d",
                          item->kind->keyword, name, word, number_table[i].min,
                          number_table[i].max);
  *target = n;
  return ESP_OK;
}

static const struct {
  const char *name, *what, *range;
  size_t offset; /* of a float in esp__item */
  float above, below;
} decimal_table[] = {
    {"P", "probability", "from 0 to below 1", offsetof(esp__item, probability), -1e-30f, 1.0f},
    {"SHARE", "share of zeros", "from 0 to below 1", offsetof(esp__item, share), -1e-30f, 1.0f},
    {"DENSITY", "density", "above 0, up to 1", offsetof(esp__item, density), 0.0f, 1.0000001f},
    {"THRESHOLD", "threshold", "from 0 to 1000", offsetof(esp__item, threshold), -1e-30f,
     1000.001f},
    {"penalty", "penalty", "from 0 to 1000", offsetof(esp__item, penalty), -1e-30f, 1000.001f},
};
enum { DECIMALS = sizeof decimal_table / sizeof *decimal_table };

/* The entry called `name` in the table, DECIMALS if there is none. */
static size_t decimal_named(const char *name) {
  size_t i = 0;
  while (i < DECIMALS && strcmp(decimal_table[i].name, name) != 0) i++;
  return i;
}

/* Plain decimals only: the locale must not matter. */
static esp_status read_decimal(const esp__source_line *at, esp__item *item, size_t entry,
                               const char *word, esp_error *err) {
  double value = -1, unit = 1;
  const char *c = word;
  for (; *c >= '0' && *c <= '9'; c++) value = (value < 0 ? 0 : value) * 10 + (*c - '0');
  if (value >= 0 && *c == '.')
    for (c++; *c >= '0' && *c <= '9'; c++) value += (unit /= 10) * (*c - '0');
  if (*c ||
      !((float)value > decimal_table[entry].above && (float)value < decimal_table[entry].below))
    return esp__line_fail(at, err, "%s: the %s is '%.40s', expected a number %s",
                          item->kind->keyword, decimal_table[entry].what, word,
                          decimal_table[entry].range);
  *(float *)((char *)item + decimal_table[entry].offset) = (float)value;
  return ESP_OK;
}

static bool name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

static esp_status read_name(const esp__source_line *at, esp__item *item, const char *word,
                            esp_error *err) {
  size_t length = 0;
  while (name_char(word[length])) length++;
  if (word[length] || length > ESP_WORD_MAX)
    return esp__line_fail(at, err,
                          "%s: the name '%.40s' is not up to %d letters, digits, '_' and '-'",
                          item->kind->keyword, word, ESP_WORD_MAX);
  memcpy(item->name, word, length + 1);
  return ESP_OK;
}

/* The words that must come: those of the kind's arguments before the first bracket. */
static esp_status read_required(const esp__source_line *at, esp__item *item, words *w,
                                esp_error *err) {
  const char *spec = item->kind->arguments;
  while (*spec && *spec != '[') {
    char name[16];
    int length = (int)strcspn(spec, " ");
    snprintf(name, sizeof name, "%.*s", length, spec);
    spec += length + (spec[length] == ' ');
    if (w->at == w->count) return fail_usage(at, item->kind, "there is no", name, err);
    const char *word = w->word[w->at++];
    if (pair_named(name) < PAIRS) {
      ESP_TRY(read_pair(at, item, pair_named(name), PAIR_DOUBLE, word, err));
    } else if (decimal_named(name) < DECIMALS) {
      ESP_TRY(read_decimal(at, item, decimal_named(name), word, err));
    } else {
      ESP_TRY(read_named(at, item, name, word, err));
    }
  }
  return ESP_OK;
}

/* Whether the kind's arguments have "[word" + `after`. */
static bool takes(const esp__layer_kind *kind, const char *word, const char *after) {
  char option[64];
  snprintf(option, sizeof option, "[%.40s%s", word, after);
  return strstr(kind->arguments, option) != NULL;
}

/* The number or numbers after the optional `word`. */
static esp_status read_after(const esp__source_line *at, esp__item *item, const char *word,
                             words *w, esp_error *err) {
  if (w->at == w->count) return fail_usage(at, item->kind, "there is no number after", word, err);
  const char *value = w->word[w->at++];
  const int forms = takes(item->kind, word, " N]") ? PAIR_SINGLE : PAIR_SINGLE | PAIR_DOUBLE;
  if (takes(item->kind, word, " X]"))
    return read_decimal(at, item, decimal_named(word), value, err);
  if (pair_named(word) < PAIRS) return read_pair(at, item, pair_named(word), forms, value, err);
  return read_named(at, item, word, value, err);
}

static esp_status read_optional(const esp__source_line *at, esp__item *item, words *w,
                                esp_error *err) {
  while (w->at < w->count) {
    const char *word = w->word[w->at++];
    bool bias = strcmp(word, "bias") == 0;
    if (takes(item->kind, word, " N]") || takes(item->kind, word, " N|NxM]") ||
        takes(item->kind, word, " X]")) {
      ESP_TRY(read_after(at, item, word, w, err));
    } else if (takes(item->kind, "bias", "|") && (bias || strcmp(word, "nobias") == 0)) {
      if (item->bias != ESP_GIVEN_NOT) return fail_usage(at, item->kind, "a second", word, err);
      item->bias = bias;
    } else if (*word >= 'a' && *word <= 'z' && takes(item->kind, word, "]")) {
      if (item->option) return fail_usage(at, item->kind, "a second", word, err);
      item->option = true;
    } else if (takes(item->kind, "NAME", "]") && !*item->name) {
      ESP_TRY(read_name(at, item, word, err));
    } else {
      return fail_usage(at, item->kind, "unexpected", word, err);
    }
  }
  return ESP_OK;
}

static void fill_defaults(esp__item *item) {
  const bool kernel = item->kernel.rows != ESP_GIVEN_NOT, size = item->size != ESP_GIVEN_NOT;
  if (item->pad.rows == ESP_GIVEN_NOT)
    item->pad =
        kernel ? (esp_pair){item->kernel.rows / 2, item->kernel.columns / 2} : (esp_pair){0, 0};
  if (item->stride.rows == ESP_GIVEN_NOT)
    item->stride = size ? (esp_pair){item->size, item->size} : (esp_pair){1, 1};
  if (item->groups == ESP_GIVEN_NOT) item->groups = 1;
  if (item->transpose == ESP_GIVEN_NOT) item->transpose = 1;
}

/* The words behind the keyword, of which the line's copy `line` is made. */
static esp_status split(const esp__source_line *at, const esp__item *item, char *line, words *w,
                        esp_error *err) {
  *w = (words){0};
  for (char *word = strchr(line, ' '); word; word = strchr(word, ' ')) {
    *word++ = '\0';
    if (w->count == WORDS_MAX)
      return esp__line_fail(at, err, "%s: more than %d words follow it", item->kind->keyword,
                            WORDS_MAX);
    w->word[w->count++] = word;
  }
  return ESP_OK;
}

esp_status esp__line_arguments(const esp__source_line *at, esp__item *item, esp_error *err) {
  char line[ESP_LINE_MAX + 1];
  words w;
  snprintf(line, sizeof line, "%s", item->text);
  item->channels = item->size = item->count = item->groups = item->bias = ESP_GIVEN_NOT;
  item->bits = item->planes = item->transpose = ESP_GIVEN_NOT;
  item->option = false;
  item->kernel = item->stride = item->pad = (esp_pair){ESP_GIVEN_NOT, ESP_GIVEN_NOT};
  ESP_TRY(split(at, item, line, &w, err));
  ESP_TRY(read_required(at, item, &w, err));
  ESP_TRY(read_optional(at, item, &w, err));
  if (item->bits != ESP_GIVEN_NOT && item->bits != 8 && item->bits != 4 && item->bits != 2)
    return esp__line_fail(at, err, "%s: bits is '%d', expected 8, 4 or 2", item->kind->keyword,
                          item->bits);
  fill_defaults(item);
  return ESP_OK;
}
