#include "sweep/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool space(char c) {
  return isspace((unsigned char)c) != 0;
}

static esp_status add(esp_axis *axis, char *value, esp_error *err) {
  char **more = value ? realloc(axis->value, (size_t)(axis->values + 1) * sizeof *more) : NULL;
  if (!more) {
    free(value);
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the values of %s", axis->key);
  }
  axis->value = more;
  axis->value[axis->values++] = value;
  return ESP_OK;
}

/* The length of the quoted value at `text`, which begins with the quote; 0 if it has no end. Two
 * quotes in it stand for one. */
static size_t quoted(const char *text, char *value) {
  size_t used = 0;
  for (const char *c = text + 1; *c; c++) {
    if (*c == '"' && c[1] != '"') {
      value[used] = '\0';
      return (size_t)(c + 1 - text);
    }
    c += *c == '"';
    value[used++] = *c;
  }
  return 0;
}

static esp_status take_quoted(esp_axis *axis, const char **text, const char *where,
                              esp_error *err) {
  char *value = malloc(strlen(*text) + 1);
  if (!value) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the values of %s", axis->key);
  const size_t length = quoted(*text, value);
  const char after = (*text)[length];
  if (length > 0 && (!after || space(after))) {
    *text += length;
    return add(axis, value, err);
  }
  free(value);
  if (length == 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: %s: a double quote has no end", where, axis->key);
  return esp_fail(err, ESP_ERR_INPUT, "%s: %s: expected a space behind a quoted value, not '%c'",
                  where, axis->key, after);
}

esp_status esp__words_split(esp_axis *axis, const char *text, const char *where, esp_error *err) {
  for (;;) {
    while (space(*text)) text++;
    if (!*text) break;
    if (*text == '"') {
      ESP_TRY(take_quoted(axis, &text, where, err));
      continue;
    }
    size_t length = 0;
    while (text[length] && !space(text[length]) && text[length] != '"') length++;
    if (text[length] == '"')
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: %s: a double quote within '%.*s': expected it around the value", where,
                      axis->key, length > 100 ? 100 : (int)length, text);
    ESP_TRY(add(axis, strndup(text, length), err));
    text += length;
  }
  if (axis->values > 0) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s: %s: no values, expected a list of at least one", where,
                  axis->key);
}

void esp__word_print(const char *value, FILE *out) {
  bool plain = *value != '\0';
  for (const char *c = value; *c; c++) plain = plain && !space(*c) && *c != '"';
  if (plain) {
    fputs(value, out);
    return;
  }
  fputc('"', out);
  for (const char *c = value; *c; c++) {
    if (*c == '\n')
      fputs("\n  ", out);
    else
      fprintf(out, *c == '"' ? "\"\"" : "%c", *c);
  }
  fputc('"', out);
}
