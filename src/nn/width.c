/* The same network, narrower or wider. */
#include "base/text_stream.h"
#include "nn/arch.h"
#include "nn/layers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where the line says how many channels it makes, or NULL: `classes` is no such number. */
static const char *channels_in(const char *line) {
  const size_t indent = strspn(line, " \t"), word = strcspn(line + indent, " \t\n");
  const esp__layer_kind *kind = esp__layer_kind_find(line + indent, word);
  if (!kind || strncmp(kind->arguments, "CHANNELS", 8) != 0) return NULL;
  const char *number = line + indent + word + strspn(line + indent + word, " \t");
  return *number >= '0' && *number <= '9' ? number : NULL;
}

static void write_line(FILE *out, const char *line, double width) {
  const int length = (int)strcspn(line, "\n");
  const char *number = channels_in(line);
  if (!number) {
    fprintf(out, "%.*s\n", length, line);
    return;
  }
  char *rest;
  const double wanted = nearbyint((double)strtoul(number, &rest, 10) * width);
  fprintf(out, "%.*s%.0f%.*s\n", (int)(number - line), line, fmax(wanted, 1.0),
          length - (int)(rest - line), rest);
}

esp_status esp__width_apply(char **text, double width, esp_error *err) {
  size_t size;
  char *scaled = NULL;
  FILE *out = esp__text_stream(&scaled, &size);
  if (!out) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the text of the network");
  for (const char *line = *text; *line;) {
    const size_t length = strcspn(line, "\n");
    write_line(out, line, width);
    line += length + (line[length] == '\n');
  }
  if (fclose(out) != 0) {
    free(scaled);
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the text of the network");
  }
  free(*text);
  *text = scaled;
  return ESP_OK;
}
