/* What a few seeds can tell. */
#ifndef ESP_STATS_H
#define ESP_STATS_H

#include <espalier/linkage.h>

ESP_BEGIN_DECLS

/* A sample, value by value (Welford 1962). Begins as {0}. */
typedef struct esp_stats_moments {
  int n;
  double mean, squares; /* squares: summed, of the distances from the mean */
} esp_stats_moments;
void esp_stats_moments_add(esp_stats_moments *m, double value); /* NAN is no value */
double esp_stats_mean(const esp_stats_moments *m);              /* NAN for none */
double esp_stats_sd(
    const esp_stats_moments *m); /* of the sample: by n - 1; NAN for fewer than two */

/* A difference of means of shares, and its test against 0. NAN where a test is not possible: fewer
 * than two values, or no spread but what rounding makes, a standard error of 1e-9. */
typedef struct esp_stats_difference {
  double mean, error;   /* the difference and its standard error */
  double t, freedom, p; /* p: two-sided, of Student's t */
} esp_stats_difference;
/* b - a of independent samples whose variances may differ (Welch 1947). */
esp_stats_difference esp_stats_welch(esp_stats_moments a, esp_stats_moments b);
/* The mean of differences of pairs (Student 1908). */
esp_stats_difference esp_stats_paired(esp_stats_moments differences);

/* The chance that |T| >= |t| for Student's t with `freedom` > 0 degrees of freedom. */
double esp_stats_student_p(double t, double freedom);

/* The t that |T| exceeds with that chance, 0 < p < 1: the inverse of esp_stats_student_p. */
double esp_stats_student_t(double p, double freedom);

/* Adjusts p[n] for looking at all of them (Holm 1979); NANs are not counted and stay. `rank` is
 * memory for n indices. */
void esp_stats_holm(double *p, int n, int *rank);

ESP_END_DECLS

#endif
