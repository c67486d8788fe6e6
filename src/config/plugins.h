/* The plugins that a configuration names: loaded before its other keys are read, which may name
 * what they register, and known again by their files. */
#ifndef ESP_CONFIG_PLUGINS_H
#define ESP_CONFIG_PLUGINS_H

#include <espalier/config.h>

#include <stdbool.h>

/* Loads the plugins that the last of the overrides of run.plugins names, by paths relative to the
 * current folder; where there is none, those of the INI text `text` (NULL: none), by paths relative
 * to the folder of its file `path`. *words becomes their absolute paths, newly allocated, separated
 * by spaces; NULL where no plugins are named. Errors tell the line of the file, or the argument. */
esp_status esp__plugins_load_named(const char *path, const char *text, int overrides,
                                   const char *const *override, char **words, esp_error *err);

/* Loads what config->run.plugins names, as far as it is not loaded, and says what they are, newly
 * allocated: a row "NAME VERSION SHA256\n" for each; "" for none. */
esp_status esp__plugins_rows(const esp_config *config, char **rows, esp_error *err);

/* What must agree: all plugins, or only those that both name. */
typedef enum esp__plugins_rule { ESP_PLUGINS_ALL, ESP_PLUGINS_COMMON } esp__plugins_rule;
/* Whether the file `path`, which was made with the plugins `then`, can be used with the plugins
 * `now` (rows; NULL: none). The error names the plugin that differs. */
esp_status esp__plugins_match(const char *path, const char *then, const char *now,
                              esp__plugins_rule rule, esp_error *err);

/* Of the plugins that the INI text names the first that is not loaded, as it is named there; false
 * where all are. */
bool esp__plugins_missing(const char *text, char missing[4096]);

#endif
