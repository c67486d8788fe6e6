/* Small pictures, as PNG in base64 for a page. */
#ifndef ESP_REPORT_PICTURE_H
#define ESP_REPORT_PICTURE_H

#include <stdint.h>

/* Pixels [height][width][4], RGBA. The result is newly allocated; NULL when memory is out. */
char *esp__picture_base64(const uint8_t *pixels, int width, int height);

#endif
