/* Several tasks: the same network with a head for each. */
#include "nn/arch.h"
#include "nn/layers.h"

#include <string.h>

/* The last line of the text, less the line break. */
static const char *last_line(const char *text, int *length) {
  const char *end = text + strlen(text);
  while (end > text && end[-1] == '\n') end--;
  const char *line = end;
  while (line > text && line[-1] != '\n') line--;
  *length = (int)(end - line);
  return line;
}

/* What follows `linear classes` in the line, or NULL if it is another. */
static const char *behind_classes(const char *line, int length) {
  static const char wanted[] = "linear classes";
  const size_t bytes = sizeof wanted - 1;
  return (size_t)length >= bytes && memcmp(line, wanted, bytes) == 0 ? line + bytes : NULL;
}

/* The text with a head for each task in the place of its last line. */
static void write_heads(FILE *out, const char *text, const void *with) {
  const esp_tasks *tasks = with;
  int length;
  const char *line = last_line(text, &length), *rest = behind_classes(line, length);
  fwrite(text, 1, (size_t)(line - text), out);
  for (int i = 0; i < tasks->count; i++)
    fprintf(out, "%s\n  group %s\n    linear %d%.*s\n  end\n", i ? "branch" : "concat heads",
            tasks->item[i].name, tasks->item[i].answers, (int)(line + length - rest), rest);
  fputs("end\n", out);
}

esp_status esp__heads_write(char **text, const esp_tasks *tasks, esp_error *err) {
  int length;
  const char *line = last_line(*text, &length);
  if (!behind_classes(line, length)) /* has its heads already, or is refused for its outputs */
    return ESP_OK;
  return esp__text_replace(text, write_heads, tasks, err);
}
