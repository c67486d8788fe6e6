/* Files that are whole or not there, and tensors in them.
 *
 * Tensors are stored as safetensors (8-byte header length, JSON header, raw little-endian data), so
 * other tools can open them. The format has no checksum: the SHA-256 of each tensor's bytes stands
 * in the header's __metadata__ under "sha256.<tensor name>", that of all texts under "sha256"; both
 * are verified on loading. */
#ifndef ESP_FILE_H
#define ESP_FILE_H

#include <espalier/linkage.h>
#include <espalier/status.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

ESP_BEGIN_DECLS

/* SHA-256 (FIPS 180-4). */
typedef struct esp_sha256 {
  uint32_t state[8];
  uint64_t length; /* bytes so far */
  uint8_t block[64];
} esp_sha256;
void esp_sha256_start(esp_sha256 *s);
void esp_sha256_add(esp_sha256 *s, const void *data, size_t bytes);
void esp_sha256_end(esp_sha256 *s, char hex[65]);

/* Writes a file piece by piece, to a temporary one beside it: `path`.espalier.tmp, or
 * `path`.N.espalier.tmp where that name is taken. Commit makes it appear under its name, whole:
 * fsync, rename, fsync of the directory. When begin, append or commit fails, the temporary file is
 * removed and nothing is left to clean up; what `path` held before is untouched, unless it was only
 * closing the file or syncing the directory that failed. Of several that write one file at once,
 * the last to commit stays, whole. Temporary files left by a process that was killed are removed by
 * the next writer of the same file. */
typedef struct esp_file_writer {
  int file;
  char *path, *temporary;
} esp_file_writer;
esp_status esp_file_begin(esp_file_writer *w, const char *path, esp_error *err);
esp_status esp_file_append(esp_file_writer *w, const void *data, size_t bytes, esp_error *err);
esp_status esp_file_commit(esp_file_writer *w, esp_error *err);
void esp_file_abandon(esp_file_writer *w);

/* The same in one call. */
esp_status esp_file_write(const char *path, const void *data, size_t bytes, esp_error *err);
/* As esp_file_write, but a crash of the machine may lose it: for what is written often and matters
 * only now. */
esp_status esp_file_show(const char *path, const void *data, size_t bytes, esp_error *err);
/* Reads a whole regular file of at most `limit` bytes into newly allocated memory with a NUL behind
 * it. */
esp_status esp_file_read(const char *path, size_t limit, char **data, size_t *bytes,
                         esp_error *err);
/* mkdir -p */
esp_status esp_directory_make(const char *path, esp_error *err);

/* Files of others hold more: F16, BF16 and F64 become F32 as they are loaded; of other types, and
 * of tensors with more than four dimensions, only name and bytes are there, as ESP_OTHER. */
typedef enum esp_dtype { ESP_F32, ESP_U8, ESP_OTHER } esp_dtype;
enum { ESP_BLOBS_MAX = 100000 }; /* in a bundle */
typedef struct esp_blob {
  char name[128];
  esp_dtype dtype;
  int rank;
  int64_t shape[4];
  void *data; /* added: borrowed; loaded: in the bundle's storage, aligned to 8 bytes */
  size_t bytes;
} esp_blob;

/* Tensors and text in memory. Begins as {0}. */
typedef struct esp_bundle {
  esp_blob *blob;
  int blobs, blobs_capacity;
  char **key, **text; /* metadata, without the checksums */
  int texts, texts_capacity;
  char *storage; /* what loaded blobs point into */
} esp_bundle;

esp_status esp_bundle_add(esp_bundle *b, const char *name, esp_dtype dtype, int rank,
                          const int64_t *shape, const void *data,
                          esp_error *err); /* borrows data */
/* Copies. Keys that begin with "sha256." are the checksums' and refused. */
esp_status esp_bundle_add_text(esp_bundle *b, const char *key, const char *text, esp_error *err);
/* By name, NULL when there is none. */
const esp_blob *esp_bundle_find(const esp_bundle *b, const char *name);
const char *esp_bundle_text(const esp_bundle *b, const char *key);

/* Writes all tensors and texts as one safetensors file, atomically. */
esp_status esp_bundle_save(const esp_bundle *b, const char *path, esp_error *err);
/* Loads and verifies: header size, JSON, shapes against byte ranges (no overlap, no gap, none
 * beyond the file), checksums where there are any (files of other tools have none). Nothing in the
 * file is trusted. Tensors come in the order of their data. On failure *b needs no freeing. */
esp_status esp_bundle_load(esp_bundle *b, const char *path, esp_error *err);
void esp_bundle_free(esp_bundle *b);

ESP_END_DECLS

#endif
