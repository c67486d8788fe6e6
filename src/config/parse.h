/* Reading a configuration that has one section more, whose keys are no options; and that of a
 * run. */
#ifndef ESP_CONFIG_PARSE_H
#define ESP_CONFIG_PARSE_H

#include <espalier/config.h>

/* Gets each key of the section `section`, in the order of the file, with its value (indented lines
 * go on with it, joined by '\n') and the place, "path:line", that starts a message about it. */
typedef struct esp__config_extra {
  const char *section;
  void *user;
  esp_status (*take)(void *user, const char *where, const char *key, const char *value,
                     esp_error *err);
} esp__config_extra;

/* esp_config_load; extra NULL: no such section. */
esp_status esp__config_load_with(esp_config *config, const char *path,
                                 const esp__config_extra *extra, int overrides,
                                 const char *const *override, esp_error *err);

/* The config.ini of a run's directory: as esp_config_load, but not empty. An empty one is no run
 * with all defaults, but what a crash of the system left. */
esp_status esp__config_load_run(esp_config *config, const char *path, int overrides,
                                const char *const *override, esp_error *err);

/* Finds `key`, "section.key"; says of an unknown one which is the nearest. */
esp_status esp__config_key(const char *key, const char *where, esp_config_key *found,
                           esp_error *err);
/* Sets `key`, "section.key", to `value`. `where` starts the message of an error. */
esp_status esp__config_set(esp_config *config, const char *key, const char *value,
                           const char *where, esp_error *err);

#endif
