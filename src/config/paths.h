/* Keys whose values are paths. */
#ifndef ESP_CONFIG_PATHS_H
#define ESP_CONFIG_PATHS_H

#include <espalier/config.h>

/* Makes relative paths absolute: where there is something of that name in the folder of the file
 * `source`, that; else where there is in the current folder, that; else the file of that name that
 * comes with Espalier (base/shipped.h); else the path stays as it is. source NULL: not the
 * first. */
esp_status esp__config_find_paths(esp_config *config, const char *source, esp_error *err);

#endif
