/* From scores to a choice: how many units each layer keeps, and which. */
#include "prune/pruner.h"
#include "base/select.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Every score is finite: -INFINITY is left for units that must not come back. Not a number ranks
 * lowest. */
static float ranked(double score) {
  if (!(score >= -(double)FLT_MAX)) return -FLT_MAX;
  return score > (double)FLT_MAX ? FLT_MAX : (float)score;
}

/* A unit's score from the sum of what its weights contribute. */
static double unit_score(esp_unit_rule rule, double sum, size_t weights) {
  switch (rule) {
    case ESP_UNIT_MEAN:
      return sum / (double)weights;
    case ESP_UNIT_SUM:
      return sum;
    case ESP_UNIT_NORM:
      return sqrt(sum);
    case ESP_UNIT_ABS_SUM:
      break;
  }
  return fabs(sum);
}

static double contribution(esp_unit_rule rule, double score) {
  return rule == ESP_UNIT_NORM ? score * score : score;
}

/* Each unit's score from those in p->weight_score, over the weights that are there, added up in the
 * order of slices and weights. */
static void rank_units(esp_pruner *p, const esp_ranking_pool *pool, esp_unit_rule rule) {
  double *sum = p->unit_sum + pool->first;
  size_t *size = p->unit_count + pool->first;
  for (size_t u = 0; u < pool->units; u++) sum[u] = 0.0, size[u] = 0;
  for (int k = 0; k < pool->slices; k++) {
    const esp_slice *s = &pool->slice[k];
    for (size_t i = 0; s->scored && i < s->param->count; i++) {
      const uint32_t unit = esp_slice_unit(s, i);
      if (unit == ESP_NO_UNIT || !s->param->mask->keep[i]) continue;
      sum[unit] += contribution(rule, (double)p->weight_score[s->first_weight + i]);
      size[unit]++;
    }
  }
  for (size_t u = 0; u < pool->units; u++)
    p->score[pool->first + u] = ranked(unit_score(rule, sum[u], size[u]));
}

static void rank_target(esp_pruner *p, const esp_ranking_pool *pool, esp_unit_rule rule) {
  const float *raw = p->weight_score + pool->first_weight;
  if (!esp_ranking_pool_of_weights(pool)) {
    rank_units(p, pool, rule);
    return;
  }
  for (size_t u = 0; u < pool->units; u++)
    p->score[pool->first + u] = ranked(unit_score(rule, contribution(rule, (double)raw[u]), 1));
}

void esp__pruner_unit_scores(esp_pruner *p) {
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->pools; i++) rank_target(p, &p->pool[i], ESP_UNIT_MEAN);
}

static esp_prune_ctx context_of(const esp_pruner *p, int i, int k) {
  const esp_key key = esp_key_of(esp_key_of(p->key, p->changes), (uint64_t)i);
  const esp_slice *s = &p->pool[i].slice[k];
  esp_prune_ctx ctx = {
      .key = k ? esp_key_of(key, (uint64_t)k) : key, .opt = p->opt, .layer = s->layer};
  if (p->graph) ctx.activity = esp_graph_activity(p->graph, s->param);
  if (p->planes) ctx.plane = p->planes + (size_t)i * p->plane_size;
  return ctx;
}

void esp_pruner_score(esp_pruner *p, const esp_criterion *criterion) {
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->pools; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    for (int k = 0; k < pool->slices; k++) {
      if (!pool->slice[k].scored) continue;
      const esp_prune_ctx ctx = context_of(p, i, k);
      criterion->score(pool->slice[k].param, &ctx, p->weight_score + pool->slice[k].first_weight);
    }
    rank_target(p, pool, criterion->unit);
  }
}

void esp_pruner_choose_above(esp_pruner *p, float threshold) {
  p->floored = 0;
  for (int i = 0; i < p->pools; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    size_t kept = 0, best = pool->first;
    for (size_t u = pool->first; u < pool->first + pool->units; u++) {
      p->keep[u] = p->score[u] > threshold;
      kept += p->keep[u];
      if (p->score[u] > p->score[best]) best = u;
    }
    if (kept || p->opt->allow_empty) continue;
    p->floored++;
    p->keep[best] = 1;
  }
}

/* n - round(sparsity * n), halves to even */
static size_t kept_of(size_t n, double sparsity) {
  const double exact = sparsity * (double)n, half = nearbyint(2.0 * exact) / 2.0;
  /* A sparsity that was computed (1 - density) can miss a half by its last bit. */
  const double gone = nearbyint(fabs(exact - half) < 1e-7 ? half : exact);
  return gone >= (double)n ? 0 : n - (size_t)gone;
}

