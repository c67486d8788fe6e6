/* k-means of numbers. */
#ifndef ESP_COMPRESS_KMEANS_H
#define ESP_COMPRESS_KMEANS_H

#include <espalier/random.h>
#include <espalier/status.h>

#include <stddef.h>

enum { ESP_CENTRES_MAX = 256 };

/* Where the centres begin: evenly between the smallest and the largest number; evenly by the
 * number of numbers; at random ones of them (Han et al. 2016, section 3.2). */
typedef enum esp__kmeans_start {
  ESP_KMEANS_LINEAR,
  ESP_KMEANS_DENSITY,
  ESP_KMEANS_RANDOM
} esp__kmeans_start;

/* Lloyd's algorithm (1982) over number[n], n > 0, which it sorts, until nothing changes or 300
 * times. centre[k], 1 <= k <= ESP_CENTRES_MAX, ascending; one that no number is near stays where it
 * is. The sums run in one order, so the bits depend on the numbers alone. */
esp_status esp__kmeans(float *number, size_t n, esp__kmeans_start start, esp_key key, float *centre,
                       int k, esp_error *err);
/* The nearest of centre[k], ascending; of two that are as near, the lower. */
int esp__kmeans_nearest(const float *centre, int k, float number);

#endif
