#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS = 80 };

int esp__terminal_columns(FILE *out) {
  const char *given = getenv("COLUMNS");
  struct winsize size = {0};
  int columns = given ? atoi(given) : 0;
  if (columns <= 0 && ioctl(fileno(out), TIOCGWINSZ, &size) == 0) columns = size.ws_col;
  return columns > 0 ? columns : COLUMNS;
}

esp__status_line esp__status_line_on(FILE *out) {
  const char *term = getenv("TERM");
  return (esp__status_line){
      .out = out, .terminal = out && isatty(fileno(out)) && !(term && strcmp(term, "dumb") == 0)};
}

/* Bytes of the first so many characters of UTF-8 text. */
static int bytes_of(const char *text, int characters) {
  int i = 0;
  for (; text[i]; i++)
    if (((unsigned char)text[i] & 0xc0) != 0x80 && characters-- == 0) break;
  return i;
}

void esp__status_line_show(esp__status_line *s, const char *text) {
  if (!s->out) return;
  esp__status_line_clear(s);
  if (s->terminal)
    fprintf(s->out, "%.*s", bytes_of(text, esp__terminal_columns(s->out) - 1), text);
  else
    fprintf(s->out, "%s\n", text);
  s->open = s->terminal;
  fflush(s->out);
}

void esp__status_line_clear(esp__status_line *s) {
  if (s->open) fputs("\r\033[K", s->out);
  s->open = false;
}
