/* Networks to prune, and what must come of it: shared by the tests of the pruner. */
#ifndef ESP_TESTS_NETS_H
#define ESP_TESTS_NETS_H

#include "plant.h"
#include "prune/pruner.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static esp_error err = {.text = ""};

static const esp_shape input = {3, 6, 6};
static const char net[] =
    "[model]\narch = custom\nlayers =\n conv 8 3x3\n bn\n relu\n conv 8 3x3 groups 2\n relu\n"
    " conv 6 1x1\n"
    " global_avgpool\n linear classes\n";

/* The network of 216 + 288 + 48 + 60 weights and 8 + 6 filters (the grouped ones are left
 * alone). */
static inline void open_net(plant *p, const char *prune) {
  char ini[2048];
  snprintf(ini, sizeof ini, "%s[prune]\n%s", net, prune);
  plant_open(p, input, 10, ini);
}

/* One layer of 2 x 4 weights. */
static inline void open_eight(plant *p, const char *prune) {
  char ini[512];
  snprintf(ini, sizeof ini, "[model]\narch = custom\nlayers = linear classes nobias\n[prune]\n%s",
           prune);
  plant_open(p, (esp_shape){4, 1, 1}, 2, ini);
}

static inline bool step(plant *p, int64_t number, int64_t begin, int64_t end) {
  bool changed;
  esp_status status = esp_pruner_step(p->pruner, number, begin, end, &changed, &err);
  ck_assert_msg(status == ESP_OK, "step %d: %s", (int)number, err.text);
  return changed;
}

static inline int prune(plant *p, double sparsity) {
  int floored;
  esp_status status = esp_pruner_prune(p->pruner, sparsity, &floored, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
  return floored;
}

static inline size_t pruned(const plant *p) {
  return esp_pruner_count(p->pruner).pruned;
}

/* Round to the nearest, halves to even, in other words than the pruner's. */
static inline size_t half_even(double x) {
  const double whole = floor(x), part = x - whole;
  const bool up = part > 0.5 || (part == 0.5 && fmod(whole, 2.0) == 1.0);
  return (size_t)whole + up;
}

/* What must be pruned at that sparsity when no layer may be emptied. */
static inline size_t expected_at(const plant *p, double sparsity) {
  const size_t n = esp_pruner_count(p->pruner).units, kept = n - half_even(sparsity * (double)n);
  const size_t layers = (size_t)p->pruner->pools;
  return n - (kept < layers ? layers : kept);
}

/* All masks one after the other, to compare with later. */
static inline size_t masks_of(const plant *p, uint8_t *keep) {
  size_t n = 0;
  for (int k = 0; k < p->model->params.count; k++) {
    const esp_mask *m = p->model->params.item[k]->mask;
    if (!m) continue;
    memcpy(keep + n, m->keep, m->count);
    n += m->count;
  }
  return n;
}
enum { MASKS_MAX = 4096 };

static inline void nothing_returned(const plant *p, const uint8_t *before, const char *when) {
  uint8_t now[MASKS_MAX];
  const size_t n = masks_of(p, now);
  for (size_t i = 0; i < n; i++)
    if (now[i] > before[i]) ck_abort_msg("%s: weight %zu came back", when, i);
}

#endif
