/* From scores to a choice: how many units each layer keeps, and which. */
#include "prune/pruner.h"
#include "prune/select.h"

#include <math.h>
#include <stdlib.h>

void esp_pruner_score(esp_pruner *p, const esp_criterion *criterion) {
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->targets; i++) {
    const esp_target *t = &p->target[i];
    const esp_prune_ctx ctx = {esp_key_of(esp_key_of(p->key, p->changes), (uint64_t)i)};
    float *score = malloc(t->weight->count * sizeof *score);
    if (!score) abort(); /* a few MiB beside the network that is already there */
    criterion->score(t->weight, &ctx, score);
    for (size_t u = 0; u < t->units; u++) {
      double sum = 0.0;
      for (size_t k = 0; k < t->unit_size; k++) sum += (double)score[u * t->unit_size + k];
      p->score[t->first + u] = (float)(sum / (double)t->unit_size);
    }
    free(score);
  }
}

/* n - round(sparsity * n), halves to even */
static size_t kept_of(size_t n, double sparsity) {
  const double gone = nearbyint(sparsity * (double)n);
  return gone >= (double)n ? 0 : n - (size_t)gone;
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
 * the largest remainders (Hamilton's method), of equal ones the first. */
static void round_shares(const esp_share *share, int n, size_t budget, size_t *keep) {
  size_t sum = 0;
  for (int i = 0; i < n; i++) {
    keep[i] = (size_t)(share[i].density * (double)share[i].units);
    sum += keep[i];
  }
  while (sum != budget) {
    const bool more = sum < budget;
    int best = -1;
    double best_gap = 0.0;
    for (int i = 0; i < n; i++) {
      const double gap = (share[i].density * (double)share[i].units - (double)keep[i]) * (more ? 1.0 : -1.0);
      const bool room = more ? keep[i] < share[i].units : keep[i] > 0;
      if (room && (best < 0 || gap > best_gap)) {
        best = i;
        best_gap = gap;
      }
    }
    if (best < 0) return;
    keep[best] += more ? 1 : (size_t)-1;
    sum += more ? 1 : (size_t)-1;
  }
}

/* No layer ends up empty: it takes one unit from the layer that keeps most. */
static int guard_shares(size_t *keep, int n) {
  int guarded = 0;
  for (int i = 0; i < n; i++) {
    int richest = 0;
    for (int k = 1; k < n; k++)
      if (keep[k] > keep[richest]) richest = k;
    if (keep[i] > 0) continue;
    guarded++;
    keep[i] = 1;
    if (keep[richest] > 1) keep[richest]--;
  }
  return guarded;
}

static esp_status share_out(esp_pruner *p, double sparsity, esp_share *share, size_t *keep, esp_error *err) {
  for (int i = 0; i < p->targets; i++) share[i] = (esp_share){p->target[i].layer, p->target[i].units, 1.0};
  ESP_TRY(p->distribution->share(p->opt, sparsity, share, p->targets, err));
  if (p->distribution->explicit_total)
    for (int i = 0; i < p->targets; i++) keep[i] = kept_of(share[i].units, 1.0 - share[i].density);
  else
    round_shares(share, p->targets, kept_of(p->units, sparsity), keep);
  if (!p->opt->allow_empty) p->guarded += guard_shares(keep, p->targets);
  return ESP_OK;
}

esp_status esp_pruner_choose(esp_pruner *p, double sparsity, esp_error *err) {
  uint64_t *scratch = malloc(p->units * sizeof *scratch);
  esp_share *share = calloc((size_t)p->targets, sizeof *share);
  size_t *keep = calloc((size_t)p->targets, sizeof *keep);
  esp_status status =
      scratch && share && keep ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the scores");
  p->guarded = 0;
  if (status == ESP_OK && !p->distribution->share) {
    esp_select_top(p->score, p->units, kept_of(p->units, sparsity), p->keep, scratch);
    if (!p->opt->allow_empty) guard_ranking(p);
  } else if (status == ESP_OK && (status = share_out(p, sparsity, share, keep, err)) == ESP_OK) {
    for (int i = 0; i < p->targets; i++)
      esp_select_top(p->score + p->target[i].first, p->target[i].units, keep[i], p->keep + p->target[i].first,
                     scratch);
  }
  free(scratch);
  free(share);
  free(keep);
  return status;
}
