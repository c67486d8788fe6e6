/* What structures, dynamic methods and regularisers may ask of the pruner. Internal to
 * src/prune. */
#ifndef ESP_PRUNE_PRUNER_H
#define ESP_PRUNE_PRUNER_H

#include <espalier/prune.h>

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

struct esp_pruner {
  /* What it prunes, and by which options. */
  esp_model *model;
  const esp_prune_options *opt;
  esp_prune_options
      filled_in; /* where `opt` came without the keys of methods: with their defaults */
  esp_key key;   /* of all that is random in it */

  /* The entries that the options name. */
  const esp_criterion *criterion; /* NULL: the method is dynamic, or masks come from elsewhere */
  const esp_dynamic *dynamic;     /* NULL: the method is a criterion */
  const esp_regulariser *regulariser; /* NULL: none */
  const esp_structure *structure;
  const esp_distribution *distribution;
  const esp_prune_schedule *schedule;
  esp_prune_when when;

  /* What is covered. Units and scored weights are numbered through all pools. */
  esp_ranking_pool *pool;
  int pools;
  esp_scored_slice *scored; /* of all pools, in order; where units are weights, one a pool */
  int scored_slices;
  int ranked; /* pools before the first whose structure chooses for itself */
  size_t ranked_units;
  size_t units, weights;

  /* How far it has come. */
  esp_mask *masks;              /* [params of the model]; keep is NULL where there is none */
  uint64_t changes;             /* mask changes so far */
  int64_t every;                /* steps between two mask changes in training */
  int64_t pause;                /* steps between two ramps */
  bool finished;                /* hooks and shadows are gone */
  float *state[ESP_STATES_MAX]; /* of the hooks, those of all pools one after the other */
  uint8_t *mask_history; /* [units] early-bird: bit e is the choice e epochs ago; NULL without */

  /* The workspace of a choice (workspace.h); NULL while it is closed. */
  float *weight_score; /* [weights] from the criterion; the same memory as `score` where units are
                          weights and no hooks need both */
  double *unit_sum;    /* [units] sums of them; NULL where every unit is a weight */
  size_t *unit_count;  /* [units] scored weights in each sum */
  float *score;        /* [units] */
  uint8_t *keep;       /* [units] the choice being made */
  int floored;         /* layers that kept units in it only because of their floor */

  /* Scratch, always there. */
  uint8_t *alive;     /* [units] which units have weights; NULL where units are weights */
  uint8_t *next_mask; /* [largest parameter] */

  /* While scores look at activations: where they are, and a plane of them for each pool. */
  const esp_graph *graph;
  double *planes; /* [pools][plane_size] */
  size_t plane_size;

  /* Distributions that search: who judges trials, and the densities [ranked] on trial or found;
   * NULL: as the distribution says. */
  esp_trial_evaluator evaluator;
  double *densities;
};

/* units.c: what structures build. A new pool, the last so far, with `units` units. Pools whose
 * structure chooses for itself come last. */
esp_status esp_ranking_pool_new(esp_pruner *p, const esp_structure *structure,
                                const esp_layer *layer, size_t units, esp_error *err);
/* Adds a slice to the last pool, which owns slice.unit from then on, also on failure. NULL for
 * the parameter: nothing happens. */
esp_status esp_ranking_pool_add(esp_pruner *p, esp_slice slice, esp_error *err);
/* The same for the rows [shape[0]] of a parameter: row r goes with unit[r]; NULL: with unit r. */
esp_status esp_ranking_pool_add_rows(esp_pruner *p, esp_param *param, uint32_t *unit, bool scored,
                                     esp_error *err);
void esp__ranking_pools_free(esp_pruner *p);
/* Fills p->scored, once all pools are there. */
esp_status esp__scored_slices_make(esp_pruner *p, esp_error *err);
/* channels.c: pools for the channels that go together, where the layers that make them are all
 * linear, or not all are. */
esp_status esp__cover_channels(esp_pruner *p, const esp_structure *structure, const bool *layers,
                               bool linear, esp_error *err);

/* Scores every unit with the criterion, by its rule over the unit's scored weights that are there.
 * All scores are finite. */
void esp_pruner_score(esp_pruner *p, const esp_criterion *criterion);
/* The second half of scoring: each unit's mean of the scores in p->weight_score. */
void esp__pruner_unit_scores(esp_pruner *p);
/* Deals the scores of what may stay out anew, within each layer. */
esp_status esp__pruner_shuffle(esp_pruner *p, esp_error *err);
/* Chooses by the scores among what is there. */
esp_status esp__pruner_select_units(esp_pruner *p, double sparsity, esp_error *err);
/* Fills p->keep with the best units by p->score at that sparsity, shared as the distribution says.
 * A unit whose score was set to -INFINITY is never kept, even if fewer stay than asked for. Scores
 * are not what they were afterwards. */
esp_status esp_pruner_choose(esp_pruner *p, double sparsity, esp_error *err);
/* Fills p->keep with the units that score above `threshold`, and the best unit of a layer that has
 * none (unless it may be empty). */
void esp_pruner_choose_above(esp_pruner *p, float threshold);
/* Prunes by the criterion to `sparsity`; what is pruned stays pruned. */
esp_status esp_pruner_remove(esp_pruner *p, const esp_criterion *criterion, double sparsity,
                             esp_error *err);
/* The only writer of masks: p->keep becomes the masks. Zeroes what is pruned; clears momentum of
 * what is pruned or regrown. */
void esp_pruner_commit(esp_pruner *p);

/* Zeroes the weights of units that p->keep leaves out, without pruning them. */
void esp__pruner_zero(esp_pruner *p);

/* Whether the densities are rounded such that the total is exact. */
bool esp__pruner_exact(const esp_pruner *p);

/* Reads the masks back into p->keep: a unit is there while any of its scored weights is. */
void esp_pruner_load_masks(esp_pruner *p);

/* ---- hooks.c ---- */

/* Makes the state, and says which parameters are reparametrised. */
esp_status esp__hooks_open(esp_pruner *p, esp_error *err);
/* Brings reparametrised parameters up to date: after a mask change, a checkpoint, the end of the
 * hooks. */
void esp__hooks_materialise(esp_pruner *p);
void esp__hooks_close(esp_pruner *p);
/* What the weights of reparametrised parameters should be without their mask, in p->weight_score.
 * False: there are none. */
bool esp__hooks_reparametrize(const esp_pruner *p);

#endif
