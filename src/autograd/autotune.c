#include "autograd/autotune.h"

#include "base/clock.h"

enum { TRIALS = 4 };
/* Density above which rows of single outputs cannot win. */
static const double worth_trying = 0.7;

static bool differs(double x, double y) {
  return x > 1.1 * y || y > 1.1 * x;
}

static bool choose(esp__autotune *a, bool sparse, esp_kernel_reason reason) {
  a->reason = reason;
  return a->sparse = sparse;
}

static bool is_faster(const esp__autotune *a) {
  return a->seconds[1] < a->seconds[0];
}

bool esp__autotune_start(esp__autotune *a, const esp_graph *g, const esp_param *p, int tile_rows) {
  a->running = false;
  if (!p->mask) return choose(a, false, ESP_NO_MASK);
  if (g->sparse != ESP_SPARSE_AUTO) return choose(a, g->sparse == ESP_SPARSE_ON, ESP_FORCED);
  const double density = (double)p->mask->kept / (double)p->mask->count;
  if (tile_rows == 1 && density > worth_trying) return choose(a, false, ESP_TOO_DENSE);
  if (a->generation != p->mask->generation && differs(density, a->density)) {
    a->trials = 0;
    a->seconds[0] = a->seconds[1] = 1e9;
    a->density = density;
  }
  a->generation = p->mask->generation;
  if (a->trials >= TRIALS) return choose(a, is_faster(a), ESP_FASTER);
  a->running = true;
  a->started = esp__seconds();
  return choose(a, a->trials % 2 == 1, ESP_UNMEASURED);
}

void esp__autotune_stop(esp__autotune *a) {
  if (!a->running) return;
  const double seconds = esp__seconds() - a->started;
  if (seconds < a->seconds[a->sparse]) a->seconds[a->sparse] = seconds;
  a->running = false;
  if (++a->trials == TRIALS) choose(a, is_faster(a), ESP_FASTER);
}

void esp__autotune_skip(esp__autotune *a, esp_kernel_reason reason) {
  a->running = false;
  a->density = 0.0; /* whatever was measured is too long ago */
  choose(a, false, reason);
}
