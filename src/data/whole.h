/* Whether a picture file is all there. stb_image decodes a JPEG that was cut short (the rest
 * becomes grey) and a PNG with wrong checksums; a data set must not. What some of its releases do
 * not survive is refused here too. */
#ifndef ESP_DATA_WHOLE_H
#define ESP_DATA_WHOLE_H

#include <espalier/status.h>

#include <stddef.h>
#include <stdint.h>

/* JPEG: as esp__jpeg_whole says. PNG: a chain of chunks with correct CRC-32 up to IEND. */
esp_status esp__picture_whole(const char *path, const uint8_t *data, size_t bytes, esp_error *err);

#endif
