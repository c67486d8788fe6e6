#include "base/pattern.h"

#include <string.h>

bool esp_pattern_matches(const char *pattern, size_t length, const char *name) {
  const char *end = pattern + length, *star = NULL, *retry = NULL;
  while (*name) {
    if (pattern < end && *pattern == '*') {
      star = pattern++;
      retry = name;
    } else if (pattern < end && *pattern == *name) {
      pattern++;
      name++;
    } else if (star) { /* let the last star swallow one character more */
      pattern = star + 1;
      name = ++retry;
    } else {
      return false;
    }
  }
  while (pattern < end && *pattern == '*') pattern++;
  return pattern == end;
}

bool esp_pattern_any(const char *patterns, const char *name) {
  for (const char *p = patterns; *p;) {
    const size_t length = strcspn(p, " ");
    if (length > 0 && esp_pattern_matches(p, length, name)) return true;
    p += length + strspn(p + length, " ");
  }
  return false;
}
