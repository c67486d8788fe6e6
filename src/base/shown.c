#include "base/shown.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the character at `p`, which ends with a NUL somewhere; 0: it is none. */
static size_t character(const char *p) {
  for (size_t bytes = 1; bytes <= 4 && (bytes == 1 || p[bytes - 1]); bytes++)
    if (esp__utf8_whole(p, bytes)) return bytes;
  return 0;
}

/* Controls of C0 and C1, and those that embed, override or isolate a direction. */
static bool is_order(const char *p, size_t bytes) {
  const unsigned char a = (unsigned char)p[0], b = bytes > 1 ? (unsigned char)p[1] : 0,
                      c = bytes > 2 ? (unsigned char)p[2] : 0;
  if (bytes == 1) return a < ' ' || a == 0x7f;
  if (bytes == 2) return a == 0xc2 && b < 0xa0;
  if (bytes != 3 || a != 0xe2) return false;
  return (b == 0x80 && (c == 0x8e || c == 0x8f || (c >= 0xa8 && c <= 0xae))) ||
         (b == 0x81 && c >= 0xa6 && c <= 0xa9);
}

void esp__escape(const char *text, const char *keep, char *to, size_t bytes) {
  size_t used = 0;
  while (*text) {
    const size_t length = character(text), step = length ? length : 1;
    const bool plain = length && (strchr(keep, *text) || !is_order(text, length));
    const size_t needed = plain ? step : 4 * step;
    if (used + needed >= bytes) break;
    for (size_t i = 0; i < step; i++)
      used += (size_t)(plain ? snprintf(to + used, 2, "%c", text[i])
                             : snprintf(to + used, 5, "\\x%02x", (unsigned char)text[i]));
    text += step;
  }
  to[used] = '\0';
}

static bool is_plain(const char *text) {
  for (size_t length; *text; text += length)
    if (!(length = character(text)) || is_order(text, length)) return false;
  return true;
}

const char *esp__shown(const char *text, char room[ESP_SHOWN_MAX]) {
  if (is_plain(text)) return text;
  esp__escape(text, "", room, ESP_SHOWN_MAX);
  return room;
}
