#ifndef ESP_BASE_CRC32C_H
#define ESP_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli 1993; RFC 3720, appendix B.4) of the bytes. */
uint32_t esp__crc32c(const void *data, size_t bytes);

#endif
