/* Packed files: all that prediction needs, as small as it gets.
 *
 * A packed file holds what a bundle of weights holds, texts and tensors of 32-bit floating point,
 * and gives back the same bits. Which weights exist, and the numbers in the tables of tensors that
 * have few different values, are entropy-coded; so a network pruned to 90 % takes a tenth of its
 * dense file, and one whose weights are shared less than a twentieth. docs/formats.md describes the
 * format, so that others can read it. */
#ifndef ESP_PACK_H
#define ESP_PACK_H

#include <espalier/file.h>
#include <espalier/linkage.h>
#include <espalier/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ESP_BEGIN_DECLS

/* The bundle as a packed file in memory: *data, [*bytes], newly allocated. Errors: a tensor that is
 * not of F32; no memory. */
esp_status esp_pack_encode(const esp_bundle *b, uint8_t **data, size_t *bytes, esp_error *err);
/* Reads a packed file in memory; `name` starts the messages. Nothing in it is trusted: a wrong
 * checksum, length, shape or number is refused, and it gets no more memory than its size can
 * account for. On failure *b needs no freeing. */
esp_status esp_pack_decode(esp_bundle *b, const char *name, const uint8_t *data, size_t bytes,
                           esp_error *err);

/* Whether the file begins as a packed one does; false where it cannot be read. */
bool esp_is_packed(const char *path);
/* Writes `path` whole or not at all; *bytes (may be NULL) becomes its size. */
esp_status esp_pack_save(const esp_bundle *b, const char *path, size_t *bytes, esp_error *err);
/* Loads a file of weights of either kind: packed, or safetensors (esp_bundle_load). On failure *b
 * needs no freeing. */
esp_status esp_weights_bundle_load(esp_bundle *b, const char *path, esp_error *err);

ESP_END_DECLS

#endif
