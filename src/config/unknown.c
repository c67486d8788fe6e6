/* What is said of keys and sections that nobody knows. */
#include "config/parts.h"
#include "config/sections.h"

#include <espalier/option.h>

#include <stdio.h>
#include <string.h>

void esp__unknown_key(const esp_section *section, const char *key, char *text, size_t bytes) {
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

void esp__unknown_section(const char *name, const char *also, char *text, size_t bytes) {
  char list[128];
  const char *nearest = esp__section_nearest(name);
  if (also) nearest = esp_nearer(name, nearest, also);
  esp__section_list(list, sizeof list);
  snprintf(text, bytes, "unknown section [%.200s]; %s %s%s", name,
           nearest ? "did you mean" : "expected one of", nearest ? nearest : list,
           nearest ? "?" : "");
}
