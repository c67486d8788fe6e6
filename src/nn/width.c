/* The same network, narrower or wider. */
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

static void write_text(FILE *out, const char *text, const void *width) {
  int length;
  for (const char *line; (line = esp__text_line(&text, &length));)
    write_line(out, line, *(const double *)width);
}

esp_status esp__width_apply(char **text, double width, esp_error *err) {
  return esp__text_replace(text, write_text, &width, err);
}
