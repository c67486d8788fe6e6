#include "base/value.h"

#include "base/text_stream.h"
#include "base/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *member(const esp_option *o, void *options) {
  return (char *)options + o->offset;
}

/* The shortest of the usual forms that reads back as the same number. */
static const char *real_text(double value, char text[32]) {
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, 32, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  return text;
}

static size_t append(char *text, size_t bytes, size_t used, const char *more) {
  if (used < bytes) snprintf(text + used, bytes - used, "%s", more);
  return used + strlen(more);
}

static void list_choices(const esp_option *o, const char *intro, char *text, size_t bytes) {
  size_t used = append(text, bytes, 0, intro);
  const char *name;
  for (size_t i = 0; (name = o->choice(i)) != NULL; i++) {
    if (i > 0) used = append(text, bytes, used, ", ");
    used = append(text, bytes, used, name);
  }
}

void esp__value_expected(const esp_option *o, char *text, size_t bytes) {
  char min[32], max[32];
  real_text(o->min, min);
  real_text(o->max, max);
  switch (o->type) {
    case ESP_OPTION_INT:
      snprintf(text, bytes, "a whole number from %s to %s", min, max);
      break;
    case ESP_OPTION_REAL:
      snprintf(text, bytes, "a number from %s to %s", min, max);
      break;
    case ESP_OPTION_BOOL:
      snprintf(text, bytes, "yes or no");
      break;
    case ESP_OPTION_TEXT:
      snprintf(text, bytes, "text");
      break;
    case ESP_OPTION_PATH:
      snprintf(text, bytes, "a path, from the folder of this file or the current one");
      break;
    case ESP_OPTION_LINES:
      snprintf(text, bytes, "lines, each indented");
      break;
    case ESP_OPTION_CHOICE:
      list_choices(o, "one of ", text, bytes);
      break;
    case ESP_OPTION_WORDS:
      if (o->choice)
        list_choices(o, "words out of ", text, bytes);
      else
        snprintf(text, bytes, "words separated by spaces");
      break;
    case ESP_OPTION_NUMBERS:
      snprintf(text, bytes, "at most %d numbers from %s to %s, separated by spaces",
               ESP_NUMBERS_MAX, min, max);
      break;
  }
}

/* `part` is the value, or the word of it that is wrong. */
static esp_status unexpected(const esp_option *o, const char *part, const char *where,
                             esp_error *err) {
  char expected[640];
  esp__value_expected(o, expected, sizeof expected);
  const char *nearest = o->choice ? esp_nearest(part, o->choice) : NULL;
  return esp_fail(err, ESP_ERR_INPUT, "%s: %s = '%s': expected %s%s%s%s", where, o->name, part,
                  expected, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                  nearest ? "'?" : "");
}

/* Checks what every piece of text must be, so that it reads back the same from a file. */
static esp_status check_piece(const esp_option *o, const char *piece, const char *where,
                              esp_error *err) {
  const size_t lead = esp__option_is_text(o) ? strlen(o->name) + 3 : 2;
  if (strlen(piece) + lead > ESP_CONFIG_LINE_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "%s: %s: text of %zu bytes, expected at most %zu%s", where,
                    o->name, strlen(piece), ESP_CONFIG_LINE_MAX - lead,
                    esp__option_is_list(o) ? " in a line or word" : "");
  if (!esp__utf8_plain(piece, strlen(piece)) || strpbrk(piece, "\r\n"))
    return esp_fail(err, ESP_ERR_INPUT, "%s: %s: expected UTF-8 text without control characters",
                    where, o->name);
  for (const char *c = piece; *c; c++)
    if ((*c == ';' && (c == piece || isspace((unsigned char)c[-1]))) ||
        (*c == '#' && c == piece && esp__option_is_list(o)))
      return esp_fail(err, ESP_ERR_INPUT, "%s: %s: '%c' would start a comment here", where, o->name,
                      *c);
  return ESP_OK;
}

/* A double cannot hold every int64_t, so the bounds become integers, not the value a double. */
static bool int_within(const esp_option *o, int64_t value) {
  const double beyond = 9223372036854775808.0;
  return (o->min <= -beyond || (o->min < beyond && value >= (int64_t)ceil(o->min))) &&
         (o->max >= beyond || (o->max >= -beyond && value <= (int64_t)floor(o->max)));
}

