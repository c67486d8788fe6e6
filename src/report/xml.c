#include "report/xml.h"

#include "base/utf8.h"

#include <string.h>

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

size_t esp__xml_character(const char *text) {
  const size_t length = length_of((unsigned char)*text);
  const bool whole = strnlen(text, length) == length && esp__utf8_plain(text, length);
  return whole && !is_none(text) ? length : 0;
}

void esp__xml_print(FILE *out, const char *text) {
  while (*text) {
    const char *escape = escape_of(*text);
    const size_t length = esp__xml_character(text);
    if (escape)
      fputs(escape, out);
    else if (length > 0)
      fwrite(text, 1, length, out);
    else
      fputs(ESP_XML_REPLACEMENT, out);
    text += length > 0 ? length : 1;
  }
}
