/* Paths of files in a directory. */
#ifndef ESP_BASE_PATH_H
#define ESP_BASE_PATH_H

#include <espalier/status.h>

#include <stdbool.h>
#include <stddef.h>

enum { ESP_PATH_MAX = 4096 };

/* "<dir>/<name>" in `path`; false where that is longer than a path can be. */
bool esp__path_join(char path[ESP_PATH_MAX], const char *dir, const char *name);
/* "<dir>/<name>" in `path`; ESP_ERR_INPUT where that is longer than a path can be. */
esp_status esp__path_make(char path[ESP_PATH_MAX], const char *dir, const char *name,
                          esp_error *err);
/* " (from FOLDER)", the current folder, behind a relative path in a message; "" where the path is
 * absolute. */
const char *esp__path_from(const char *path, char text[ESP_PATH_MAX]);
/* Whether the directory holds something of that name. */
bool esp__path_exists(const char *dir, const char *name);

#endif
