/* What is known of a layer: directions of its weights, and how much each holds. */
#include "base/eigen.h"
#include "compress/factorise/factors.h"

#include <stdlib.h>

void esp__factor_analysis_free(esp__factor_analysis *a) {
  for (int side = 0; side < ESP_SIDES; side++) {
    free(a->energy[side]);
    free(a->direction[side]);
  }
  *a = (esp__factor_analysis){0};
}

/* What is below 0 is rounding. */
esp_status esp__factor_side(esp__factor_analysis *a, int side, double *gram, int n,
                            esp_error *err) {
  a->count[side] = n;
  a->direction[side] = gram;
  a->energy[side] = malloc((size_t)n * sizeof *a->energy[side]);
  if (!a->energy[side])
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for %d singular values", n);
  ESP_TRY(esp__eigen_symmetric(gram, n, a->energy[side], err));
  for (int r = 0; r < n; r++)
    if (a->energy[side][r] < 0.0) a->energy[side][r] = 0.0;
  return ESP_OK;
}

double esp__factor_energy(const esp__factor_analysis *a, int side, int first) {
  double sum = 0.0;
  for (int r = a->count[side] - 1; r >= first; r--) sum += a->energy[side][r];
  return sum;
}

/* What two sides lose adds up, at most. */
double esp__factor_kept(const esp__factor_analysis *a, const int *rank) {
  double lost = 0.0;
  for (int side = 0; side < ESP_SIDES && a->count[side]; side++) {
    const double all = esp__factor_energy(a, side, 0);
    if (all > 0.0) lost += esp__factor_energy(a, side, rank[side]) / all;
  }
  return lost < 1.0 ? 1.0 - lost : 0.0;
}
