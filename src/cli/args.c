#include "cli/args.h"

#include <espalier/option.h>

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
  const esp__command *command;
  esp__arguments *arguments;
  char *const *argv;
  int argc, at;
  uint64_t given; /* a bit for each option of the table */
  bool ended;     /* by -- */
} reader;

/* ---- the options of a command ---- */

static const esp__argument plugin_option = {
    .name = "plugin",
    .type = ESP_ARGUMENT_LIST,
    .value = "FILE.so",
    .expected = "a plugin",
    .kind = ESP_WORD_FILE,
    .help =
        "Opens methods and data sets that were compiled outside of Espalier, "
        "in the place of those that run.plugins names."};

static int table_count(const esp__command *c) {
  int n = 0;
  while (c->options && c->options[n].name) n++;
  return n;
}

static int option_count(const esp__command *c) {
  return table_count(c) + (c->plugins || c->overrides);
}

const esp__argument *esp__option_at(const esp__command *c, int i) {
  if (i >= option_count(c)) return NULL;
  return i < table_count(c) ? &c->options[i] : &plugin_option;
}

static void *member_of(esp__arguments *a, const esp__argument *o) {
  return o == &plugin_option ? (void *)&a->plugin : (char *)a->options + o->offset;
}

/* ---- the usage ---- */

static void print_option(const esp__argument *o, char text[128]) {
  char name[64];
  if (o->letter)
    snprintf(name, sizeof name, "-%c", o->letter);
  else
    snprintf(name, sizeof name, "--%s", o->name);
  snprintf(text, 128, "%s%s%s%s%s%s", o->required ? "" : "[", name, o->value ? " " : "",
           o->value ? o->value : "", o->required ? "" : "]",
           o->type == ESP_ARGUMENT_LIST ? "..." : "");
}

const char *esp__usage_piece(const esp__command *c, int i, char text[128]) {
  const int options = option_count(c);
  if (!*c->positional.usage) i++;
  if (i == 0) return c->positional.usage;
  if (i <= options) return print_option(esp__option_at(c, i - 1), text), text;
  return i == options + 1 && c->overrides ? "[section.key=value ...]" : NULL;
}

static void print_usage(const esp__command *c, char text[512]) {
  char piece[128];
  const char *next;
  int used = snprintf(text, 512, "espalier %s", c->name);
  for (int i = 0; (next = esp__usage_piece(c, i, piece)) && used < 512; i++)
    used += snprintf(text + used, 512 - (size_t)used, " %s", next);
}

static esp_status fail_usage(const esp__command *c, esp_error *err, const char *format, ...)
    ESP_PRINTF(3, 4);
static esp_status fail_usage(const esp__command *c, esp_error *err, const char *format, ...) {
  char what[512], usage[512];
  va_list args;
  va_start(args, format);
  vsnprintf(what, sizeof what, format, args);
  va_end(args);
  print_usage(c, usage);
  return esp_fail(err, ESP_ERR_INPUT, "%s: %s", what, usage);
}

/* ---- values ---- */

static esp_status append(esp__words *words, const char *word, esp_error *err) {
  const char **item = realloc(words->item, ((size_t)words->count + 1) * sizeof *item);
  if (!item) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the arguments");
  words->item = item;
  words->item[words->count++] = word;
  return ESP_OK;
}

static bool begins_number(const char *text) {
  return isdigit((unsigned char)text[*text == '-']) || (*text == '.' && text[1]);
}

static bool parse_int(const esp__argument *o, const char *text, int *value) {
  char *end;
  errno = 0;
  const long n = strtol(text, &end, 10);
  *value = (int)n;
  return begins_number(text) && !*end && errno == 0 && (double)n >= o->min && (double)n <= o->max;
}

static bool parse_real(const esp__argument *o, const char *text, double *value) {
  char *end;
  *value = strtod(text, &end);
  return begins_number(text) && !*end && *value >= o->min && *value <= o->max;
}

