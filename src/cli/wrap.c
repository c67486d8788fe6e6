#include "cli/wrap.h"

#include "base/terminal.h"

#include <stdbool.h>
#include <string.h>

enum { WIDTH_MIN = 40, WIDTH_MAX = 100, DEEPER = 4, BRACKETS_MAX = 32 };

int esp__terminal_width(void) {
  const int width = esp__terminal_columns(stdout);
  return width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width;
}

/* Characters of UTF-8 text. */
static int count_characters(const char *text, size_t bytes) {
  int n = 0;
  for (size_t i = 0; i < bytes; i++) n += ((unsigned char)text[i] & 0xc0) != 0x80;
  return n;
}

/* Bytes before the last column of a line: behind its last two spaces in a row. */
static size_t last_column(const char *line, size_t length) {
  const size_t first = strspn(line, " ");
  for (size_t i = length; i > first + 2; i--)
    if (line[i - 1] != ' ' && line[i - 2] == ' ' && line[i - 3] == ' ') return i - 1;
  return first + (strncmp(line + first, "- ", 2) == 0 ? 2 : 0);
}

/* Bytes of the word that a text begins with; "[--jobs N]" is one. */
static size_t word_length(const char *text, size_t length) {
  size_t bytes = *text == '[' ? strcspn(text, "]\n") : BRACKETS_MAX;
  if (bytes >= BRACKETS_MAX) bytes = 0;
  bytes += strcspn(text + bytes, " \n");
  return bytes < length ? bytes : length;
}

static void print_words(const char *text, size_t length, int column, int indent, int width,
                        FILE *out) {
  bool begun = false;
  for (size_t at = 0; at < length;) {
    const size_t bytes = word_length(text + at, length - at);
    const int characters = count_characters(text + at, bytes);
    if (begun && column + 1 + characters > width) {
      fprintf(out, "\n%*s", indent, "");
      column = indent;
      begun = false;
    }
    fprintf(out, "%s%.*s", begun ? " " : "", (int)bytes, text + at);
    column += characters + begun;
    begun = true;
    at += bytes;
    while (at < length && text[at] == ' ') at++;
  }
}

static void print_line(const char *line, size_t length, int width, FILE *out) {
  const size_t first = strspn(line, " ");
  size_t head = last_column(line, length);
  int indent = count_characters(line, head);
  if (count_characters(line, length) <= width) {
    fprintf(out, "%.*s\n", (int)length, line);
    return;
  }
  if (2 * indent > width) {
    indent = (int)first + DEEPER;
    size_t before = head;
    while (before > first && line[before - 1] == ' ') before--;
    fprintf(out, "%.*s\n%*s", (int)before, line, indent, "");
  } else {
    fprintf(out, "%.*s", (int)head, line);
  }
  print_words(line + head, length - head, indent, indent, width, out);
  fputc('\n', out);
}

void esp__print_wrapped(const char *text, int width, FILE *out) {
  while (*text) {
    const size_t length = strcspn(text, "\n");
    print_line(text, length, width, out);
    text += length + (text[length] == '\n');
  }
}
