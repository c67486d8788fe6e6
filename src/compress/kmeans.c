#include "compress/kmeans.h"

#include <stdbool.h>
#include <stdlib.h>

enum { PASSES_MAX = 300 };

static int ascending(const void *a, const void *b) {
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void begin(const float *number, size_t n, esp__kmeans_start start, esp_key key,
                  float *centre, int k) {
  const double low = (double)number[0], range = (double)number[n - 1] - low;
  for (int c = 0; c < k; c++) {
    if (start == ESP_KMEANS_LINEAR)
      centre[c] = (float)(low + range * (k > 1 ? (double)c / (double)(k - 1) : 0.5));
    else if (start == ESP_KMEANS_DENSITY)
      centre[c] = number[(2 * (size_t)c + 1) * n / (2 * (size_t)k)];
    else
      centre[c] = number[esp_random_below(key, (uint64_t)c, (uint32_t)n)];
  }
  qsort(centre, (size_t)k, sizeof *centre, ascending);
}

/* How many of the sorted numbers are nearer to the lower of two centres, or as near. */
static size_t boundary(const float *number, size_t n, float lower, float upper) {
  const double middle = 0.5 * ((double)lower + (double)upper);
  size_t from = 0, to = n;
  while (from < to) {
    const size_t at = from + (to - from) / 2;
    if ((double)number[at] <= middle)
      from = at + 1;
    else
      to = at;
  }
  return from;
}

/* Moves each centre to the mean of its numbers; whether any has moved. sum[i]: of the first i. */
static bool move(const float *number, const double *sum, size_t n, float *centre, int k) {
  bool moved = false;
  size_t from = 0;
  for (int c = 0; c < k; c++) {
    const size_t to = c + 1 < k ? boundary(number, n, centre[c], centre[c + 1]) : n;
    if (to > from) {
      const float mean = (float)((sum[to] - sum[from]) / (double)(to - from));
      moved |= mean != centre[c];
      centre[c] = mean;
      from = to;
    }
  }
  return moved;
}

esp_status esp__kmeans(float *number, size_t n, esp__kmeans_start start, esp_key key, float *centre,
                       int k, esp_error *err) {
  double *sum = malloc((n + 1) * sizeof *sum);
  if (!sum) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for k-means");
  qsort(number, n, sizeof *number, ascending);
  sum[0] = 0.0;
  for (size_t i = 0; i < n; i++) sum[i + 1] = sum[i] + (double)number[i];
  begin(number, n, start, key, centre, k);
  for (int pass = 0; pass < PASSES_MAX; pass++)
    if (!move(number, sum, n, centre, k)) break;
  free(sum);
  return ESP_OK;
}

int esp__kmeans_nearest(const float *centre, int k, float number) {
  int best = 0;
  for (int c = 1; c < k; c++) {
    const double middle = 0.5 * ((double)centre[c - 1] + (double)centre[c]);
    if ((double)number > middle) best = c;
  }
  return best;
}
