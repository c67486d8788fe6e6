/* What a few seeds can tell. */
#ifndef ESP_BASE_STATS_H
#define ESP_BASE_STATS_H

/* A sample, value by value (Welford 1962). Begins as {0}. */
typedef struct esp_moments {
  int n;
  double mean, squares; /* squares: summed, of the distances from the mean */
} esp_moments;
void esp_moments_add(esp_moments *m, double value); /* NAN is no value */
double esp_mean(const esp_moments *m);              /* NAN for none */
double esp_sd(const esp_moments *m);                /* of the sample: by n - 1; NAN for fewer than two */

/* A difference of means of shares, and its test against 0. NAN where a test is not possible: fewer than two
 * values, or no spread but what rounding makes, a standard error of 1e-9. */
typedef struct esp_mean_difference {
  double mean, error;   /* the difference and its standard error */
  double t, freedom, p; /* p: two-sided, of Student's t */
} esp_mean_difference;
/* b - a of independent samples whose variances may differ (Welch 1947). */
esp_mean_difference esp_welch(esp_moments a, esp_moments b);
/* The mean of differences of pairs (Student 1908). */
esp_mean_difference esp_paired(esp_moments differences);

/* The chance that |T| >= |t| for Student's t with `freedom` > 0 degrees of freedom. */
double esp_student_p(double t, double freedom);

/* Adjusts p[n] for looking at all of them (Holm 1979); NANs are not counted and stay. `rank` is memory for n
 * indices. */
void esp_holm(double *p, int n, int *rank);

#endif
