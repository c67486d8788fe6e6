/* From scores to a choice: how many units each layer keeps, and which. */
#include "prune/pruner.h"
#include "prune/select.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Every score is finite: -INFINITY is left for units that must not come back. Not a number ranks lowest. */
static float ranked(double score) {
  if (!(score >= -(double)FLT_MAX)) return -FLT_MAX;
  return score > (double)FLT_MAX ? FLT_MAX : (float)score;
}

static void rank_target(esp_pruner *p, const esp_target *t) {
  const float *score = p->raw + t->first_weight;
  for (size_t u = 0; u < t->units; u++) {
    double sum = 0.0;
    for (size_t k = 0; k < t->unit_size; k++) sum += (double)score[u * t->unit_size + k];
    p->score[t->first + u] = ranked(sum / (double)t->unit_size);
  }
}

void esp_pruner_rank(esp_pruner *p) {
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->targets; i++) rank_target(p, &p->target[i]);
}

void esp_pruner_score(esp_pruner *p, const esp_criterion *criterion) {
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->targets; i++) {
    const esp_target *t = &p->target[i];
    const esp_prune_ctx ctx = {esp_key_of(esp_key_of(p->key, p->changes), (uint64_t)i)};
    criterion->score(t->weight, &ctx, p->raw + t->first_weight);
    rank_target(p, t);
  }
}

void esp_pruner_choose_above(esp_pruner *p, float threshold) {
  p->guarded = 0;
  for (int i = 0; i < p->targets; i++) {
    const esp_target *t = &p->target[i];
    size_t kept = 0, best = t->first;
    for (size_t u = t->first; u < t->first + t->units; u++) {
      p->keep[u] = p->score[u] > threshold;
      kept += p->keep[u];
      if (p->score[u] > p->score[best]) best = u;
    }
    if (kept || p->opt->allow_empty) continue;
    p->guarded++;
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

/* ---- one ranking for all ---- */

/* A layer that lost everything gets its best unit back, paid for by the worst unit kept in a layer that has
 * several. */
static void guard_ranking(esp_pruner *p) {
  for (int i = 0; i < p->targets; i++) {
    const esp_target *t = &p->target[i];
    size_t kept = 0, best = t->first;
    for (size_t u = t->first; u < t->first + t->units; u++) {
      kept += p->keep[u];
      if (p->score[u] > p->score[best]) best = u;
    }
    if (kept) continue;
    p->guarded++;
    size_t worst = SIZE_MAX;
    for (int k = 0; k < p->targets; k++) {
      const esp_target *o = &p->target[k];
      size_t left = 0;
      for (size_t u = o->first; u < o->first + o->units; u++) left += p->keep[u];
      for (size_t u = o->first; left > 1 && u < o->first + o->units; u++)
        if (p->keep[u] && (worst == SIZE_MAX || p->score[u] <= p->score[worst])) worst = u;
    }
    p->keep[best] = 1;
    if (worst != SIZE_MAX) p->keep[worst] = 0;
  }
}

/* ---- shares ---- */

/* Whole numbers of units that add up to the budget: the densities rounded down, then one more for those with
 * the largest remainders (Hamilton's method), of equal ones the first. A smaller budget can mean a larger
 * share for one layer then (the paradox of Alabama), so no share is larger than what may stay. */
static void round_shares(const esp_share *share, const size_t *room, int n, size_t budget, size_t *keep) {
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
      const double gap = (share[i].density * (double)share[i].units - (double)keep[i]) * (more ? 1.0 : -1.0);
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

/* No layer ends up empty. Where the total is to be exact, the layer that keeps most gives a unit for it. */
static int guard_shares(size_t *keep, int n, bool exact_total) {
  int guarded = 0;
  for (int i = 0; i < n; i++) {
    int richest = 0;
    for (int k = 1; k < n; k++)
      if (keep[k] > keep[richest]) richest = k;
    if (keep[i] > 0) continue;
    guarded++;
    keep[i] = 1;
    if (exact_total && keep[richest] > 1) keep[richest]--;
  }
  return guarded;
}

static esp_status share_out(esp_pruner *p, double sparsity, esp_share *share, size_t *room, size_t *keep,
                            esp_error *err) {
  for (int i = 0; i < p->targets; i++) {
    share[i] = (esp_share){p->target[i].layer, p->target[i].units, 1.0};
    room[i] = room_of(p->score + p->target[i].first, p->target[i].units);
  }
  ESP_TRY(p->distribution->share(p->opt, sparsity, share, p->targets, err));
  if (p->distribution->explicit_total)
    for (int i = 0; i < p->targets; i++)
      keep[i] = least(kept_of(share[i].units, 1.0 - share[i].density), room[i]);
  else
    round_shares(share, room, p->targets, kept_of(p->units, sparsity), keep);
  if (!p->opt->allow_empty) p->guarded += guard_shares(keep, p->targets, !p->distribution->explicit_total);
  return ESP_OK;
}

esp_status esp_pruner_choose(esp_pruner *p, double sparsity, esp_error *err) {
  uint64_t *scratch = malloc(p->units * sizeof *scratch);
  esp_share *share = calloc((size_t)p->targets, sizeof *share);
  size_t *room = calloc((size_t)p->targets, sizeof *room), *keep = calloc((size_t)p->targets, sizeof *keep);
  esp_status status = scratch && share && room && keep
                          ? ESP_OK
                          : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the scores");
  p->guarded = 0;
  if (status == ESP_OK && !p->distribution->share) {
    const size_t kept = least(kept_of(p->units, sparsity), room_of(p->score, p->units));
    esp_select_top(p->score, p->units, kept, p->keep, scratch);
    if (!p->opt->allow_empty) guard_ranking(p);
  } else if (status == ESP_OK && (status = share_out(p, sparsity, share, room, keep, err)) == ESP_OK) {
    for (int i = 0; i < p->targets; i++)
      esp_select_top(p->score + p->target[i].first, p->target[i].units, keep[i], p->keep + p->target[i].first,
                     scratch);
  }
  free(scratch);
  free(share);
  free(room);
  free(keep);
  return status;
}
