#include "data/corpus.h"

#include "base/utf8.h"

#include <espalier/file.h>

#include <stdlib.h>
#include <string.h>

static const size_t file_limit = (size_t)1 << 32;

void esp__corpus_free(esp_corpus *corpus) {
  if (!corpus) return;
  for (size_t i = 0; i < corpus->files; i++) free(corpus->file[i]);
  free(corpus->file);
  free(corpus);
}

/* Room for one file more. */
static esp_status make_room(esp_dataset *set, esp_error *err) {
  if (!set->corpus) set->corpus = calloc(1, sizeof *set->corpus);
  esp_corpus *c = set->corpus;
  if (!c) return esp_fail(err, ESP_ERR_MEMORY, "no memory for texts");
  if (c->files < c->room) return ESP_OK;
  const size_t room = c->room ? 2 * c->room : 64;
  char **file = realloc(c->file, room * sizeof *file);
  if (!file) return esp_fail(err, ESP_ERR_MEMORY, "no memory for texts");
  c->file = file;
  c->room = room;
  return ESP_OK;
}

esp_status esp__corpus_read(esp_dataset *set, const char *path, esp__lines *lines, esp_error *err) {
  static const char mark[] = "\xef\xbb\xbf";
  char *data;
  size_t bytes;
  ESP_TRY(make_room(set, err));
  ESP_TRY(esp_file_read(path, file_limit, &data, &bytes, err));
  set->corpus->file[set->corpus->files++] = data;
  const size_t first = bytes >= 3 && memcmp(data, mark, 3) == 0 ? 3 : 0;
  *lines = (esp__lines){.path = path, .at = data + first, .end = data + bytes};
  return ESP_OK;
}

esp_status esp__line_next(esp__lines *l, char **line, esp_error *err) {
  *line = NULL;
  if (l->at == l->end) return ESP_OK;
  const size_t left = (size_t)(l->end - l->at);
  char *end = memchr(l->at, '\n', left);
  if (!end) end = l->end; /* a NUL stands behind the file */
  l->number++;
  if (!esp__utf8_plain(l->at, (size_t)(end - l->at)))
    return esp_fail(err, ESP_ERR_INPUT, "%s:%zu: not plain UTF-8 text", l->path, l->number);
  *line = l->at;
  l->at = end == l->end ? end : end + 1;
  *end = '\0';
  return ESP_OK;
}

size_t esp__lines_left(const esp__lines *l) {
  size_t lines = l->at < l->end;
  for (const char *c = l->at; (c = memchr(c, '\n', (size_t)(l->end - c))); c++) lines++;
  return lines;
}