/* Units among n that may stay. */
static size_t room_of(const float *score, size_t n) {
  size_t room = 0;
  for (size_t u = 0; u < n; u++) room += score[u] > -INFINITY;
  return room;
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Units that the layer keeps whatever the others do: what may stay of its least density, and at
 * least one, unless it may be emptied. */
static size_t floor_of(const esp_pruner *p, const esp_ranking_pool *pool) {
  const size_t least_density = (size_t)ceil(p->opt->layer_floor * (double)pool->units - 1e-9);
  const size_t wanted = least_density > 0 || p->opt->allow_empty ? least_density : 1;
  return least(wanted, room_of(p->score + pool->first, pool->units));
}

/* ---- one ranking for all ---- */

/* Layers that keep less than their floor. */
static int short_layers(const esp_pruner *p) {
  int count = 0;
  for (int i = 0; i < p->ranked; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    size_t kept = 0;
    for (size_t u = pool->first; u < pool->first + pool->units; u++) kept += p->keep[u];
    count += kept < floor_of(p, pool);
  }
  return count;
}

/* Where a layer would keep too little, the best of every layer, up to its floor, rank before all
 * others. So a layer that gets units back is paid for by the worst of layers that have more than
 * their floor. */
static void rank_all(esp_pruner *p, size_t kept) {
  size_t floors = 0;
  esp__select_top(p->score, p->ranked_units, kept, p->keep);
  p->floored = short_layers(p);
  if (p->floored == 0) return;
  for (int i = 0; i < p->ranked; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    const size_t floor = floor_of(p, pool);
    esp__select_top(p->score + pool->first, pool->units, floor, p->keep + pool->first);
    for (size_t u = pool->first; u < pool->first + pool->units; u++)
      if (p->keep[u]) p->score[u] = INFINITY;
    floors += floor;
  }
  esp__select_top(p->score, p->ranked_units, kept > floors ? kept : floors, p->keep);
}

/* ---- shares ---- */

/* Whole numbers of units that add up to the budget: the densities rounded down, then one more for
 * those with the largest remainders (Hamilton's method), of equal ones the first. A smaller budget
 * can mean a larger share for one layer then (the paradox of Alabama), so no share is larger than
 * what may stay. */
static void round_shares(const esp_layer_budget *share, const size_t *room, int n, size_t budget,
                         size_t *keep) {
  size_t sum = 0;
  for (int i = 0; i < n; i++) {
    keep[i] = least((size_t)(share[i].density * (double)share[i].units), room[i]);
    sum += keep[i];
  }
  while (sum != budget) {
    const bool more = sum < budget;
    int best = -1;
    double best_gap = 0.0;
    for (int i = 0; i < n; i++) {
      const double gap =
          (share[i].density * (double)share[i].units - (double)keep[i]) * (more ? 1.0 : -1.0);
      const bool fits = more ? keep[i] < room[i] : keep[i] > 0;
      if (fits && (best < 0 || gap > best_gap)) {
        best = i;
        best_gap = gap;
      }
    }
    if (best < 0) return;
    keep[best] += more ? 1 : (size_t)-1;
    sum += more ? 1 : (size_t)-1;
  }
}

/* The layer that has most above its floor; -1 if none has any. */
static int richest(const size_t *keep, const size_t *floor, int n) {
  int best = -1;
  for (int k = 0; k < n; k++)
    if (keep[k] > floor[k] && (best < 0 || keep[k] - floor[k] > keep[best] - floor[best])) best = k;
  return best;
}

/* No layer keeps less than its floor. Where the total is to be exact, the layer that can best spare
 * one gives a unit for each. */
static int raise_to_floors(size_t *keep, const size_t *floor, int n, bool exact_total) {
  int floored = 0;
  for (int i = 0; i < n; i++) {
    floored += keep[i] < floor[i];
    for (; keep[i] < floor[i]; keep[i]++) {
      const int payer = exact_total ? richest(keep, floor, n) : -1;
      if (payer >= 0) keep[payer]--;
    }
  }
  return floored;
}

/* What share_out works with, per layer. */
typedef struct portion {
  esp_layer_budget *share;
  size_t *room, *floor, *keep;
} portion;

bool esp__pruner_exact(const esp_pruner *p) {
  const bool others =
      p->distribution->search && strcmp(esp_search_options_of(p->opt)->budget, "units") != 0;
  return !p->distribution->explicit_total && !(others && p->densities);
}

static esp_status share_out(esp_pruner *p, double sparsity, const portion *of, esp_error *err) {
  for (int i = 0; i < p->ranked; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    of->share[i] = (esp_layer_budget){pool->layer, pool->units, 1.0};
    of->room[i] = room_of(p->score + pool->first, pool->units);
    of->floor[i] = floor_of(p, pool);
  }
  ESP_TRY(p->distribution->share(p->opt, sparsity, of->share, p->ranked, err));
  for (int i = 0; p->densities && i < p->ranked; i++) of->share[i].density = p->densities[i];
  const bool exact_total = esp__pruner_exact(p);
  if (exact_total)
    round_shares(of->share, of->room, p->ranked, kept_of(p->ranked_units, sparsity), of->keep);
  for (int i = 0; !exact_total && i < p->ranked; i++)
    of->keep[i] = least(kept_of(of->share[i].units, 1.0 - of->share[i].density), of->room[i]);
  p->floored = raise_to_floors(of->keep, of->floor, p->ranked, exact_total);
  return ESP_OK;
}

/* Each layer's best, as many as its share. */
static esp_status choose_shares(esp_pruner *p, double sparsity, esp_error *err) {
  const size_t n = (size_t)p->ranked + 1;
  size_t *counts = calloc(3 * n, sizeof *counts);
  const portion of = {calloc(n, sizeof *of.share), counts, counts + n, counts + 2 * n};
  esp_status status = counts && of.share
                          ? share_out(p, sparsity, &of, err)
                          : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the shares");
  for (int i = 0; status == ESP_OK && i < p->ranked; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    esp__select_top(p->score + pool->first, pool->units, of.keep[i], p->keep + pool->first);
  }
  free(of.share);
  free(counts);
  return status;
}

/* ---- thresholds ---- */

static size_t keep_from(esp_pruner *p, const esp_ranking_pool *pool, double limit) {
  size_t kept = 0;
  for (size_t u = pool->first; u < pool->first + pool->units; u++) {
    p->keep[u] = (double)p->score[u] >= limit;
    kept += p->keep[u];
  }
  return kept;
}

/* What scores at least the layer's limit, and the best up to its floor where that is less. */
static void choose_by_limit(esp_pruner *p, double progress) {
  for (int i = 0; i < p->ranked; i++) {
    const esp_ranking_pool *pool = &p->pool[i];
    const float *score = p->score + pool->first;
    const double limit = progress * p->distribution->limit(p->opt, score, pool->units);
    const size_t floor = floor_of(p, pool);
    if (keep_from(p, pool, limit) >= floor) continue;
    p->floored++;
    esp__select_top(score, pool->units, floor, p->keep + pool->first);
  }
}

/* ---- any of them ---- */

/* The pools whose structure knows by itself what stays. */
static void choose_others(esp_pruner *p, double progress) {
  for (int i = p->ranked; i < p->pools; i++) p->pool[i].structure->choose(p, &p->pool[i], progress);
}

/* Puts the distribution's scores in the place of the layers'. */
static esp_status rescale(esp_pruner *p, esp_error *err) {
  size_t largest = 0;
  if (!p->distribution->rescale) return ESP_OK;
  for (int i = 0; i < p->ranked; i++)
    if (p->pool[i].units > largest) largest = p->pool[i].units;
  uint64_t *order = malloc((largest + 1) * sizeof *order);
  if (!order) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the scores");
  for (int i = 0; i < p->ranked; i++)
    p->distribution->rescale(p->score + p->pool[i].first, p->pool[i].units, order);
  free(order);
  return ESP_OK;
}

esp_status esp_pruner_choose(esp_pruner *p, double sparsity, esp_error *err) {
  const double all = p->opt->sparsity, progress = all > sparsity ? sparsity / all : 1.0;
  p->floored = 0;
  ESP_TRY(rescale(p, err));
  if (p->distribution->limit)
    choose_by_limit(p, progress);
  else if (p->distribution->share)
    ESP_TRY(choose_shares(p, sparsity, err));
  else
    rank_all(p, least(kept_of(p->ranked_units, sparsity), room_of(p->score, p->ranked_units)));
  choose_others(p, progress);
  return ESP_OK;
}

esp_status esp__pruner_select_units(esp_pruner *p, double sparsity, esp_error *err) {
  esp_pruner_load_masks(p);
  for (size_t u = 0; u < p->units; u++)
    if (!p->keep[u]) p->score[u] = -INFINITY;
  if (p->opt->shuffle) ESP_TRY(esp__pruner_shuffle(p, err));
  return esp_pruner_choose(p, sparsity, err);
}

esp_status esp_pruner_remove(esp_pruner *p, const esp_criterion *criterion, double sparsity,
                             esp_error *err) {
  esp_pruner_score(p, criterion);
  ESP_TRY(esp__pruner_select_units(p, sparsity, err));
  esp_pruner_commit(p);
  return ESP_OK;
}
