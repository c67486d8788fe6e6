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

extern const char *const esp__dtype_names[2]; /* by esp_dtype, as safetensors writes them */

/* Whether the blob's name, rank and shape are ones a bundle can hold; fills bytes from the
 * shape. */
bool esp__blob_name_fits(const char *name);
bool esp__blob_measure(esp_blob *blob);
/* The SHA-256 of the blob's bytes. */
void esp__blob_sha256(const esp_blob *blob, char hex[65]);
/* Of all texts and their keys, in their order. */
void esp__texts_sha256(const esp_bundle *b, char hex[65]);

#endif
