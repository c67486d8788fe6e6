#include "prune/select.h"

#include <stdlib.h>
#include <string.h>

/* A key that sorts ascending where scores sort descending, with the index behind it, so that all keys differ.
 */
static uint64_t key_of(float score, size_t index) {
  uint32_t bits;
  if (score != score) return UINT64_C(0xffffffff) << 32 | index;
  score += 0.0f; /* one zero */
  memcpy(&bits, &score, sizeof bits);
  uint32_t ascending = bits >> 31 ? ~bits : bits | 0x80000000u;
  return (uint64_t)(uint32_t)~ascending << 32 | index;
}

static void swap(uint64_t *a, uint64_t *b) {
  uint64_t t = *a;
  *a = *b;
  *b = t;
}

static uint64_t median(uint64_t a, uint64_t b, uint64_t c) {
  if (a > b) swap(&a, &b);
  return c < a ? a : c > b ? b : c;
}

/* Quickselect: the k-th smallest (from 0) of keys that all differ. */
static uint64_t smallest(uint64_t *key, size_t n, size_t k) {
  size_t low = 0, high = n - 1;
  while (low < high) {
    const uint64_t pivot = median(key[low], key[low + (high - low) / 2], key[high]);
    size_t i = low, j = high;
    for (;;) {
      while (key[i] < pivot) i++;
      while (key[j] > pivot) j--;
      if (i >= j) break;
      swap(&key[i++], &key[j--]);
    }
    if (k <= j)
      high = j;
    else
      low = j + 1;
  }
  return key[k];
}

void esp_select_top(const float *score, size_t n, size_t k, uint8_t *keep, uint64_t *scratch) {
  memset(keep, 0, n);
  if (k == 0) return;
  for (size_t i = 0; i < n; i++) scratch[i] = key_of(score[i], i);
  const uint64_t last = smallest(scratch, n, k - 1);
  for (size_t i = 0; i < n; i++) keep[i] = key_of(score[i], i) <= last;
}

static int ascending(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

void esp_rank(const float *score, size_t n, uint64_t *order) {
  for (size_t i = 0; i < n; i++) order[i] = key_of(score[i], i);
  qsort(order, n, sizeof *order, ascending);
  for (size_t i = 0; i < n; i++) order[i] &= UINT32_MAX;
}
