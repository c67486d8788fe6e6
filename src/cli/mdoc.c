#include "cli/mdoc.h"

#include <espalier/version.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>

/* When the pages' own text was last changed. */
static const char dated[] = "November 28, 2026";

void esp__mdoc_escaped(const char *text, size_t length) {
  if (length > 0 && (*text == '.' || *text == '\'')) fputs("\\&", stdout);
  for (size_t i = 0; i < length; i++)
    if (text[i] == '\\')
      fputs("\\e", stdout);
    else
      putchar(text[i]);
}

/* Whether a sentence ends before `next`, the characters behind a full stop. */
static bool ends_sentence(const char *next) {
  return next[0] == ' ' && isupper((unsigned char)next[1]);
}

void esp__mdoc_paragraph(const char *text, size_t length) {
  size_t from = 0;
  for (size_t i = 0; i < length; i++) {
    if (text[i] != '.' || i + 2 >= length || !ends_sentence(text + i + 1)) continue;
    esp__mdoc_escaped(text + from, i + 1 - from);
    putchar('\n');
    from = i + 2;
  }
  esp__mdoc_escaped(text + from, length - from);
  putchar('\n');
}

void esp__mdoc_heading(const char *name, int section, const char *summary) {
  char title[64];
  size_t i = 0;
  for (; name[i] && i < sizeof title - 1; i++) title[i] = (char)toupper((unsigned char)name[i]);
  title[i] = '\0';
  printf(".Dd %s\n.Dt %s %d\n.Os \"Espalier %s\"\n.Sh NAME\n.Nm %s\n.Nd %s\n", dated, title,
         section, ESP_VERSION, name, summary);
}
