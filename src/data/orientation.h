/* Which way up a picture is: cameras store what the sensor saw and say in an Exif block how to turn
 * it. Every viewer does so, and so do we. */
#ifndef ESP_DATA_ORIENTATION_H
#define ESP_DATA_ORIENTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The orientation that the Exif block of a JPEG or PNG in memory asks for, 1 to 8 (TIFF 6.0 and
 * Exif 2.3, tag 274). 1, upright, where there is no block, or none that is sound. */
int esp__exif_orientation(const uint8_t *data, size_t bytes);

/* Turns height x width pixels of `channels` interleaved bytes upright: *pixels, from malloc, is
 * replaced, and 5 to 8 exchange *width and *height. False, with nothing changed: no memory. */
bool esp__orient(uint8_t **pixels, int *width, int *height, int channels, int orientation);

#endif
