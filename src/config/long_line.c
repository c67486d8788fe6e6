#include "config/long_line.h"

#include <ctype.h>
#include <stdio.h>

static size_t skip_blanks(const char *line, size_t length, size_t at) {
  while (at < length && isspace((unsigned char)line[at])) at++;
  return at;
}

size_t esp__long_line(const char *line, size_t length, char stub[ESP_INIH_LINE_MAX + 2]) {
  const size_t start = skip_blanks(line, length, 0);
  if (start > 0) {
    snprintf(stub, ESP_INIH_LINE_MAX + 2, " -\n");
    return start;
  }
  for (size_t i = 0; i < length && i + 4 < ESP_INIH_LINE_MAX; i++)
    if (line[i] == '=' || line[i] == ':') {
      snprintf(stub, ESP_INIH_LINE_MAX + 2, "%.*s=\n", (int)i, line);
      return skip_blanks(line, length, i + 1);
    }
  return 0;
}
