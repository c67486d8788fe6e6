/* What stands behind a compressed file's last stream. zlib's reader passes over it. */
#ifndef ESP_DATA_GZIP_END_H
#define ESP_DATA_GZIP_END_H

#include <espalier/status.h>

#include <stdint.h>

/* Fails when a gzip file, whose streams (RFC 1952) hold `bytes` together, has anything behind
 * them. */
esp_status esp__gzip_ends(const char *path, uint64_t bytes, esp_error *err);

#endif
