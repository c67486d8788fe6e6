#include "report/page.h"

#include "base/json.h"
#include "base/text.h"

#include <espalier/file.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const esp__asset *asset(const char *name, size_t length) {
  for (const esp__asset *a = esp__assets; a->name; a++)
    if (strlen(a->name) == length && strncmp(a->name, name, length) == 0) return a;
  return NULL;
}

/* JSON that cannot end the <script> it stands in, whatever the runs' names are: "<" only occurs in
 * its strings. */
static void write_json(const char *json, FILE *out) {
  for (; *json; json++)
    if (*json == '<')
      fputs("\\u003c", out);
    else
      fputc(*json, out);
}

/* page.html with each line "@name" replaced by the asset of that name, and "@data" by the
 * report. */
static void write_page(const char *json, FILE *out) {
  const esp__asset *page = asset("page.html", strlen("page.html"));
  const char *line = (const char *)page->data, *end = line + page->bytes;
  while (line < end) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    const size_t length = (size_t)((newline ? newline : end) - line);
    const esp__asset *a = *line == '@' ? asset(line + 1, length - 1) : NULL;
    if (a)
      fwrite(a->data, 1, a->bytes, out);
    else if (length == strlen("@data") && memcmp(line, "@data", length) == 0)
      write_json(json, out);
    else
      fwrite(line, 1, length, out);
    fputc('\n', out);
    line += length + 1;
  }
}

esp_status esp__page_write(const cJSON *report, const char *path, esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "the report", err));
  char *json = esp__json_print(report, false);
  if (json) write_page(json, t.out);
  const esp_status status = json ? esp__text_write(&t, path, err)
                                 : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the report");
  if (!json) esp__text_drop(&t);
  cJSON_free(json);
  return status;
}
