/* Choosing the best k of n exactly, whatever the ties. */
#ifndef ESP_BASE_SELECT_H
#define ESP_BASE_SELECT_H

#include <stddef.h>
#include <stdint.h>

/* keep[i] = 1 for the k highest scores of n (k <= n < 2^32), 0 for the others; of equal scores the
 * lower index is kept. A score that is not a number counts as the lowest. */
void esp__select_top(const float *score, size_t n, size_t k, uint8_t *keep);

/* Sorts: order[0..n) becomes the indices 0..n-1 by falling score, ties and what is not a number as
 * above. */
void esp__select_key(const float *score, size_t n, uint64_t *order);

#endif
