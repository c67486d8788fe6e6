#include <espalier/train.h>

#include <float.h>
#include <math.h>

static double mean_squared(const esp_metrics *m, int target) {
  return m->count > 0 ? m->squared[target] / (double)m->count : 0.0;
}

double esp_metrics_rmse(const esp_metrics *m, int target) {
  return sqrt(mean_squared(m, target));
}

double esp_metrics_target_r2(const esp_metrics *m, int target) {
  if (m->count == 0) return 0.0;
  const double r2 = 1.0 - mean_squared(m, target) / m->variance[target];
  return isfinite(r2) ? r2 : -DBL_MAX;
}

static double mean_r2(const esp_metrics *m) {
  double sum = 0.0;
  for (int t = 0; t < m->targets; t++) sum += esp_metrics_target_r2(m, t) / m->targets;
  return sum;
}

double esp_metrics_quality(const esp_metrics *m) {
  return m->targets > 0 ? mean_r2(m) : esp_metrics_top1(m);
}
