/* What structures, dynamic methods and regularisers may ask of the pruner. Internal to
 * src/prune. */
#ifndef ESP_PRUNE_PRUNER_H
#define ESP_PRUNE_PRUNER_H

#include <espalier/prune.h>

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
  bool *left_dense; /* [layers of the model] the structure does not fit it, though nothing skips
                       it */

  /* How far it has come. */
  esp_mask *masks;              /* [params of the model]; keep is NULL where there is none */
  uint64_t changes;             /* mask changes so far */
  int64_t moved;                /* weights that were pruned or came back since that was asked */
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

  esp_prune_forecast forecast; /* of the final sparsity */

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

void esp__ranking_pools_free(esp_pruner *p);
/* Fills p->scored, once all pools are there. */
esp_status esp__scored_slices_make(esp_pruner *p, esp_error *err);

/* The second half of scoring: each unit's mean of the scores in p->weight_score. */
void esp__pruner_unit_scores(esp_pruner *p);
/* Deals the scores of what may stay out anew, within each layer. */
esp_status esp__pruner_shuffle(esp_pruner *p, esp_error *err);
/* Chooses by the scores among what is there. */
esp_status esp__pruner_select_units(esp_pruner *p, double sparsity, esp_error *err);
/* Zeroes the weights of units that p->keep leaves out, without pruning them. */
void esp__pruner_zero(esp_pruner *p);

/* Whether a round looks at single images or makes passes of its own, so that it needs a graph for
 * whole batches. */
bool esp__pruner_sees_images(const esp_pruner *p);
/* Whether the densities are rounded such that the total is exact. */
bool esp__pruner_exact(const esp_pruner *p);

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
