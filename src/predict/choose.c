/* Which layers run as lists of their nonzero weights. The bits are the same, so a stopwatch
 * decides: the network runs with none of them so, with all that may over planes, and over fields
 * where those fit, and each layer takes the fastest way; of these networks the one that is fastest
 * as a whole is built. Layers of integers can be in fields with all their weights too; since a
 * layer alone would pay for what is converted around it, they are also mixed within fields. */
#include "base/integer.h"
#include "predict/values.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Each way is tried twice, in turn, so that a moment in which others use the machine decides
 * nothing. */
enum { TURNS = 2, REPEATS = 5 };     /* of which the first fills the caches */
static const double patience = 0.05; /* seconds; slow networks are told apart by fewer runs */
static const double densest = 0.9;   /* that is worth a try */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One way to build the network, and how long it takes; 0: it was not tried. */
typedef struct trial {
  esp__listing *listing; /* [units] */
  double *seconds;       /* [units] */
  double total;
} trial;

/* Without lists; with all there may be, over planes, or over fields where those fit; without lists
 * over fields; and with each layer as it was fastest, anywhere, or in fields where those fit. */
enum { NONE, PLANAR, FIELDS, UNLISTED_FIELDS, MIXED, MIXED_FIELDS, TRIALS };
typedef struct choosing {
  const esp__operations *ops;
  esp__unit *unit;
  int units;
  trial trial[TRIALS];
} choosing;

/* Whether what a layer reads and makes can be in fields. Lists do not read bytes there that may be
 * below 0. */
static bool may_be_in_fields(const esp_network *n, const esp__operations *ops,
                             const esp__unit *unit, bool listed) {
  const esp_operation *op = &ops->item[unit->operation];
  const esp_shape in = ops->item[op->input[0]].shape;
  const esp__nature reads = ops->nature[op->input[0]], makes = ops->nature[unit->out];
  if (unit->rescale >= 0 && ((listed && reads == ESP_SIGNED) || makes == ESP_FLOATS)) return false;
  return esp__fits_fields(n, op, in, esp__halo_of(ops, in), esp__halo_of(ops, op->shape));
}

bool esp__may_list(const esp_network *n, const esp__operations *ops, const esp__unit *unit,
                   esp__listing how) {
  const esp_operation *op = &ops->item[unit->operation];
  const bool layer = op->kind == ESP_OPERATION_CONV || op->kind == ESP_OPERATION_LINEAR;
  if (how == ESP_UNLISTED) return true;
  if (!layer || esp__one_pixel(op->shape)) return false;
  const esp_shape in = ops->item[op->input[0]].shape;
  const esp__way way = esp__way_of(n, op, in);
  if ((way != ESP_WAY_DENSE && way != ESP_WAY_DEPTHWISE) || esp__one_pixel(in)) return false;
  if (esp__is_listed(how) && esp__density(op->param[0]) > densest) return false;
  if (how == ESP_UNLISTED_IN_FIELDS && unit->rescale < 0) return false;
  return !esp__is_in_fields(how) || may_be_in_fields(n, ops, unit, esp__is_listed(how));
}

static void least(double *to, double seconds) {
  if (*to == 0.0 || seconds < *to) *to = seconds;
}

static bool ends_unit(const esp_network *n, int s) {
  return s + 1 == n->steps || n->step[s + 1].unit != n->step[s].unit;
}

/* The least time of some runs, of each unit and of all. A unit is one step or several: what
 * converts its input is a part of it. */
static void time_steps(const esp_network *n, float *memory, trial *t) {
  const double first = now();
  for (int i = 0; i < REPEATS; i++) {
    const double begin = now();
    double before = begin;
    if (i > 1 && begin - first > patience) break;
    for (int s = 0; s < n->steps; s++) {
      n->step[s].run(n->kernels, &n->step[s], memory);
      if (!ends_unit(n, s)) continue;
      const double after = now();
      if (i > 0) least(&t->seconds[n->step[s].unit], after - before);
      before = after;
    }
    if (i > 0) least(&t->total, before - begin);
  }
}

/* Of texts, which are of many lengths, one is tried that fills half of its plane. */
static void put_tokens(const esp_network *n, float *memory) {
  float *token = memory + n->place[n->in].first;
  for (int t = 0; n->input.vocabulary && 2 * t < n->input.width; t++) token[t] = 1.0f;
}

static esp_status measure(const esp_network *like, const choosing *c, trial *t, esp_error *err) {
  esp_network n = {.kernels = like->kernels, .input = like->input, .direct = like->direct};
  float *memory = NULL;
  esp_status status = esp__lower(&n, c->ops, c->unit, c->units, t->listing, err);
  if (status == ESP_OK) status = esp__memory_new(&n, 1, &memory, err);
  if (status == ESP_OK) {
    put_tokens(&n, memory);
    time_steps(&n, memory, t);
  }
  free(memory);
  free(n.step);
  free(n.place);
  esp__store_free(&n.store);
  return status;
}

