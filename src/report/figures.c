/* A report's tables as CSV files, and its charts as SVG, drawn by gnuplot from those. */
#include "base/reason.h"
#include "base/text.h"
#include "report/gnuplot.h"
#include "report/page.h"
#include "report/xml.h"
#include "rundir/free.h"

#include <espalier/file.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

/* ---- CSV (RFC 4180, but a row is a line: many programs take it so) ---- */

static void print_text(const char *text, FILE *f) {
  const bool quoted = text[strcspn(text, ",\"\n\r")] != '\0';
  if (quoted) fputc('"', f);
  for (; *text; text++) {
    if (*text == '"') fputc('"', f);
    fputc(*text == '\n' || *text == '\r' ? ' ' : *text, f);
  }
  if (quoted) fputc('"', f);
}

static void print_csv(const cJSON *table, FILE *f) {
  const cJSON *column, *row, *cell;
  const char *between = "";
  cJSON_ArrayForEach(column, cJSON_GetObjectItem(table, "columns")) {
    fputs(between, f);
    print_text(esp__json_text(column, "name"), f);
    between = ",";
  }
  fputc('\n', f);
  cJSON_ArrayForEach(row, cJSON_GetObjectItem(table, "rows")) {
    between = "";
    cJSON_ArrayForEach(cell, row) {
      fputs(between, f);
      if (cJSON_IsString(cell)) print_text(cell->valuestring, f);
      if (cJSON_IsNumber(cell)) fprintf(f, "%.10g", cell->valuedouble);
      between = ",";
    }
    fputc('\n', f);
  }
}

/* Starts gnuplot with one argument, in `dir` (NULL = here), silent. Returns 0, or why not as errno
 * has it. */
static int start_gnuplot(const char *argument, const char *dir, pid_t *child) {
  posix_spawn_file_actions_t actions;
  char *const arguments[] = {(char[]){"gnuplot"}, (char *)argument, NULL};
  int reason = posix_spawn_file_actions_init(&actions);
  if (reason != 0) return reason;
  reason = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  if (reason == 0) reason = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  if (reason == 0 && dir) reason = posix_spawn_file_actions_addchdir_np(&actions, dir);
  if (reason == 0) reason = posix_spawnp(child, "gnuplot", &actions, NULL, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  return reason;
}

/* Runs it to its end; *good: whether it succeeded. `what` starts the message when it cannot be
 * started. */
static esp_status run_gnuplot(const char *argument, const char *dir, const char *what, bool *good,
                              esp_error *err) {
  pid_t child, ended;
  int state = -1;
  const int reason = start_gnuplot(argument, dir, &child);
  if (reason == ENOENT)
    return esp_fail(err, ESP_ERR_INPUT, "%s: there is no gnuplot to draw them; install gnuplot-nox",
                    what);
  if (reason != 0)
    return esp_fail(err, esp__status_of(reason), "%s: gnuplot cannot be started: %s", what,
                    strerror(reason));
  do ended = waitpid(child, &state, 0);
  while (ended < 0 && errno == EINTR);
  *good = ended == child && WIFEXITED(state) && WEXITSTATUS(state) == 0;
  return ESP_OK;
}

esp_status esp__figures_check(const char *dir, esp_error *err) {
  bool good;
  ESP_TRY(esp__directory_check(dir, (const char *[]){"results.csv", NULL}, "a report", err));
  ESP_TRY(run_gnuplot("--version", NULL, "--figures", &good, err));
  return good ? ESP_OK : esp_fail(err, ESP_ERR_INPUT, "--figures: gnuplot --version fails");
}

/* ---- files ---- */

static esp_status write_with(const cJSON *report, const cJSON *item, const char *path,
                             void (*print)(const cJSON *report, const cJSON *item, FILE *f),
                             esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "the figures", err));
  print(report, item, t.out);
  return esp__text_write(&t, path, err);
}

static void print_table(const cJSON *report, const cJSON *table, FILE *f) {
  (void)report;
  print_csv(table, f);
}

static void print_drawing(const cJSON *report, const cJSON *drawing, FILE *f) {
  (void)report;
  fputs(esp__json_text(drawing, "svg"), f);
}

static const char *name_in(char path[4096], const char *dir, const cJSON *item,
                           const char *ending) {
  snprintf(path, 4096, "%s/%s%s", dir, esp__json_text(item, "id"), ending);
  return path;
}

/* ---- what gnuplot has drawn ---- */

enum { DRAWING_MAX = 64 << 20 };

/* Texts of tables stand in it as they are, but for & and <: what XML cannot hold is replaced, and
 * what would end a section that has not begun. */
static void print_mended(const char *svg, FILE *out) {
  static const char begin[] = "<![CDATA[", end[] = "]]>";
  const char *closing = NULL; /* the end of the section at work */
  while (*svg) {
    if (strncmp(svg, begin, strlen(begin)) == 0) closing = strstr(svg, end);
    const bool stray = svg != closing && strncmp(svg, end, strlen(end)) == 0;
    const size_t length = stray ? strlen(end) : esp__xml_character(svg);
    if (stray)
      fputs("]]&gt;", out);
    else if (length > 0)
      fwrite(svg, 1, length, out);
    else
      fputs(ESP_XML_REPLACEMENT, out);
    svg += length > 0 ? length : 1;
  }
}

static esp_status mend(const char *path, esp_error *err) {
  char *svg;
  size_t bytes;
  esp__text t;
  ESP_TRY(esp_file_read(path, DRAWING_MAX, &svg, &bytes, err));
  esp_status status = esp__text_begin(&t, "the figures", err);
  if (status == ESP_OK) {
    print_mended(svg, t.out);
    status = esp__text_write(&t, path, err);
  }
  free(svg);
  return status;
}

static esp_status draw(const cJSON *report, const cJSON *chart, const char *dir, esp_error *err) {
  char path[4096], script[64];
  ESP_TRY(write_with(report, chart, name_in(path, dir, chart, ".gp"), esp__gnuplot_script, err));
  snprintf(script, sizeof script, "%s.gp", esp__json_text(chart, "id"));
  bool good;
  ESP_TRY(run_gnuplot(script, dir, path, &good, err));
  if (!good) return esp_fail(err, ESP_ERR_IO, "%s: gnuplot cannot draw it", path);
  return mend(name_in(path, dir, chart, ".svg"), err);
}

esp_status esp__figures_write(const cJSON *report, const char *dir, esp_error *err) {
  char path[4096];
  const cJSON *item;
  if (strlen(dir) > 3900) return esp_fail(err, ESP_ERR_INPUT, "--figures: the path is too long");
  ESP_TRY(esp_directory_make(dir, err));
  cJSON_ArrayForEach(item, cJSON_GetObjectItem(report, "sheets"))
      ESP_TRY(write_with(report, item, name_in(path, dir, item, ".csv"), print_table, err));
  cJSON_ArrayForEach(item, cJSON_GetObjectItem(report, "charts"))
      ESP_TRY(draw(report, item, dir, err));
  cJSON_ArrayForEach(item, cJSON_GetObjectItem(report, "drawings"))
      ESP_TRY(write_with(report, item, name_in(path, dir, item, ".svg"), print_drawing, err));
  return ESP_OK;
}
