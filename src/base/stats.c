#include <espalier/stats.h>

#include <math.h>

void esp_stats_moments_add(esp_stats_moments *m, double value) {
  if (isnan(value)) return;
  const double distance = value - m->mean;
  m->n++;
  m->mean += distance / m->n;
  m->squares += distance * (value - m->mean);
}

double esp_stats_mean(const esp_stats_moments *m) {
  return m->n > 0 ? m->mean : NAN;
}

double esp_stats_sd(const esp_stats_moments *m) {
  return m->n > 1 ? sqrt(m->squares / (m->n - 1)) : NAN;
}

/* The square of the standard error of the mean. */
static double error_squared(const esp_stats_moments *m) {
  return m->n > 1 ? m->squares / (m->n - 1) / m->n : NAN;
}

/* The continued fraction of the incomplete beta function (DLMF 8.17.22),
 * 1 / (1 + d1 / (1 + d2 / ...)), from its back. Below the mean it converges in about as many terms
 * as the root of the larger of a and b. */
static double beta_fraction(double a, double b, double x) {
  double tail = 0.0;
  for (int m = 1000; m >= 0; m--) {
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    tail = odd / (1.0 + tail);
    if (m > 0) tail = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)) / (1.0 + tail);
  }
  return 1.0 / (1.0 + tail);
}

/* The regularised incomplete beta function I_x(a, b). The fraction is quick below the mean, and the
 * symmetry leads there. */
static double beta(double a, double b, double x) {
  if (x <= 0.0 || x >= 1.0) return x <= 0.0 ? 0.0 : 1.0;
  if (x > (a + 1.0) / (a + b + 2.0)) return 1.0 - beta(b, a, 1.0 - x);
  const double front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x);
  return exp(front) / a * beta_fraction(a, b, x);
}

double esp_stats_student_p(double t, double freedom) {
  return beta(freedom / 2.0, 0.5, freedom / (freedom + t * t));
}

/* Beyond a million degrees of freedom it is the normal distribution's. */
double esp_stats_student_t(double p, double freedom) {
  const double most = 1e6, f = freedom < most ? freedom : most;
  double low = 0.0, high = 1.0;
  while (esp_stats_student_p(high, f) > p) high *= 2.0;
  for (int i = 0; i < 60; i++) {
    const double middle = 0.5 * (low + high);
    *(esp_stats_student_p(middle, f) > p ? &low : &high) = middle;
  }
  return 0.5 * (low + high);
}

static esp_stats_difference tested(double mean, double error, double freedom) {
  const double rounding = 1e-9; /* accuracies of a million images differ by more */
  esp_stats_difference d = {mean, error, NAN, NAN, NAN};
  if (!(error > rounding) || !(freedom > 0.0)) return d;
  d.t = mean / error;
  d.freedom = freedom;
  d.p = esp_stats_student_p(d.t, freedom);
  return d;
}

esp_stats_difference esp_stats_welch(esp_stats_moments a, esp_stats_moments b) {
  const double u = error_squared(&a), v = error_squared(&b);
  return tested(b.mean - a.mean, sqrt(u + v),
                (u + v) * (u + v) / (u * u / (a.n - 1) + v * v / (b.n - 1)));
}

esp_stats_difference esp_stats_paired(esp_stats_moments differences) {
  return tested(differences.mean, sqrt(error_squared(&differences)), differences.n - 1);
}

void esp_stats_holm(double *p, int n, int *rank) {
  int tests = 0;
  for (int i = 0; i < n; i++) {
    if (isnan(p[i])) continue;
    int at = tests++;
    for (; at > 0 && p[rank[at - 1]] > p[i]; at--) rank[at] = rank[at - 1];
    rank[at] = i;
  }
  double largest = 0.0;
  for (int k = 0; k < tests; k++) {
    const double adjusted = fmin(1.0, (tests - k) * p[rank[k]]);
    largest = fmax(largest, adjusted);
    p[rank[k]] = largest;
  }
}