/* Of trials from number `first` to `last` the one in which unit u was fastest. */
static const trial *fastest_of(const choosing *c, int first, int last, int u) {
  const trial *best = &c->trial[first];
  for (int t = first + 1; t <= last; t++)
    if (c->trial[t].total > 0.0 && c->trial[t].seconds[u] < best->seconds[u]) best = &c->trial[t];
  return best;
}

/* The trials from number `first` to `last`, in turn. */
static esp_status take_turns(const esp_network *n, choosing *c, int first, int last,
                             esp_error *err) {
  for (int i = 0; i < TURNS; i++)
    for (int t = first; t <= last; t++) ESP_TRY(measure(n, c, &c->trial[t], err));
  return ESP_OK;
}

/* `last`: of the trials to choose from. */
static esp_status try_all(const esp_network *n, choosing *c, int last, esp_error *err) {
  ESP_TRY(take_turns(n, c, NONE, last, err));
  for (int u = 0; u < c->units; u++) {
    const trial *best = fastest_of(c, NONE, last, u);
    const bool fits = esp__may_list(n, c->ops, &c->unit[u], ESP_UNLISTED_IN_FIELDS);
    c->trial[MIXED].listing[u] = best->listing[u];
    if (fits) best = fastest_of(c, FIELDS, UNLISTED_FIELDS, u);
    c->trial[MIXED_FIELDS].listing[u] = best->listing[u];
  }
  return take_turns(n, c, MIXED, last == UNLISTED_FIELDS ? MIXED_FIELDS : MIXED, err);
}

static const esp__listing *fastest(const choosing *c) {
  const trial *best = &c->trial[NONE];
  for (int t = PLANAR; t < TRIALS; t++)
    if (c->trial[t].total > 0.0 && c->trial[t].total < best->total) best = &c->trial[t];
  return best->listing;
}

static bool trials_new(choosing *c, int units) {
  bool there = true;
  for (trial *t = c->trial; t < c->trial + TRIALS; t++) {
    t->listing = calloc((size_t)units, sizeof *t->listing);
    t->seconds = calloc((size_t)units, sizeof *t->seconds);
    there &= t->listing && t->seconds;
  }
  return there;
}

static void trials_free(choosing *c) {
  for (trial *t = c->trial; t < c->trial + TRIALS; t++) {
    free(t->listing);
    free(t->seconds);
  }
}

/* The first that the unit may, of ways to run it; ends with ESP_UNLISTED. */
static esp__listing first_of(const esp_network *n, const choosing *c, int u,
                             const esp__listing *how) {
  while (!esp__may_list(n, c->ops, &c->unit[u], *how)) how++;
  return *how;
}

static esp_status choose(esp_network *n, choosing *c, esp_error *err) {
  static const esp__listing ways[][4] = {
      [NONE] = {ESP_UNLISTED},
      [PLANAR] = {ESP_LISTED, ESP_UNLISTED},
      [FIELDS] = {ESP_LISTED_IN_FIELDS, ESP_UNLISTED_IN_FIELDS, ESP_LISTED, ESP_UNLISTED},
      [UNLISTED_FIELDS] = {ESP_UNLISTED_IN_FIELDS, ESP_LISTED, ESP_UNLISTED}};
  int open = 0, last = PLANAR;
  for (int u = 0; u < c->units; u++) {
    for (int t = NONE; t <= UNLISTED_FIELDS; t++)
      c->trial[t].listing[u] = first_of(n, c, u, ways[t]);
    open += c->trial[PLANAR].listing[u] == ESP_LISTED;
    if (esp__is_in_fields(c->trial[FIELDS].listing[u])) last = esp__most(last, FIELDS);
    if (esp__is_in_fields(c->trial[UNLISTED_FIELDS].listing[u])) last = UNLISTED_FIELDS;
  }
  if (open) ESP_TRY(try_all(n, c, last, err));
  return esp__lower(n, c->ops, c->unit, c->units, fastest(c), err);
}

esp_status esp__lower_fastest(esp_network *n, const esp__operations *ops, esp_error *err) {
  choosing c = {.ops = ops};
  esp_status status = ESP_OK;
  c.unit = calloc((size_t)ops->count, sizeof *c.unit);
  if (c.unit) esp__units_of(ops, c.unit, &c.units);
  if (!trials_new(&c, ops->count) || !c.unit)
    status = esp_fail(err, ESP_ERR_MEMORY, "out of memory for a network");
  if (status == ESP_OK) status = choose(n, &c, err);
  trials_free(&c);
  free(c.unit);
  return status;
}
