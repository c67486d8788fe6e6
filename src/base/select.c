#include "base/select.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A key that sorts ascending where scores sort descending; what is not a number comes last. */
static uint32_t key_of(float score) {
  uint32_t bits;
  if (score != score) return UINT32_MAX;
  score += 0.0f; /* one zero */
  memcpy(&bits, &score, sizeof bits);
  const uint32_t ascending = bits >> 31 ? ~bits : bits | 0x80000000u;
  return ~ascending;
}

/* ---- the best k ---- */

enum { DIGIT = 11, COUNTS = 1 << DIGIT, FEW = 64 };

/* The k-th smallest key (from 0), digit by digit from the highest: what has the digits found so far
 * is counted by its next one. *below: keys that are smaller. Needs no memory but the counts. */
static uint32_t smallest(const float *score, size_t n, size_t k, size_t *below) {
  static const int shifts[] = {32 - DIGIT, 32 - 2 * DIGIT, 0};
  uint32_t found = 0, known = 0;
  *below = 0;
  for (int pass = 0; pass < 3; pass++) {
    const int shift = shifts[pass];
    const uint32_t digit = pass < 2 ? COUNTS - 1 : (1u << (32 - 2 * DIGIT)) - 1;
    uint32_t count[COUNTS] = {0}, d = 0;
    for (size_t i = 0; i < n; i++) {
      const uint32_t key = key_of(score[i]);
      if ((key & known) == found) count[key >> shift & digit]++;
    }
    for (; *below + count[d] <= k; d++) *below += count[d];
    found |= d << shift;
    known |= digit << shift;
  }
  return found;
}

/* The same by comparing all with all. */
static void select_few(const float *score, size_t n, size_t k, uint8_t *keep) {
  uint32_t key[FEW];
  for (size_t i = 0; i < n; i++) key[i] = key_of(score[i]);
  for (size_t i = 0; i < n; i++) {
    size_t before = 0;
    for (size_t j = 0; j < n; j++) before += key[j] < key[i] || (key[j] == key[i] && j < i);
    keep[i] = before < k;
  }
}

void esp__select_top(const float *score, size_t n, size_t k, uint8_t *keep) {
  if (k == 0) {
    memset(keep, 0, n);
    return;
  }
  if (n <= FEW) {
    select_few(score, n, k, keep);
    return;
  }
  size_t below;
  const uint32_t last = smallest(score, n, k - 1, &below);
  for (size_t i = 0, ties = k - below; i < n; i++) {
    const uint32_t key = key_of(score[i]);
    const bool tie = key == last && ties > 0;
    keep[i] = key < last || tie;
    ties -= tie;
  }
}

/* ---- all in order ---- */

static int ascending(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* With the index behind the key all differ, and ties go by index. */
void esp__select_key(const float *score, size_t n, uint64_t *order) {
  for (size_t i = 0; i < n; i++) order[i] = (uint64_t)key_of(score[i]) << 32 | i;
  qsort(order, n, sizeof *order, ascending);
  for (size_t i = 0; i < n; i++) order[i] &= UINT32_MAX;
}
