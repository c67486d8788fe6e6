#include "base/text.h"

#include "base/text_stream.h"

#include <espalier/file.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static esp_status no_memory(const esp__text *t, esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for %s", t->what);
}

esp_status esp__text_begin(esp__text *t, const char *what, esp_error *err) {
  *t = (esp__text){.what = what};
  t->out = esp__text_stream(&t->data, &t->bytes);
  return t->out ? ESP_OK : no_memory(t, err);
}

esp_status esp__text_end(esp__text *t, esp_error *err) {
  const bool whole = fclose(t->out) == 0;
  t->out = NULL;
  return whole ? ESP_OK : no_memory(t, err);
}

esp_status esp__text_write(esp__text *t, const char *path, esp_error *err) {
  ESP_TRY(esp__text_end(t, err));
  const esp_status status = esp_file_write(path, t->data, t->bytes, err);
  esp__text_drop(t);
  return status;
}

void esp__text_drop(esp__text *t) {
  if (t->out) fclose(t->out);
  free(t->data);
  t->out = NULL;
  t->data = NULL;
}

void esp__print_columns(FILE *out, const char *const *name) {
  for (int i = 0; name[i]; i++) fprintf(out, "%s%s", i ? "," : "", name[i]);
}

void esp__print_csv_cell(FILE *out, const char *text) {
  if (!strpbrk(text, ",\"\n")) {
    fputs(text, out);
    return;
  }
  fputc('"', out);
  for (const char *c = text; *c; c++) fprintf(out, *c == '"' ? "\"\"" : "%c", *c);
  fputc('"', out);
}

void esp__print_line(FILE *out, const char *text, int width) {
  int used = 0;
  for (const char *c = text; *c && (width == 0 || used < width); c++, used++)
    fputc(*c == '\n' ? ';' : *c, out);
  fprintf(out, "%*s", used < width ? width - used : 0, "");
}
