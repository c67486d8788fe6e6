/* Finding the files that come with Espalier: configurations, and the figures of papers. */
#ifndef ESP_BASE_SHIPPED_H
#define ESP_BASE_SHIPPED_H

#include <espalier/status.h>

enum { ESP_SHIPPED_PATH_MAX = 4096 };

/* The installed folder that holds configs/: the environment variable ESPALIER_DATA where it is set
 * and not empty, else the one that the build was configured with. */
const char *esp__data_directory(void);

/* The file that `name` stands for: itself; else the file of that name, with or without `suffix`
 * (".ini"), in configs or configs/papers; else that below the installed folder, where
 * "configs/NAME" may be written out too. The first that exists is taken. A name that begins with
 * "/" or "." stands for itself alone. Where there is none, a folder, and what cannot be looked up,
 * stand for themselves, whose reader says what is wrong; else the text, which begins with
 * "NAME: `refusal`", says where was looked. */
esp_status esp__shipped_find(const char *name, const char *suffix, const char *refusal,
                             char path[ESP_SHIPPED_PATH_MAX], esp_error *err);
/* The configuration that `name` stands for. */
esp_status esp__shipped_config(const char *name, char path[ESP_SHIPPED_PATH_MAX], esp_error *err);
/* The folder `name`, where there is one, or the configuration that `name` stands for. */
esp_status esp__shipped_config_or_folder(const char *name, char path[ESP_SHIPPED_PATH_MAX],
                                         esp_error *err);

#endif
