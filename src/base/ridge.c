#include "base/ridge.h"

#include <math.h>

enum { MAX = ESP_FEATURES_MAX };

static double mean_of(const double *x, size_t n, size_t stride) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) sum += x[i * stride];
  return sum / (double)n;
}

static void standardise(esp__ridge *r, const double *x, size_t n) {
  for (size_t k = 0; k < r->features; k++) {
    double squares = 0.0;
    r->center[k] = mean_of(x + k, n, r->features);
    for (size_t i = 0; i < n; i++) {
      const double d = x[i * r->features + k] - r->center[k];
      squares += d * d;
    }
    r->scale[k] = sqrt(squares / (double)n);
  }
}

static double feature(const esp__ridge *r, const double *x, size_t k) {
  return r->scale[k] > 1e-12 * fabs(r->center[k]) ? (x[k] - r->center[k]) / r->scale[k] : 0.0;
}

/* a = L L^T in place (the lower half), then a x = b by two substitutions; a is positive
 * definite. */
static void solve(double a[MAX][MAX], double *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j <= i; j++) {
      double sum = a[i][j];
      for (size_t k = 0; k < j; k++) sum -= a[i][k] * a[j][k];
      a[i][j] = i == j ? sqrt(sum) : sum / a[j][j];
    }
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < i; k++) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; k++) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
}

void esp__ridge_fit(esp__ridge *r, const double *x, const double *y, size_t n, size_t features,
                    double strength) {
  double a[MAX][MAX] = {{0}};
  *r = (esp__ridge){.features = features, .mean = mean_of(y, n, 1)};
  standardise(r, x, n);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < features; k++) {
      const double f = feature(r, x + i * features, k);
      r->weight[k] += f * (y[i] - r->mean);
      for (size_t l = 0; l <= k; l++) a[k][l] += f * feature(r, x + i * features, l);
    }
  for (size_t k = 0; k < features; k++) a[k][k] += strength * (double)n;
  solve(a, r->weight, features);
}

double esp__ridge_predict(const esp__ridge *r, const double *x) {
  double y = r->mean;
  for (size_t k = 0; k < r->features; k++) y += r->weight[k] * feature(r, x, k);
  return y;
}
