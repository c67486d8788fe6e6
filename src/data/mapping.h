/* Values of images that lie in a file instead of memory: the file is mapped, so a value is read
 * like any other, and only so much of it stays resident.
 *
 * The file has no name any more when it is opened, so that nothing is left of it whatever happens
 * to the process. It is made in the folder that TMPDIR names, else in /var/tmp. */
#ifndef ESP_DATA_MAPPING_H
#define ESP_DATA_MAPPING_H

#include <espalier/data.h>

/* Images without values get theirs from a file from now on, of which about so many bytes are
 * resident. */
esp_status esp__images_map(esp_images *images, size_t resident, esp_error *err);
/* Gives the values so many bytes, more or fewer; what was in them stays. `name` starts the
 * message. On failure they are as before. */
esp_status esp__values_resize(esp_images *images, size_t bytes, const char *name, esp_error *err);
/* Says that so many neighbouring bytes of the values were read or written: when that has come to as
 * much as may be resident, all of it goes out of memory, and comes back when it is read again. From
 * any thread. Nothing where the values are in memory. */
void esp__values_touched(const esp_images *images, size_t bytes);
void esp__values_free(esp_images *images);

#endif
