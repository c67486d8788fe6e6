/* Texts of networks that are written anew. */
#include "base/text_stream.h"
#include "nn/arch.h"

#include <stdlib.h>
#include <string.h>

static esp_status no_memory(esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the text of the network");
}

esp_status esp__text_replace(char **text, esp__text_writer *write, const void *with,
                             esp_error *err) {
  size_t size;
  char *changed = NULL;
  FILE *out = esp__text_stream(&changed, &size);
  if (!out) return no_memory(err);
  write(out, *text, with);
  if (fclose(out) != 0) {
    free(changed);
    return no_memory(err);
  }
  free(*text);
  *text = changed;
  return ESP_OK;
}

const char *esp__text_line(const char **text, int *length) {
  const char *line = *text;
  if (!*line) return NULL;
  *length = (int)strcspn(line, "\n");
  *text += *length + (line[*length] == '\n');
  return line;
}
