#include "data/tokens.h"

#include <string.h>

static bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_mark(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

size_t esp__text_tidy(char *text) {
  char *to = text;
  for (const char *c = text; *c; c++)
    if (!is_space(*c))
      *to++ = *c;
    else if (to > text && to[-1] != ' ')
      *to++ = ' ';
  if (to > text && to[-1] == ' ') to--;
  *to = '\0';
  return (size_t)(to - text);
}

static size_t character(const char *c) {
  size_t bytes = 1;
  while (((unsigned char)c[bytes] & 0xc0) == 0x80) bytes++;
  return bytes;
}

static size_t word(const char *c) {
  size_t bytes = 0;
  if (is_mark(*c)) return 1;
  while (c[bytes] && c[bytes] != ' ' && !is_mark(c[bytes])) bytes++;
  return bytes;
}

bool esp__token_next(esp__token_kind kind, const char **at, esp__token *token) {
  if (kind == ESP_TOKEN_WORDS) *at += **at == ' ';
  if (!**at) return false;
  *token = (esp__token){*at, kind == ESP_TOKEN_WORDS ? word(*at) : character(*at)};
  *at += token->bytes;
  return true;
}
