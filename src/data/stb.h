/* The two things we ask of stb_image, of pictures that esp__picture_whole has found sound: even the
 * header of others makes some of its releases write where they must not. Its symbols stay inside
 * stb.c, so a program may link its own copy. */
#ifndef ESP_DATA_STB_H
#define ESP_DATA_STB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ESP_PICTURE_SIDE_MAX = 8192 }; /* of a picture file; 64 Mpixel */

/* Whether the header of a JPEG or PNG in memory is sound and announces at most ESP_PICTURE_SIDE_MAX
 * pixels a side. */
bool esp__stb_header_sound(const uint8_t *data, size_t bytes);
/* The sides that such a header announces; false where it is not sound. */
bool esp__stb_sides(const uint8_t *data, size_t bytes, int *width, int *height);
/* Decodes to `channels` (1 or 3) interleaved bytes a pixel; free() the result. NULL on failure,
 * *why in a word or two. */
uint8_t *esp__stb_decode(const uint8_t *data, size_t bytes, int channels, int *width, int *height,
                         const char **why);

#endif
