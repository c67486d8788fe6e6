/* What dynamic methods and regularisers may ask of the pruner. Internal to src/prune. */
#ifndef ESP_PRUNER_H
#define ESP_PRUNER_H

#include <espalier/prune.h>

/* A layer the pruner covers. */
typedef struct esp_target {
  const esp_layer *layer;
  esp_param *weight;
  size_t units, unit_size;
  size_t first;        /* its first unit among the units of all layers */
  size_t first_weight; /* its first weight among the weights of all layers */
} esp_target;

struct esp_pruner {
  const esp_prune_options *opt;
  esp_model *model;
  const esp_criterion *criterion;
  const esp_dynamic *dynamic;
  const esp_regulariser *regulariser; /* NULL: none */
  const esp_structure *structure;
  const esp_distribution *distribution;
  const esp_prune_schedule *schedule;
  esp_target *target;
  int targets;
  size_t units, weights; /* of all targets */
  esp_mask *masks;       /* [params of the model]; keep is NULL where there is none */
  esp_key key;
  uint64_t changes;
  float *raw;                   /* [weights] the criterion's scores, before they become those of units */
  float *score;                 /* [units] */
  uint8_t *keep;                /* [units] the choice being made */
  int guarded;                  /* layers the guard saved in the last choice */
  bool finished;                /* hooks and shadows are gone */
  float *state[ESP_STATES_MAX]; /* of the hooks, those of all targets one after the other */
};

/* Scores every unit with the criterion (the mean over its weights). All scores are finite. */
void esp_pruner_score(esp_pruner *p, const esp_criterion *criterion);
/* The second half of it: scores of units from those of the weights in p->raw. */
void esp_pruner_rank(esp_pruner *p);
/* Fills p->keep with the best units by p->score at that sparsity, shared as the distribution says. A unit
 * whose score was set to -INFINITY is never kept, even if fewer stay than asked for. */
esp_status esp_pruner_choose(esp_pruner *p, double sparsity, esp_error *err);
/* Fills p->keep with the units that score above `threshold`, and the best unit of a layer that has none
 * (unless it may be empty). */
void esp_pruner_choose_above(esp_pruner *p, float threshold);
/* Prunes by the criterion to `sparsity`; what is pruned stays pruned. */
esp_status esp_pruner_remove(esp_pruner *p, const esp_criterion *criterion, double sparsity, esp_error *err);
/* The only writer of masks: p->keep becomes the masks. Zeroes what is pruned; clears momentum of what is
 * pruned or regrown. */
void esp_pruner_commit(esp_pruner *p);

/* Zeroes the weights of units that p->keep leaves out, without pruning them. */
void esp_pruner_zero(esp_pruner *p);

/* Reads the masks back into p->keep. */
void esp_pruner_recall(esp_pruner *p);

/* ---- hooks.c ---- */

/* Makes the state, and says which parameters are latent. */
esp_status esp_hooks_open(esp_pruner *p, esp_error *err);
/* Brings latent parameters up to date: after a mask change, a checkpoint, the end of the hooks. */
void esp_hooks_settle(esp_pruner *p);
void esp_hooks_close(esp_pruner *p);
/* What the weights of latent parameters should be without their mask, in p->raw. False: there are none. */
bool esp_hooks_values(const esp_pruner *p);

#endif
