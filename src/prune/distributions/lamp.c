#include "prune/catalogue.h"
#include "base/select.h"

#include <math.h>

/* score^2 over the sum of the squares of all that rank as high or higher in the layer: what is lost
 * when the unit goes, relative to what would be left. The best of every layer gets 1, so no layer
 * is emptied early. */
static void rescale(float *score, size_t n, uint64_t *order) {
  double sum = 0.0;
  esp__select_key(score, n, order);
  for (size_t i = 0; i < n && score[order[i]] > -INFINITY; i++) {
    const double square = (double)score[order[i]] * (double)score[order[i]];
    sum += square;
    score[order[i]] = sum > 0.0 ? (float)(square / sum) : 0.0f;
  }
}

const esp_distribution esp__distribution_lamp = {
    .name = "lamp",
    .help =
        "one ranking by score^2 / sum of the squares that rank higher in the layer (Lee et al. "
        "2021)",
    .rescale = rescale,
};
