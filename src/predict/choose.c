/* Which layers run as lists of their nonzero weights. The bits are the same, so a stopwatch
 * decides: the network runs with none of them so, and with all that may, and each layer takes the
 * faster way; of these three networks the one that is fastest as a whole is built. */
#include "predict/network.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPEATS = 8 };               /* after one that fills the caches */
static const double patience = 0.1; /* seconds; slow networks are told apart by fewer runs */
static const double densest = 0.9;  /* that is worth a try */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One way to build the network, and how long it takes. */
typedef struct trial {
  bool *lists;     /* [units] */
  double *seconds; /* [units] */
  double total;
} trial;

typedef struct choosing {
  const esp__operations *ops;
  esp__unit *unit;
  int units;
  trial none, all, mixed;
} choosing;

/* Whether unit u has a choice. */
static bool may_list(const esp_network *n, const choosing *c, int u) {
  const esp_operation *op = &c->ops->item[c->unit[u].operation];
  if (op->kind != ESP_OPERATION_CONV || esp__one_pixel(op->shape)) return false;
  const esp_shape in = c->ops->item[op->input[0]].shape;
  const esp__way way = esp__way_of(n, op, in);
  return (way == ESP_WAY_DENSE || way == ESP_WAY_DEPTHWISE) && !esp__one_pixel(in) &&
         esp__density(op->param[0]) <= densest;
}

static void least(double *to, double seconds) {
  if (*to == 0.0 || seconds < *to) *to = seconds;
}

/* The least time of some runs, of each unit and of all. */
static void time_steps(const esp_network *n, float *memory, trial *t) {
  const double first = now();
  for (int i = 0; i <= REPEATS; i++) {
    const double begin = now();
    double before = begin;
    if (i > 1 && begin - first > patience) break;
    for (int s = 0; s < n->steps; s++) {
      n->step[s].run(n->kernels, &n->step[s], memory);
      const double after = now();
      if (i > 0) least(&t->seconds[n->step[s].unit], after - before);
      before = after;
    }
    if (i > 0) least(&t->total, before - begin);
  }
}

static esp_status measure(const esp_network *like, const choosing *c, trial *t, esp_error *err) {
  esp_network n = {.kernels = like->kernels, .input = like->input, .direct = like->direct};
  float *memory = NULL;
  esp_status status = esp__lower(&n, c->ops, c->unit, c->units, t->lists, err);
  if (status == ESP_OK) status = esp__memory_new(&n, 1, &memory, err);
  if (status == ESP_OK) time_steps(&n, memory, t);
  free(memory);
  free(n.step);
  free(n.place);
  esp__store_free(&n.store);
  return status;
}

static esp_status try_all(const esp_network *n, choosing *c, esp_error *err) {
  ESP_TRY(measure(n, c, &c->none, err));
  ESP_TRY(measure(n, c, &c->all, err));
  for (int u = 0; u < c->units; u++)
    c->mixed.lists[u] = c->all.lists[u] && c->all.seconds[u] < c->none.seconds[u];
  return measure(n, c, &c->mixed, err);
}

static const bool *fastest(const choosing *c) {
  const trial *best = &c->none;
  if (c->all.total < best->total) best = &c->all;
  if (c->mixed.total < best->total) best = &c->mixed;
  return best->lists;
}

static bool trial_new(trial *t, int units) {
  t->lists = calloc((size_t)units, sizeof *t->lists);
  t->seconds = calloc((size_t)units, sizeof *t->seconds);
  return t->lists && t->seconds;
}

static void trial_free(trial *t) {
  free(t->lists);
  free(t->seconds);
}

static esp_status choose(esp_network *n, choosing *c, esp_error *err) {
  int open = 0;
  for (int u = 0; u < c->units; u++) open += c->all.lists[u] = may_list(n, c, u);
  if (open) ESP_TRY(try_all(n, c, err));
  return esp__lower(n, c->ops, c->unit, c->units, open ? fastest(c) : c->none.lists, err);
}

esp_status esp__lower_fastest(esp_network *n, const esp__operations *ops, esp_error *err) {
  choosing c = {.ops = ops};
  esp_status status = ESP_OK;
  c.unit = calloc((size_t)ops->count, sizeof *c.unit);
  if (c.unit) esp__units_of(ops, c.unit, &c.units);
  const bool there = c.unit && trial_new(&c.none, ops->count) && trial_new(&c.all, ops->count) &&
                     trial_new(&c.mixed, ops->count);
  if (!there) status = esp_fail(err, ESP_ERR_MEMORY, "out of memory for a network");
  if (status == ESP_OK) status = choose(n, &c, err);
  trial_free(&c.none);
  trial_free(&c.all);
  trial_free(&c.mixed);
  free(c.unit);
  return status;
}
