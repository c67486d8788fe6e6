/* Texts in memory, before they are tokens: files as they were read, their lines ended by NULs. */
#ifndef ESP_DATA_CORPUS_H
#define ESP_DATA_CORPUS_H

#include <espalier/data.h>

#include <stddef.h>

struct esp_corpus {
  char **file; /* [files] */
  size_t files, room;
};

/* The lines of a file, one after the other. */
typedef struct esp__lines {
  const char *path;
  char *at, *end;
  size_t number; /* of the last line that was read, from 1 */
} esp__lines;

/* Reads a file, which the set's corpus keeps, and begins its lines. A byte order mark is passed
 * over. */
esp_status esp__corpus_read(esp_dataset *set, const char *path, esp__lines *lines, esp_error *err);
/* The next line as a string of its own, NULL behind the last. Fails, with file and line, on what is
 * not plain UTF-8. */
esp_status esp__line_next(esp__lines *lines, char **line, esp_error *err);
/* The lines that are left, at most. */
size_t esp__lines_left(const esp__lines *lines);
void esp__corpus_free(esp_corpus *corpus);

/* Makes tokens of the texts, once it is known which are to train on: of `known`, or, where it is
 * NULL, of a vocabulary counted on those. Their length is that of `wanted` where it has one. */
esp_status esp__texts_encode(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                             const esp_vocabulary *known, esp_error *err);

#endif
