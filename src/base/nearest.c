#include <espalier/option.h>

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 63 }; /* longer words have no misspellings */

static int min_of(int a, int b) {
  return a < b ? a : b;
}

/* Edits that turn a into b: the restricted distance, in which no part is edited twice. */
static int distance(const char *a, const char *b) {
  size_t rows = strlen(a), columns = strlen(b);
  if (rows > WORD_MAX || columns > WORD_MAX) return INT_MAX;
  int d[WORD_MAX + 1][WORD_MAX + 1];
  for (size_t i = 0; i <= rows; i++) {
    for (size_t j = 0; j <= columns; j++) {
      if (i == 0 || j == 0) {
        d[i][j] = (int)(i + j);
        continue;
      }
      int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
      d[i][j] = min_of(d[i - 1][j - 1] + (x != y), min_of(d[i - 1][j], d[i][j - 1]) + 1);
      if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
          y == tolower((unsigned char)a[i - 2]))
        d[i][j] = min_of(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[rows][columns];
}

/* Each edit changes the length by one at most, so lengths alone can say that it is not. */
static bool is_within(const char *a, const char *b, int limit) {
  const int longer = (int)strlen(a) - (int)strlen(b);
  return abs(longer) <= limit && distance(a, b) <= limit;
}

const char *esp_nearer(const char *word, const char *best, const char *name) {
  int length = (int)strnlen(word, WORD_MAX + 1);
  if (length == 0) return NULL;
  int limit = best ? distance(word, best) - 1 : length < 3 ? 1 : length / 3;
  return is_within(word, name, limit) ? name : best;
}

const char *esp_nearest(const char *word, const char *(*choice)(size_t i)) {
  const char *best = NULL, *name;
  for (size_t i = 0; (name = choice(i)) != NULL; i++) best = esp_nearer(word, best, name);
  return best;
}
