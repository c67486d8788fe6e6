/* Which line of a configuration file a message is about. */
#ifndef ESP_CONFIG_LOCATE_H
#define ESP_CONFIG_LOCATE_H

#include <espalier/status.h>

/* Starts the message about something in the configuration `source` with "source: ", or, where it
 * begins with "[section] key:N: ", N a line of the key's value (from 1, empty ones and comments not
 * counted), or with "[section] key = value", and that line is in the file `source`, with
 * "source:line: ". So a value that was given as an argument is not blamed on the file. Errors of
 * other kinds stay as they are. */
esp_status esp__config_located(const char *source, esp_status status, esp_error *err);

#endif
