#include "base/pattern.h"

#include <string.h>

bool esp__pattern_matches(const char *pattern, size_t length, const char *name) {
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

bool esp__pattern_any(const char *patterns, const char *name) {
  for (const char *p = patterns; *p;) {
    const size_t length = strcspn(p, " ");
    if (length > 0 && esp__pattern_matches(p, length, name)) return true;
    p += length + strspn(p + length, " ");
  }
  return false;
}

bool esp__pattern_next(esp__pattern_line *l) {
  do {
    l->text += l->length + (l->text[l->length] == '\n' && l->number > 0);
    l->length = strcspn(l->text, "\n");
    l->number++;
  } while (l->length == 0 && *l->text);
  l->pattern = strcspn(l->text, " \t\n");
  l->word = l->text + l->pattern + strspn(l->text + l->pattern, " \t");
  l->word_length = (size_t)(l->text + l->length - l->word);
  return l->length > 0;
}
