#include "autograd/calibrate.h"

#include "autograd/node.h"

#include <math.h>
#include <string.h>

enum { BINS = 4096, TRIALS = 128, LEVELS = 127 };

/* Magnitudes of the valid images: the largest, and how many fall into each of BINS equal steps. */
typedef struct magnitudes {
  double largest, sum;
  int64_t values;
  int64_t count[BINS];
} magnitudes;

static void note(magnitudes *m, float value, bool largest_only) {
  const double size = fabs((double)value);
  if (largest_only) {
    if (size > m->largest) m->largest = size;
    m->sum += size;
    m->values++;
    return;
  }
  const int bin = (int)(size / m->largest * BINS);
  m->count[bin < BINS ? bin : BINS - 1]++;
}

static void note_blocks(const esp_graph *g, const esp_tensor *x, esp__block_range blocks,
                        magnitudes *m, bool largest_only) {
  for (int block = blocks.begin; block < blocks.end; block++) {
    const int valid = esp_lanes_valid(esp__graph_images(g), block);
    for (int c = 0; c < x->channels; c++)
      for (int r = 0; r < x->height; r++) {
        const float *row = esp_plane(x, block, c) + (size_t)r * esp_row_stride(x);
        for (int i = 0; i < x->width * ESP_LANES; i++)
          if (i % ESP_LANES < valid) note(m, row[i], largest_only);
      }
  }
}

/* Of what processes have that share the pass. Magnitudes have the order of their bits. */
static double largest_of_all(const esp_graph *g, double own) {
  int64_t bits;
  memcpy(&bits, &own, sizeof bits);
  bits = -esp__graph_least(g, -bits);
  memcpy(&own, &bits, sizeof own);
  return own;
}

/* The largest, the sum and how many there are. */
static void note_sizes(esp_graph *g, const esp_tensor *x, magnitudes *m) {
  double *sum = esp__shares_part_numbers(&g->shares);
  for (int i = 0; i < g->shares.parts; i++) {
    m->sum = 0.0;
    note_blocks(g, x, esp__graph_part(g, i), m, true);
    sum[i] = m->sum;
  }
  m->largest = largest_of_all(g, m->largest);
  m->sum = *esp__shares_add(&g->shares, 1);
  esp__graph_add_counts(g, &m->values, 1);
}

static void note_counts(const esp_graph *g, const esp_tensor *x, magnitudes *m) {
  note_blocks(g, x, (esp__block_range){0, esp__graph_blocks(g)}, m, false);
  esp__graph_add_counts(g, m->count, BINS);
}

static double percentile(const magnitudes *m, double share) {
  int64_t seen = 0;
  int bin = 0;
  while (bin < BINS - 1 && (double)(seen += m->count[bin]) < share * (double)m->values) bin++;
  return m->largest * (double)(bin + 1) / BINS;
}

/* The sum of squared errors, each value in the middle of its step. */
static double error_of(const magnitudes *m, double limit) {
  const double scale = limit / LEVELS;
  double sum = 0.0;
  for (int bin = 0; bin < BINS; bin++) {
    const double value = m->largest * (bin + 0.5) / BINS;
    const double level = fmin(nearbyint(value / scale), LEVELS), error = value - level * scale;
    sum += (double)m->count[bin] * error * error;
  }
  return sum;
}

static double least_squares(const magnitudes *m) {
  double best = m->largest, least = error_of(m, best);
  for (int i = 1; i < TRIALS; i++) {
    const double limit = m->largest * (double)i / TRIALS, error = error_of(m, limit);
    if (error < least) {
      least = error;
      best = limit;
    }
  }
  return best;
}

float esp__calibrate(esp_graph *g, const esp_tensor *x, const esp_calibration *c) {
  magnitudes m = {0};
  note_sizes(g, x, &m);
  if (m.largest == 0.0) return 0.0f;
  if (c->rule == ESP_CALIBRATE_MEAN) return (float)(2.0 * m.sum / (double)m.values / sqrt(LEVELS));
  double limit = m.largest;
  if (c->rule != ESP_CALIBRATE_MAX) note_counts(g, x, &m);
  if (c->rule == ESP_CALIBRATE_PERCENTILE) limit = percentile(&m, c->percentile / 100.0);
  if (c->rule == ESP_CALIBRATE_SQUARES) limit = least_squares(&m);
  return (float)(limit / LEVELS);
}
