/* Which factors each layer gets, and of which ranks. */
#include "compress/factorise/factors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { METHODS = 4 };
const esp__factor_method *const esp__factor_methods[METHODS + 1] = {
    &esp__factor_svd, &esp__factor_spatial, &esp__factor_tucker, &esp__factor_train, NULL};

/* The smallest ranks that keep this share; each side may lose as much as the other. */
static void ranks_for_energy(const esp__factor_analysis *a, double energy, int *rank) {
  const int sides = a->count[1] ? 2 : 1;
  for (int side = 0; side < sides; side++) {
    const double lost = (1.0 - energy) / sides * esp__factor_energy(a, side, 0);
    double tail = 0.0;
    int r = a->count[side];
    while (r > 1 && tail + a->energy[side][r - 1] <= lost) tail += a->energy[side][--r];
    rank[side] = r;
  }
}

static void ranks_as_given(const esp__factor_analysis *a, int given, int *rank) {
  for (int side = 0; side < ESP_SIDES && a->count[side]; side++)
    rank[side] = given < a->count[side] ? given : a->count[side];
}

/* ---- choosing ---- */

/* A layer, what each method that may be taken knows of it, and what it costs as it is. */
typedef struct candidate {
  const esp__factor_layer *layer;
  bool fits[METHODS];
  esp__factor_analysis analysis[METHODS];
  esp__factor_cost cost;
} candidate;

esp__factor_cost esp__factor_layer_cost(const esp__factor_layer *l) {
  const esp_param *w = l->layer->weight;
  size_t nonzero = 0;
  for (size_t i = 0; i < w->count; i++) nonzero += w->value[i] != 0.0f;
  return (esp__factor_cost){(double)nonzero, (double)nonzero * l->out.height * l->out.width};
}

/* The method that the options name; NULL: all of them. */
static const esp__factor_method *named(const esp_factorise_options *o) {
  int k = 0;
  while (esp__factor_methods[k] && strcmp(o->method, esp__factor_methods[k]->name) != 0) k++;
  return esp__factor_methods[k];
}

/* What the named method is not for is left to singular values. */
static bool may_take(const esp_factorise_options *o, const esp__factor_method *m,
                     const esp__factor_layer *l) {
  const esp__factor_method *only = named(o);
  if (only && m != (only->fits(l) ? only : &esp__factor_svd)) return false;
  return m->fits(l);
}

static esp_status analyse(candidate *c, const esp_factorise_options *o, esp_error *err) {
  c->cost = esp__factor_layer_cost(c->layer);
  for (int k = 0; k < METHODS; k++) {
    c->fits[k] = may_take(o, esp__factor_methods[k], c->layer);
    if (c->fits[k]) ESP_TRY(esp__factor_methods[k]->analyse(c->layer, &c->analysis[k], err));
  }
  return ESP_OK;
}

/* Either an energy or a rank. */
typedef struct depth {
  double energy;
  int rank;
} depth;

/* The method that is best at that depth, and its ranks; -1: the layer stays. For an energy that is
 * the one with the fewest multiply-adds, for a rank the one that keeps the most energy. */
static int choose(const candidate *c, depth d, int *rank, esp__factor_cost *cost) {
  int best = -1;
  double least = HUGE_VAL;
  *cost = c->cost;
  for (int k = 0; k < METHODS; k++) {
    int own[ESP_SIDES] = {0};
    if (!c->fits[k]) continue;
    if (d.rank)
      ranks_as_given(&c->analysis[k], d.rank, own);
    else
      ranks_for_energy(&c->analysis[k], d.energy, own);
    const esp__factor_cost its = esp__factor_methods[k]->cost(c->layer, own);
    const double badness = d.rank ? -esp__factor_kept(&c->analysis[k], own) : its.macs;
    if (its.macs >= c->cost.macs || its.weights >= c->cost.weights || badness >= least) continue;
    best = k;
    least = badness;
    *cost = its;
    memcpy(rank, own, sizeof own);
  }
  return best;
}

/* What all layers cost, as they are or at a depth. */
static esp__factor_cost sum_costs(const candidate *c, int n, const depth *d) {
  esp__factor_cost sum = {0.0, 0.0};
  for (int i = 0; i < n; i++) {
    int rank[ESP_SIDES];
    esp__factor_cost cost = c[i].cost;
    if (d) choose(&c[i], *d, rank, &cost);
    sum.weights += cost.weights;
    sum.macs += cost.macs;
  }
  return sum;
}

static double share(const candidate *c, int n, double energy, bool macs) {
  const depth d = {energy, 0};
  const esp__factor_cost before = sum_costs(c, n, NULL), after = sum_costs(c, n, &d);
  return macs ? after.macs / before.macs : after.weights / before.weights;
}

/* The most energy with which the budget is met, by halving. */
static esp_status find_energy(const candidate *c, int n, const esp_factorise_options *o,
                              double *energy, esp_error *err) {
  enum { HALVINGS = 40 };
  const bool macs = o->macs > 0.0;
  const double budget = macs ? o->macs : o->parameters, least = share(c, n, 0.0, macs);
  if (least > budget)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s = %g cannot be met: with ranks of 1 a share of %.4f is left",
                    macs ? "macs" : "parameters", budget, least);
  double below = 0.0, above = 1.0;
  for (int i = 0; i < HALVINGS; i++) {
    const double middle = 0.5 * (below + above);
    *(share(c, n, middle, macs) <= budget ? &below : &above) = middle;
  }
  *energy = below;
  return ESP_OK;
}

static esp_status choose_all(candidate *c, int n, const esp_factorise_options *o,
                             esp__factor_choice *choice, esp_error *err) {
  depth d = {o->energy, o->rank};
  int changed = 0;
  if (o->macs > 0.0 || o->parameters > 0.0) ESP_TRY(find_energy(c, n, o, &d.energy, err));
  for (int i = 0; i < n; i++) {
    esp__factor_cost cost;
    const int k = choose(&c[i], d, choice[i].rank, &cost);
    if (k < 0) continue;
    choice[i].method = esp__factor_methods[k];
    choice[i].analysis = c[i].analysis[k];
    c[i].analysis[k] = (esp__factor_analysis){0};
    changed++;
  }
  if (changed > 0) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "no layer would cost less as factors: each stays as it is; expected lower ranks");
}

esp_status esp__factor_choose(const esp__factor_layer *layers, int n,
                              const esp_factorise_options *o, esp__factor_choice *choice,
                              esp_error *err) {
  candidate *c = calloc((size_t)n, sizeof *c);
  if (!c) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the factors");
  esp_status status = ESP_OK;
  for (int i = 0; i < n && status == ESP_OK; i++) {
    c[i].layer = &layers[i];
    status = analyse(&c[i], o, err);
  }
  if (status == ESP_OK) status = choose_all(c, n, o, choice, err);
  for (int i = 0; i < n; i++)
    for (int k = 0; k < METHODS; k++) esp__factor_analysis_free(&c[i].analysis[k]);
  free(c);
  return status;
}
