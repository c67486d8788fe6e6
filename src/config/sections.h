/* Looking up sections and keys by name. */
#ifndef ESP_CONFIG_SECTIONS_H
#define ESP_CONFIG_SECTIONS_H

#include <espalier/config.h>

/* NULL when there is none. */
const esp_section *esp__section_find(const char *name);
/* The key of that section; option NULL when there is none. */
esp_config_key esp__config_key_find(const esp_section *section, const char *name);

/* Of the keys of `section` (NULL = of all sections) the nearest to `name`; option NULL when none is
 * near. */
esp_config_key esp__config_key_nearest(const char *name, const esp_section *section);
/* Of the sections the nearest to `name`, or NULL. */
const char *esp__section_nearest(const char *name);
/* "run, data, ..." */
void esp__section_list(char *text, size_t bytes);

/* Like esp_config_key_options, of a configuration that is to be changed. */
void *esp__config_key_options(esp_config *config, const esp_config_key *key);

#endif
