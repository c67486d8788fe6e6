/* Ridge regression (Hoerl & Kennard 1970). */
#ifndef ESP_BASE_RIDGE_H
#define ESP_BASE_RIDGE_H

#include <stddef.h>

enum { ESP_FEATURES_MAX = 16 };

/* y is about `mean` + the sum of weight[k] * (x[k] - center[k]) / scale[k]. */
typedef struct esp__ridge {
  size_t features;
  double mean, weight[ESP_FEATURES_MAX], center[ESP_FEATURES_MAX], scale[ESP_FEATURES_MAX];
} esp__ridge;

/* Fits n rows x [n][features] (at most ESP_FEATURES_MAX) to y [n]. Features are standardised; one
 * that is constant gets weight 0. The penalty is `strength` * n on the squared weights,
 * strength > 0. */
void esp__ridge_fit(esp__ridge *r, const double *x, const double *y, size_t n, size_t features,
                    double strength);
double esp__ridge_predict(const esp__ridge *r, const double *x); /* x [features] */

#endif
