/* Whether a JPEG file is all there, and is what it says. */
#ifndef ESP_DATA_JPEG_WHOLE_H
#define ESP_DATA_JPEG_WHOLE_H

#include <espalier/status.h>

#include <stddef.h>
#include <stdint.h>

/* A file that begins with SOI must be a chain of segments up to the end marker, with tables that
 * fit their segments (some releases of stb_image write beyond their memory otherwise), every table
 * that a scan uses (stb_image takes whatever was in memory for those that are missing), and a scan
 * of every component. `path` begins the messages. */
esp_status esp__jpeg_whole(const char *path, const uint8_t *data, size_t bytes, esp_error *err);

#endif
