#include "analysis/paper_noise.h"

#include <espalier/stats.h>

#include <math.h>
#include <stdbool.h>

void esp__noise_add(esp__noise *n, double sd, double runs) {
  const bool several = runs > 1.0;
  const double variance = sd * sd / (several ? runs : 1.0);
  n->variance += variance;
  if (several) n->weights += variance * variance / (runs - 1.0);
}

double esp__noise_band(const esp__noise *n) {
  const double freedom = n->weights > 0.0 ? n->variance * n->variance / n->weights : INFINITY;
  if (!(n->variance > 0.0)) return sqrt(n->variance); /* 0, or not known */
  return esp_stats_student_t(0.05, freedom) * sqrt(n->variance);
}