/* What a value of the option looks like. */
static const char *expected(const esp__argument *o, char text[128]) {
  if (o->type == ESP_ARGUMENT_INT)
    snprintf(text, 128, "a whole number from %.0f to %.0f", o->min, o->max);
  else if (o->type == ESP_ARGUMENT_REAL)
    snprintf(text, 128, "a number from %g to %g", o->min, o->max);
  else
    snprintf(text, 128, "%s", o->expected);
  return text;
}

/* `typed` is the option as it stands on the command line. */
static esp_status set_value(void *member, const esp__argument *o, const char *typed,
                            const char *text, esp_error *err) {
  char range[128];
  bool good = true;
  switch (o->type) {
    case ESP_ARGUMENT_FLAG:
      *(bool *)member = true;
      break;
    case ESP_ARGUMENT_TEXT:
      *(const char **)member = text;
      break;
    case ESP_ARGUMENT_LIST:
      return append(member, text, err);
    case ESP_ARGUMENT_INT:
      good = parse_int(o, text, member);
      break;
    case ESP_ARGUMENT_REAL:
      good = parse_real(o, text, member);
      break;
    case ESP_ARGUMENT_PARSED:
      good = o->parse(text, member);
      break;
  }
  if (good) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%.60s '%.200s': expected %s", typed, text,
                  expected(o, range));
}

/* ---- options ---- */

/* The option that `length` characters of the word are, or NULL. */
static const esp__argument *find(const esp__command *c, const char *word, size_t length) {
  const esp__argument *o;
  for (int i = 0; (o = esp__option_at(c, i)); i++) {
    if (length == 2 && o->letter && word[1] == o->letter) return o;
    if (length > 2 && word[1] == '-' && strlen(o->name) == length - 2 &&
        strncmp(word + 2, o->name, length - 2) == 0)
      return o;
  }
  return NULL;
}

static esp_status fail_unknown(const esp__command *c, const char *word, size_t length,
                               esp_error *err) {
  const char *best = NULL;
  char name[64];
  snprintf(name, sizeof name, "%.*s", (int)length, word);
  const size_t dashes = strspn(name, "-");
  for (int i = 0; i < option_count(c); i++)
    best = esp_nearer(name + dashes, best, esp__option_at(c, i)->name);
  best = esp_nearer(name + dashes, best, "help");
  if (best)
    return esp_fail(err, ESP_ERR_INPUT, "unknown option '%s'; did you mean '--%s'?", name, best);
  return fail_usage(c, err, "unknown option '%s'; expected", name);
}

static esp_status read_option(reader *r, const char *word, esp_error *err) {
  const char *equals = word[1] == '-' ? strchr(word, '=') : NULL;
  const size_t length = equals ? (size_t)(equals - word) : strlen(word);
  const esp__argument *o = find(r->command, word, length);
  char typed[64], range[128];
  if (!o) return fail_unknown(r->command, word, length, err);
  snprintf(typed, sizeof typed, "%.*s", (int)length, word);
  if (o->type != ESP_ARGUMENT_LIST) {
    const uint64_t bit = UINT64_C(1) << (o - r->command->options);
    if (r->given & bit)
      return esp_fail(err, ESP_ERR_INPUT, "%s is given twice; expected it once", typed);
    r->given |= bit;
  }
  const char *text = equals ? equals + 1 : NULL;
  if (text && o->type == ESP_ARGUMENT_FLAG)
    return esp_fail(err, ESP_ERR_INPUT, "%s '%.200s': expected no value", typed, text);
  if (!text && o->type != ESP_ARGUMENT_FLAG) {
    if (r->at == r->argc)
      return esp_fail(err, ESP_ERR_INPUT, "%s: expected %s after it", typed, expected(o, range));
    text = r->argv[r->at++];
  }
  return set_value(member_of(r->arguments, o), o, typed, text, err);
}

