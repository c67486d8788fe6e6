/* Looking up sections and keys by name. */
#ifndef ESP_CONFIG_SECTIONS_H
#define ESP_CONFIG_SECTIONS_H

#include <espalier/config.h>

/* NULL when there is none. */
const esp_section *esp__section_find(const char *name);
const esp_option *esp__option_find(const esp_section *section, const char *name);

/* Of the keys of `section` (NULL = of all sections) the nearest to `name`, or NULL; *in becomes its
 * section. */
const esp_option *esp__option_nearest(const char *name, const esp_section *section,
                                      const esp_section **in);
/* Of the sections the nearest to `name`, or NULL. */
const char *esp__section_nearest(const char *name);
/* "run, data, ..." */
void esp__section_list(char *text, size_t bytes);

/* The options struct of a section within a configuration. */
static inline void *esp__section_options(const esp_section *section, esp_config *config) {
  return (char *)config + section->offset;
}

#endif
