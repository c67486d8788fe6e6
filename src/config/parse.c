/* From an INI file and arguments to a configuration in which every value is checked. */
#include "config/parse.h"
#include "base/value.h"
#include "config/parts.h"
#include "config/paths.h"
#include "config/plugins.h"
#include "config/sections.h"

#include <espalier/file.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 1 << 20 };

static esp_status set_defaults(esp_config *config, esp_error *err) {
  for (const esp_section *s = esp_sections; s->name; s++) {
    char where[64];
    snprintf(where, sizeof where, "default of [%s]", s->name);
    for (const esp_option *o = s->table; o->name; o++)
      ESP_TRY(esp__value_set(o, (char *)config + s->offset, o->fallback, where, err));
  }
  return esp_prune_keys_open(&config->prune, err);
}

/* `plugins` NULL: none were loaded for it. file: `name` is that of a file, from whose folder paths
 * are looked for. */
static esp_status parse(esp_config *config, const char *name, const char *text, bool file,
                        const char *plugins, const esp__config_extra *extra, int overrides,
                        const char *const *override, esp_error *err) {
  *config = (esp_config){0};
  esp_status status = set_defaults(config, err);
  if (status == ESP_OK) status = esp__ini_read(config, name, text, extra, err);
  if (status == ESP_OK && file) status = esp__config_find_paths(config, name, err);
  if (status == ESP_OK) status = esp__config_override(config, overrides, override, err);
  if (status == ESP_OK) status = esp__run_name_after(config, name, err);
  if (status == ESP_OK && plugins)
    status = esp__config_set(config, "run.plugins", plugins, name, err);
  if (status == ESP_OK && overrides > 0) status = esp__config_find_paths(config, NULL, err);
  if (status != ESP_OK) esp_config_free(config);
  return status;
}

/* file: the text is that of the file `name`, so the plugins that it names are loaded. */
static esp_status load_plugins_and_parse(esp_config *config, const char *name, const char *text,
                                         bool file, const esp__config_extra *extra, int overrides,
                                         const char *const *override, esp_error *err) {
  char *plugins;
  *config = (esp_config){0};
  ESP_TRY(esp__plugins_load_named(name, file ? text : NULL, overrides, override, &plugins, err));
  const esp_status status =
      parse(config, name, text, file, plugins, extra, overrides, override, err);
  free(plugins);
  return status;
}

esp_status esp__config_load_with(esp_config *config, const char *path,
                                 const esp__config_extra *extra, int overrides,
                                 const char *const *override, esp_error *err) {
  char *text;
  size_t bytes;
  *config = (esp_config){0};
  ESP_TRY(esp_file_read(path, FILE_MAX, &text, &bytes, err));
  esp_status status;
  if (strlen(text) == bytes) {
    status = load_plugins_and_parse(config, path, text, true, extra, overrides, override, err);
  } else {
    int line = 1;
    for (const char *c = text; *c; c++) line += *c == '\n';
    status = esp_fail(err, ESP_ERR_INPUT, "%s:%d: NUL byte, expected text", path, line);
  }
  free(text);
  return status;
}

esp_status esp_config_parse(esp_config *config, const char *name, const char *text, int overrides,
                            const char *const *override, esp_error *err) {
  return load_plugins_and_parse(config, name, text, false, NULL, overrides, override, err);
}

esp_status esp_config_load(esp_config *config, const char *path, int overrides,
                           const char *const *override, esp_error *err) {
  return esp__config_load_with(config, path, NULL, overrides, override, err);
}

esp_status esp__config_load_run(esp_config *config, const char *path, int overrides,
                                const char *const *override, esp_error *err) {
  struct stat info;
  *config = (esp_config){0};
  if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: is empty; expected the configuration of a run", path);
  return esp_config_load(config, path, overrides, override, err);
}

void esp_config_free(esp_config *config) {
  for (const esp_section *s = esp_sections; s->name; s++)
    for (const esp_option *o = s->table; o->name; o++)
      esp__value_free(o, (char *)config + s->offset);
  esp_prune_keys_close(&config->prune);
  *config = (esp_config){0};
}
