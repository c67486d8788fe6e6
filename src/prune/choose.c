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

/* Each unit's mean of the scores in p->raw, over the weights that are there, added up in the order of slices
 * and weights. */
static void mean_scores(esp_pruner *p, const esp_target *t) {
  double *sum = p->sum + t->first;
  size_t *size = p->size + t->first;
  for (size_t u = 0; u < t->units; u++) sum[u] = 0.0, size[u] = 0;
  for (int k = 0; k < t->slices; k++) {
    const esp_slice *s = &t->slice[k];
    for (size_t i = 0; s->scored && i < s->param->count; i++) {
      const uint32_t unit = esp_slice_unit(s, i);
      if (unit == ESP_NO_UNIT || !s->param->mask->keep[i]) continue;
      sum[unit] += (double)p->raw[s->first_weight + i];
      size[unit]++;
    }
  }
  for (size_t u = 0; u < t->units; u++) p->score[t->first + u] = ranked(sum[u] / (double)size[u]);
}

void esp_pruner_score(esp_pruner *p, const esp_criterion *criterion) {
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->targets; i++) {
    const esp_target *t = &p->target[i];
    const esp_key key = esp_key_of(esp_key_of(p->key, p->changes), (uint64_t)i);
    for (int k = 0; k < t->slices; k++) {
      const esp_prune_ctx ctx = {k ? esp_key_of(key, (uint64_t)k) : key};
      if (t->slice[k].scored) criterion->score(t->slice[k].param, &ctx, p->raw + t->slice[k].first_weight);
    }
    if (esp_target_of_weights(t))
      for (size_t u = 0; u < t->units; u++)
        p->score[t->first + u] = ranked((double)p->raw[t->first_weight + u]);
    else
      mean_scores(p, t);
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
  for (int i = 0; i < p->ranked; i++) {
    const esp_target *t = &p->target[i];
    size_t kept = 0, best = t->first;
    for (size_t u = t->first; u < t->first + t->units; u++) {
      kept += p->keep[u];
      if (p->score[u] > p->score[best]) best = u;
    }
    if (kept) continue;
    p->guarded++;
    size_t worst = SIZE_MAX;
    for (int k = 0; k < p->ranked; k++) {
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
  for (int i = 0; i < p->ranked; i++) {
    share[i] = (esp_share){p->target[i].layer, p->target[i].units, 1.0};
    room[i] = room_of(p->score + p->target[i].first, p->target[i].units);
  }
  ESP_TRY(p->distribution->share(p->opt, sparsity, share, p->ranked, err));
  if (p->distribution->explicit_total)
    for (int i = 0; i < p->ranked; i++)
      keep[i] = least(kept_of(share[i].units, 1.0 - share[i].density), room[i]);
  else
    round_shares(share, room, p->ranked, kept_of(p->ranked_units, sparsity), keep);
  if (!p->opt->allow_empty) p->guarded += guard_shares(keep, p->ranked, !p->distribution->explicit_total);
  return ESP_OK;
}

/* The targets whose structure knows by itself what stays. */
static void choose_others(esp_pruner *p, double sparsity) {
  const double all = p->opt->sparsity, progress = all > sparsity ? sparsity / all : 1.0;
  for (int i = p->ranked; i < p->targets; i++) p->target[i].structure->choose(p, &p->target[i], progress);
}

esp_status esp_pruner_choose(esp_pruner *p, double sparsity, esp_error *err) {
  uint64_t *scratch = malloc(p->units * sizeof *scratch);
  const size_t targets = (size_t)p->ranked + 1;
  esp_share *share = calloc(targets, sizeof *share);
  size_t *room = calloc(targets, sizeof *room), *keep = calloc(targets, sizeof *keep);
  esp_status status = scratch && share && room && keep
                          ? ESP_OK
                          : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the scores");
  p->guarded = 0;
  if (status == ESP_OK && !p->distribution->share) {
    const size_t kept = least(kept_of(p->ranked_units, sparsity), room_of(p->score, p->ranked_units));
    esp_select_top(p->score, p->ranked_units, kept, p->keep, scratch);
    if (!p->opt->allow_empty) guard_ranking(p);
  } else if (status == ESP_OK && (status = share_out(p, sparsity, share, room, keep, err)) == ESP_OK) {
    for (int i = 0; i < p->ranked; i++)
      esp_select_top(p->score + p->target[i].first, p->target[i].units, keep[i], p->keep + p->target[i].first,
                     scratch);
  }
  if (status == ESP_OK) choose_others(p, sparsity);
  free(scratch);
  free(share);
  free(room);
  free(keep);
  return status;
}
