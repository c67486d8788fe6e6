/* What stands at the head of a packed file: its texts, and the names and shapes of its tensors. */
#ifndef ESP_PACK_HEADER_H
#define ESP_PACK_HEADER_H

#include <espalier/file.h>

#include <stddef.h>
#include <stdint.h>

enum { ESP_PACK_HEADER_MAX = 4 << 20 };

/* The header of a bundle as text: for each text the line "text BYTES KEY", its bytes and a line
 * break; then for each tensor the line "f32 RANK SIZE... NAME". Newly allocated. */
esp_status esp__pack_header_write(const esp_bundle *b, char **text, size_t *bytes, esp_error *err);
/* Adds what such a text says to an empty bundle, the tensors without data. `name` starts the
 * messages. */
esp_status esp__pack_header_read(esp_bundle *b, const char *name, const char *text, size_t bytes,
                                 esp_error *err);

/* Deflates it with a dictionary of what headers say; newly allocated. */
esp_status esp__pack_deflate(const char *text, size_t bytes, uint8_t **packed, size_t *packed_bytes,
                             esp_error *err);
/* The reverse: fills text[bytes]. Fails unless it is exactly that long. */
esp_status esp__pack_inflate(const char *name, const uint8_t *packed, size_t packed_bytes,
                             char *text, size_t bytes, esp_error *err);

#endif
