#include "sweep/names.h"

#include <espalier/file.h>

#include <ctype.h>
#include <string.h>

enum { VALUE_MAX = 40, MARK = 9 /* "~12345678" */, WHOLE_MAX = 8192 };

/* Puts '~' and the checksum of `whole` at text[at]. */
static void mark(char *text, size_t at, const char *whole) {
  char hex[65];
  esp_sha256 s;
  esp_sha256_start(&s);
  esp_sha256_add(&s, whole, strlen(whole));
  esp_sha256_end(&s, hex);
  snprintf(text + at, MARK + 1, "~%.8s", hex);
}

static void name_value(const char *value, char name[VALUE_MAX + 1]) {
  size_t used = 0;
  bool lossy = false;
  for (const char *c = value; *c; c++) {
    const bool good = isalnum((unsigned char)*c) || strchr(".-+", *c);
    const bool room = used < VALUE_MAX - MARK;
    lossy |= !room || (!good && *c != ' ');
    if (room) name[used++] = *c;
    if (room && !good) name[used - 1] = *c == ' ' ? '+' : '_';
    lossy |= *c == '+'; /* stands for a space */
  }
  name[used] = '\0';
  if (lossy) mark(name, used, value);
}

void esp__sweep_name(const char *prefix, const esp_axis *axis, int axes, const int *choice,
                     const bool *named, char name[ESP_RUN_NAME_MAX + 1]) {
  char whole[WHOLE_MAX], value[VALUE_MAX + 1];
  size_t used = (size_t)snprintf(whole, sizeof whole, "%s", prefix);
  for (int i = 0; i < axes && used < sizeof whole; i++) {
    if (named && !named[i]) continue;
    name_value(axis[i].value[choice[i]], value);
    used += (size_t)snprintf(whole + used, sizeof whole - used, "%s%s=%s", used ? "," : "",
                             axis[i].key, value);
  }
  snprintf(name, ESP_RUN_NAME_MAX + 1, "%.*s", ESP_RUN_NAME_MAX, whole);
  if (strlen(whole) > ESP_RUN_NAME_MAX) mark(name, ESP_RUN_NAME_MAX - MARK, whole);
}
