/* The parts that parse.c puts together: what is known, the text of an INI file, arguments, the name
 * of the run. */
#ifndef ESP_CONFIG_PARTS_H
#define ESP_CONFIG_PARTS_H

#include "config/parse.h"

#include <stddef.h>

enum { ESP_WHERE_MAX = 512 }; /* of what starts a message, such as "file:line" */

/* What to say of a key that is not known in `section`. */
void esp__unknown_key(const esp_section *section, const char *key, char *text, size_t bytes);
/* also: a section that is known besides those of a configuration; NULL: none. */
void esp__unknown_section(const char *name, const char *also, char *text, size_t bytes);

/* Sets what the text of an INI file says. `name`: of the file, for messages; extra NULL: none. */
esp_status esp__ini_read(esp_config *config, const char *name, const char *text,
                         const esp__config_extra *extra, esp_error *err);
/* Sets what arguments say, "section.key=value". */
esp_status esp__config_override(esp_config *config, int overrides, const char *const *override,
                                esp_error *err);

/* Fails where the run's name is none of a file. `where` starts the message. */
esp_status esp__run_name_check(const esp_config *config, const char *where, esp_error *err);
/* A run without a name is called as its file is, less .ini. */
esp_status esp__run_name_after(esp_config *config, const char *file, esp_error *err);

#endif