static bool parse_int(const esp_option *o, const char *text, int64_t *value) {
  const char *digits = text + (*text == '+' || *text == '-');
  if (!*digits || digits[strspn(digits, "0123456789")]) return false;
  errno = 0;
  *value = strtoll(text, NULL, 10);
  return errno == 0 && int_within(o, *value);
}

static bool parse_real(const esp_option *o, const char *text, double *value) {
  char *end;
  *value = strtod(text, &end);
  return end != text && !*end && isfinite(*value) && *value >= o->min && *value <= o->max;
}

static bool parse_bool(const char *text, bool *value) {
  static const char *const names[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
  for (int i = 0; i < 8; i++) {
    if (strcmp(text, names[i]) != 0) continue;
    *value = i % 2 == 1;
    return true;
  }
  return false;
}

static bool is_choice(const esp_option *o, const char *text) {
  const char *name;
  for (size_t i = 0; (name = o->choice(i)) != NULL; i++)
    if (strcmp(name, text) == 0) return true;
  return false;
}

/* Cuts the next piece out of the text: a line without the spaces around it, or a word. NULL after
 * the last. */
static char *next_piece(char **rest, bool lines) {
  char *piece = *rest + strspn(*rest, " \t\r\n\v\f");
  if (!*piece) return NULL;
  size_t length = strcspn(piece, lines ? "\n" : " \t\r\n\v\f");
  *rest = piece + length + (piece[length] != '\0');
  while (isspace((unsigned char)piece[length - 1])) length--;
  piece[length] = '\0';
  return piece;
}

static esp_status set_numbers(const esp_option *o, esp_numbers *numbers, char *text,
                              const char *where, esp_error *err) {
  esp_numbers read = {.count = 0};
  char *piece;
  while ((piece = next_piece(&text, false)) != NULL) {
    ESP_TRY(check_piece(o, piece, where, err));
    if (read.count == ESP_NUMBERS_MAX || !parse_real(o, piece, &read.value[read.count]))
      return unexpected(o, piece, where, err);
    read.count++;
  }
  *numbers = read;
  return ESP_OK;
}

/* Joins the pieces of `text` in `joined`, which has room for the whole text. */
static esp_status join_pieces(const esp_option *o, char *joined, char *text, const char *where,
                              esp_error *err) {
  bool lines = o->type == ESP_OPTION_LINES;
  char *end = joined, *piece;
  *end = '\0';
  while ((piece = next_piece(&text, lines)) != NULL) {
    ESP_TRY(check_piece(o, piece, where, err));
    if (o->choice && !is_choice(o, piece)) return unexpected(o, piece, where, err);
    if (end > joined) *end++ = lines ? '\n' : ' ';
    end = stpcpy(end, piece);
  }
  return ESP_OK;
}

static esp_status set_list(const esp_option *o, void *options, const char *text, const char *where,
                           esp_error *err) {
  char *copy = strdup(text), *joined = malloc(strlen(text) + 1);
  esp_status status = ESP_OK;
  if (!copy || !joined)
    status = esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", where);
  else if (o->type == ESP_OPTION_NUMBERS)
    status = set_numbers(o, member(o, options), copy, where, err);
  else
    status = join_pieces(o, joined, copy, where, err);
  free(copy);
  if (status != ESP_OK || o->type == ESP_OPTION_NUMBERS) {
    free(joined);
    return status;
  }
  esp__value_free(o, options);
  *(char **)member(o, options) = joined;
  return ESP_OK;
}

static esp_status set_text(const esp_option *o, void *options, const char *text, const char *where,
                           esp_error *err) {
  ESP_TRY(check_piece(o, text, where, err));
  if (o->type == ESP_OPTION_CHOICE && !is_choice(o, text)) return unexpected(o, text, where, err);
  char *copy = strdup(text);
  if (!copy) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", where);
  esp__value_free(o, options);
  *(char **)member(o, options) = copy;
  return ESP_OK;
}

static esp_status set_scalar(const esp_option *o, void *options, const char *text,
                             const char *where, esp_error *err) {
  ESP_TRY(check_piece(o, text, where, err));
  void *value = member(o, options);
  bool fits = o->type == ESP_OPTION_INT    ? parse_int(o, text, value)
              : o->type == ESP_OPTION_REAL ? parse_real(o, text, value)
                                           : parse_bool(text, value);
  return fits ? ESP_OK : unexpected(o, text, where, err);
}

esp_status esp__value_set(const esp_option *o, void *options, const char *text, const char *where,
                          esp_error *err) {
  if (esp__option_is_list(o)) return set_list(o, options, text, where, err);
  if (esp__option_is_text(o)) return set_text(o, options, text, where, err);
  return set_scalar(o, options, text, where, err);
}

void esp__value_free(const esp_option *o, void *options) {
  if (!esp__option_is_text(o) && o->type != ESP_OPTION_LINES && o->type != ESP_OPTION_WORDS) return;
  char **text = member(o, options);
  free(*text);
  *text = NULL;
}

/* Prints a piece of a list after a space, or on a line of its own where the line would become
 * long. */
static void print_piece(const char *piece, size_t length, size_t *column, FILE *out) {
  enum { WIDTH = 100 };
  bool wrap = *column + 1 + length > WIDTH;
  *column = wrap ? 2 + length : *column + 1 + length;
  fprintf(out, "%s%.*s", wrap ? "\n  " : " ", (int)length, piece);
}

static void print_list(const esp_option *o, const void *value, FILE *out) {
  size_t column = strlen(o->name) + 2;
  if (o->type == ESP_OPTION_NUMBERS) {
    const esp_numbers *numbers = value;
    char text[32];
    for (int i = 0; i < numbers->count; i++) {
      real_text(numbers->value[i], text);
      print_piece(text, strlen(text), &column, out);
    }
    return;
  }
  const char *rest = *(char *const *)value;
  while (*rest) {
    size_t length = strcspn(rest, o->type == ESP_OPTION_LINES ? "\n" : " ");
    if (o->type == ESP_OPTION_LINES)
      fprintf(out, "\n  %.*s", (int)length, rest);
    else
      print_piece(rest, length, &column, out);
    rest += length + (rest[length] != '\0');
  }
}

void esp__value_print(const esp_option *o, const void *options, FILE *out) {
  const void *value = (const char *)options + o->offset;
  char text[32];
  fprintf(out, "%s =", o->name);
  switch (o->type) {
    case ESP_OPTION_INT:
      fprintf(out, " %" PRId64, *(const int64_t *)value);
      break;
    case ESP_OPTION_REAL:
      fprintf(out, " %s", real_text(*(const double *)value, text));
      break;
    case ESP_OPTION_BOOL:
      fprintf(out, *(const bool *)value ? " yes" : " no");
      break;
    case ESP_OPTION_TEXT:
    case ESP_OPTION_PATH:
    case ESP_OPTION_CHOICE: {
      const char *t = *(char *const *)value;
      if (*t) fprintf(out, " %s", t);
      break;
    }
    case ESP_OPTION_LINES:
    case ESP_OPTION_WORDS:
    case ESP_OPTION_NUMBERS:
      print_list(o, value, out);
      break;
  }
  fputc('\n', out);
}

/* "method = magnitude\n" without what is not the value. */
char *esp__value_text(const esp_option *o, const void *options) {
  char *text = NULL;
  size_t bytes;
  FILE *f = esp__text_stream(&text, &bytes);
  if (!f) return NULL;
  esp__value_print(o, options, f);
  if (fclose(f) != 0) {
    free(text);
    return NULL;
  }
  const size_t before = strlen(o->name) + strlen(" =");
  char *from = text + before + (text[before] == ' ');
  memmove(text, from, strlen(from) + 1);
  const size_t length = strlen(text);
  if (length > 0 && text[length - 1] == '\n') text[length - 1] = '\0';
  return text;
}

/* Tables spell numbers as people do, 1e-4, and files as they are printed, 0.0001. */
static const char *fallback_text(const esp_option *o, char text[32]) {
  return o->type == ESP_OPTION_REAL ? real_text(strtod(o->fallback, NULL), text) : o->fallback;
}

esp_status esp__value_is_default(const esp_option *o, const void *options, bool *is,
                                 esp_error *err) {
  char *text = esp__value_text(o, options), number[32];
  if (!text) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the value of '%s'", o->name);
  *is = strcmp(text, fallback_text(o, number)) == 0;
  free(text);
  return ESP_OK;
}

esp_status esp__value_check_unread(const esp_option *o, const void *options, const char *section,
                                   const char *reader, const char *other, esp_error *err) {
  bool is_default;
  ESP_TRY(esp__value_is_default(o, options, &is_default, err));
  if (is_default) return ESP_OK;
  char *value = esp__value_text(o, options);
  const esp_status status =
      esp_fail(err, ESP_ERR_INPUT,
               "[%s] %s = %.60s with %s, which does not read it: expected no such line, or %s",
               section, o->name, value ? value : "", reader, other);
  free(value);
  return status;
}