/* ---- all of it ---- */

static esp_status fail_surplus(const reader *r, const char *word, esp_error *err) {
  const esp__positionals *p = &r->command->positional;
  return p->most == 0
             ? fail_usage(r->command, err, "unexpected '%.200s'; expected", word)
             : fail_usage(r->command, err, "unexpected '%.200s'; expected %s", word, p->expected);
}

static esp_status read_word(reader *r, const char *word, esp_error *err) {
  esp__arguments *a = r->arguments;
  if (!r->ended && word[0] == '-' && word[1]) {
    if (strcmp(word, "--") == 0)
      r->ended = true;
    else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
      a->help = true;
    else
      return read_option(r, word, err);
    return ESP_OK;
  }
  if (a->positional.count < r->command->positional.most) return append(&a->positional, word, err);
  if (r->command->overrides) return append(&a->override, word, err);
  return fail_surplus(r, word, err);
}

static esp_status set_fallbacks(esp__arguments *a, const esp__command *c, esp_error *err) {
  if (c->options_bytes == 0) return ESP_OK;
  a->options = calloc(1, c->options_bytes);
  if (!a->options) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the arguments");
  for (int i = 0; i < table_count(c); i++) {
    const esp__argument *o = &c->options[i];
    if (o->fallback)
      ESP_TRY(set_value(member_of(a, o), o, o->name, o->fallback, err));
    else if (o->type == ESP_ARGUMENT_REAL)
      *(double *)member_of(a, o) = (double)NAN;
  }
  return ESP_OK;
}

/* Whether all is there that must be. */
static esp_status check(const reader *r, esp_error *err) {
  const esp__command *c = r->command;
  if (r->arguments->positional.count < c->positional.least)
    return fail_usage(c, err, "expected %s", c->positional.expected);
  for (int i = 0; i < table_count(c); i++) {
    const esp__argument *o = &c->options[i];
    if (o->required && !(r->given >> i & 1))
      return fail_usage(c, err, "expected -%c and %s", o->letter, o->expected);
  }
  return ESP_OK;
}

/* The plugins that were named, as a key of the configuration. */
static esp_status override_plugins(esp__arguments *a, const esp__command *c, esp_error *err) {
  static const char key[] = "run.plugins=";
  size_t bytes = sizeof key;
  if (a->plugin.count == 0 || !c->overrides) return ESP_OK;
  for (int i = 0; i < a->plugin.count; i++) bytes += strlen(a->plugin.item[i]) + 1;
  if (!(a->plugins = malloc(bytes)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the arguments");
  char *end = stpcpy(a->plugins, key);
  for (int i = 0; i < a->plugin.count; i++) {
    if (i > 0) *end++ = ' ';
    end = stpcpy(end, a->plugin.item[i]);
  }
  return append(&a->override, a->plugins, err);
}

esp_status esp__arguments_read(esp__arguments *a, const esp__command *c, int argc,
                               char *const *argv, esp_error *err) {
  reader r = {.command = c, .arguments = a, .argv = argv, .argc = argc};
  *a = (esp__arguments){0};
  esp_status status = set_fallbacks(a, c, err);
  while (status == ESP_OK && r.at < argc && !a->help) status = read_word(&r, argv[r.at++], err);
  if (status == ESP_OK && !a->help) status = check(&r, err);
  if (status == ESP_OK && !a->help) status = override_plugins(a, c, err);
  if (status != ESP_OK) esp__arguments_free(a, c);
  return status;
}

void esp__arguments_free(esp__arguments *a, const esp__command *c) {
  for (int i = 0; a->options && i < table_count(c); i++)
    if (c->options[i].type == ESP_ARGUMENT_LIST)
      free(((esp__words *)member_of(a, &c->options[i]))->item);
  free(a->plugin.item);
  free(a->plugins);
  free(a->options);
  free(a->positional.item);
  free(a->override.item);
  *a = (esp__arguments){0};
}
