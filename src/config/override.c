/* Keys by their full name, and arguments that set them. */
#include "base/utf8.h"
#include "base/value.h"
#include "config/parts.h"
#include "config/sections.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Starts the messages about an argument; of a long or strange one only with its beginning. */
static void where_argument(const char *argument, char where[ESP_WHERE_MAX]) {
  size_t bytes = strlen(argument);
  bool shown = bytes <= 200 && esp__utf8_plain(argument, bytes);
  size_t length = shown ? bytes : strspn(argument, "abcdefghijklmnopqrstuvwxyz_.=");
  snprintf(where, ESP_WHERE_MAX, "argument '%.*s%s'", length > 200 ? 200 : (int)length, argument,
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
    esp__unknown_key(section, key, text, sizeof text);
  else
    esp__unknown_section(section_name, NULL, text, sizeof text);
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

esp_status esp__config_override(esp_config *config, int overrides, const char *const *override,
                                esp_error *err) {
  for (int i = 0; i < overrides; i++) {
    char where[ESP_WHERE_MAX];
    where_argument(override[i], where);
    char *copy = strdup(override[i]);
    if (!copy) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", where);
    esp_status status = override_one(config, copy, where, err);
    free(copy);
    if (status == ESP_OK) status = esp__run_name_check(config, where, err);
    if (status != ESP_OK) return status;
  }
  return ESP_OK;
}
