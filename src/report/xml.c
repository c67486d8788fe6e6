#include "report/xml.h"

#include "base/utf8.h"

#include <stddef.h>
#include <string.h>

static const char replacement[] = "\xEF\xBF\xBD";

/* Bytes of the character that begins with this one; 1 for what begins none. */
static size_t length_of(unsigned char first) {
  return first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
}

/* U+FFFE and U+FFFF. */
static bool is_none(const char *character) {
  return strncmp(character, "\xEF\xBF\xBE", 3) == 0 || strncmp(character, "\xEF\xBF\xBF", 3) == 0;
}

static const char *escape_of(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return NULL;
  }
}

void esp__xml_print(FILE *out, const char *text) {
  while (*text) {
    const char *escape = escape_of(*text);
    const size_t length = length_of((unsigned char)*text);
    if (escape) {
      fputs(escape, out);
      text++;
    } else if (strnlen(text, length) == length && esp__utf8_plain(text, length) && !is_none(text)) {
      fwrite(text, 1, length, out);
      text += length;
    } else {
      fputs(replacement, out);
      text++;
    }
  }
}
