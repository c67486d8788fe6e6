/* What saving and loading of bundles share. */
#ifndef ESP_BASE_BUNDLE_H
#define ESP_BASE_BUNDLE_H

#include <espalier/file.h>

#include <stdbool.h>

#define ESP_CHECKSUM_PREFIX "sha256."
#define ESP_TEXTS_CHECKSUM "sha256" /* of all texts together */
#define ESP_METADATA_NAME "__metadata__"

/* A parsed header takes some 20 times its size, and both come from a file nobody vouches for. */
enum { ESP_HEADER_MAX = 16 << 20 };
#define ESP_BUNDLE_FILE_MAX UINT32_MAX

extern const char *const esp__dtype_names[3]; /* by esp_dtype, as safetensors writes them */

/* Types that are in a file and not in a loaded bundle: esp__bundle_widen makes them ESP_F32. */
enum { ESP_F16 = ESP_OTHER + 1, ESP_BF16, ESP_F64 };
/* Moves the data of all blobs, which lie in storage in their order, into one piece of memory, each
 * at a multiple of 8 bytes, and numbers of other widths as ESP_F32. */
esp_status esp__bundle_widen(esp_bundle *b, const char *path, esp_error *err);

/* Whether the blob's name, rank and shape are ones a bundle can hold; fills bytes from the
 * shape. */
bool esp__blob_name_fits(const char *name);
bool esp__blob_measure(esp_blob *blob);
/* The SHA-256 of the blob's bytes. */
void esp__blob_sha256(const esp_blob *blob, char hex[65]);
/* Of all texts and their keys, in their order. */
void esp__texts_sha256(const esp_bundle *b, char hex[65]);

#endif
