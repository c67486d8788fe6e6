/* Units, scores and masks: what structures build, and what dynamic methods and regularisers work
 * with. A dynamic method fills scores, lets esp_pruner_choose turn them into a choice, and has it
 * committed; what its hooks keep it reads with esp_pruner_state. */
#ifndef ESP_PRUNE_UNITS_H
#define ESP_PRUNE_UNITS_H

#include <espalier/linkage.h>
#include <espalier/model.h>
#include <espalier/param.h>
#include <espalier/prune_method.h>
#include <espalier/random.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ESP_BEGIN_DECLS

/* ---- units ---- */

/* A parameter, or a part of it, dealt out to the units of a pool. Read as [outer][extent][inner],
 * the weights at a place of the middle axis are those of one unit. A weight can be in slices of
 * several pools; it is there while all of its units are. */
typedef struct esp_slice {
  esp_param *param;
  size_t extent, inner;
  uint32_t *unit; /* [extent] the unit, or ESP_NO_UNIT; NULL: place e is unit e. The slice's own. */
  bool scored;    /* its weights make the unit's score; the others only go with it */
  size_t first_weight; /* scored: its first among the scored weights of all pools */
  const esp_layer
      *layer; /* scored: the layer whose weight it is; esp_ranking_pool_add fills these two */
} esp_slice;
#define ESP_NO_UNIT UINT32_MAX

/* Whether the weights of an output channel all belong to one unit. */
static inline bool esp_slice_of_channels(const esp_slice *s) {
  return s->inner % (s->param->count / (size_t)s->param->shape[0]) == 0;
}

static inline uint32_t esp_slice_unit(const esp_slice *s, size_t weight) {
  const size_t place = (s->inner == 1 ? weight : weight / s->inner) % s->extent;
  return s->unit ? s->unit[place] : (uint32_t)place;
}

/* Units that compete with each other: those of a layer, or of layers whose channels belong
 * together. */
struct esp_ranking_pool {
  const esp_structure *structure;
  const esp_layer *layer; /* it, or the first of them */
  esp_param *weight;      /* of that layer */
  size_t units;
  size_t first;        /* its first unit among the units of all pools */
  size_t first_weight; /* its first among the scored weights of all pools */
  size_t weights;      /* scored weights */
  esp_slice *slice;
  int slices;
};

/* Every unit is one weight, in order. */
static inline bool esp_ranking_pool_of_weights(const esp_ranking_pool *pool) {
  return pool->units == pool->weights && !pool->slice[0].unit;
}

/* A layer whose weights have scores: the slice, and the pool that its units are in. */
typedef struct esp_scored_slice {
  const esp_ranking_pool *pool;
  const esp_slice *slice;
} esp_scored_slice;

/* ---- for structures: making pools ---- */

/* A new pool, the last so far, with `units` units. Pools whose
 * structure chooses for itself come last. */
esp_status esp_ranking_pool_new(esp_pruner *p, const esp_structure *structure,
                                const esp_layer *layer, size_t units, esp_error *err);
/* Adds a slice to the last pool, which owns slice.unit from then on, also on failure. NULL for
 * the parameter: nothing happens. */
esp_status esp_ranking_pool_add(esp_pruner *p, esp_slice slice, esp_error *err);
/* Adds the rows [shape[0]] of a parameter to the last pool: row r goes with unit[r]; NULL: with
 * unit r. NULL for the parameter: nothing happens. */
esp_status esp_ranking_pool_add_rows(esp_pruner *p, esp_param *param, uint32_t *unit, bool scored,
                                     esp_error *err);
/* ---- what a pruner works with ---- */

const esp_prune_options *esp_pruner_options(const esp_pruner *p);
esp_model *esp_pruner_model(const esp_pruner *p);
/* For what is random in the mask change at hand. */
esp_key esp_pruner_change_key(const esp_pruner *p);
/* All pools [*count], those first whose units are ranked. */
const esp_ranking_pool *esp_pruner_ranking_pools(const esp_pruner *p, int *count);
/* The scored slices of all pools [*count], in order. */
const esp_scored_slice *esp_pruner_scored_slices(const esp_pruner *p, int *count);
/* Units of all pools; the length of the two arrays below. */
size_t esp_pruner_units(const esp_pruner *p);
/* The units' scores, and the choice being made: 1 = stays. There while masks change, and in every
 * step of a dynamic method or a regulariser; else NULL. */
float *esp_pruner_scores(const esp_pruner *p);
uint8_t *esp_pruner_keep(const esp_pruner *p);

/* ---- scores, choices, masks ---- */

/* Scores every unit with the criterion, by its rule over the unit's scored weights that are there.
 * All scores are finite. */
void esp_pruner_score(esp_pruner *p, const esp_criterion *criterion);
/* Fills esp_pruner_keep with the best units by esp_pruner_scores at that sparsity, shared as the
 * distribution says. A unit whose score was set to -INFINITY is never kept, even if fewer stay than
 * asked for. Scores are not what they were afterwards. */
esp_status esp_pruner_choose(esp_pruner *p, double sparsity, esp_error *err);
/* Fills esp_pruner_keep with the units that score above `threshold`, and the best unit of a layer
 * that has none (unless it may be empty). */
void esp_pruner_choose_above(esp_pruner *p, float threshold);
/* Prunes by the criterion to `sparsity`; what is pruned stays pruned. */
esp_status esp_pruner_remove(esp_pruner *p, const esp_criterion *criterion, double sparsity,
                             esp_error *err);
/* The only writer of masks: esp_pruner_keep becomes the masks. Zeroes what is pruned; clears
 * momentum of what is pruned or regrown. */
void esp_pruner_commit(esp_pruner *p);

/* Reads the masks back into esp_pruner_keep: a unit is there while any of its scored weights is. */
void esp_pruner_load_masks(esp_pruner *p);

ESP_END_DECLS

#endif
