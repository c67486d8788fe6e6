#include "data/unreadable.h"

#include <stdio.h>
#include <string.h>

esp_status esp__unreadable_note(esp__unreadable *u, esp_status status, const esp_error *why,
                                esp_error *err) {
  const size_t used = strlen(u->what.text), room = sizeof u->what.text - 96; /* for the rest */
  if (status == ESP_OK) return ESP_OK;
  if (status == ESP_ERR_MEMORY) return esp_fail(err, status, "%s", why->text);
  u->bad++;
  if (u->named == 0 || used + strlen(why->text) + 2 <= room)
    snprintf(u->what.text + used, sizeof u->what.text - used, "%s%s", u->named++ ? "; " : "",
             why->text);
  return ESP_OK;
}

esp_status esp__unreadable_end(const esp__unreadable *u, const char *noun, size_t files,
                               esp_error *err) {
  if (u->bad == 0) return ESP_OK;
  if (u->bad == 1) return esp_fail(err, ESP_ERR_INPUT, "%s", u->what.text);
  return esp_fail(err, ESP_ERR_INPUT, "%d of %zu %s cannot be read: %s%s", u->bad, files, noun,
                  u->what.text, u->named < u->bad ? "; and others" : "");
}
