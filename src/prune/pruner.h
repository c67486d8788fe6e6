/* What dynamic methods may ask of the pruner. Internal to src/prune. */
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
  const esp_structure *structure;
  const esp_distribution *distribution;
  const esp_prune_schedule *schedule;
  esp_target *target;
  int targets;
  size_t units, weights;     /* of all targets */
  esp_mask *masks;           /* [params of the model]; keep is NULL where there is none */
  bool in_training, at_init; /* when the schedule runs; neither: in rounds after the training */
  int64_t every;             /* steps between two mask changes in training */
  esp_key key;
  uint64_t changes;
  const esp_graph *graph; /* while scores look at activations: where they are */
  double *planes;         /* the same: [targets][plane_size] */
  size_t plane_size;
  uint8_t *notes; /* [units] early-bird: bit e is the choice e epochs ago; NULL without */
  float *raw;     /* [weights] the criterion's scores, before they become those of units */
  float *score;   /* [units] */
  uint8_t *keep;  /* [units] the choice being made */
  int guarded;    /* layers the guard saved in the last choice */
};

/* Whether the choices go together, once the layers are known. */
esp_status esp_pruner_check(const esp_pruner *p, esp_error *err);

/* Scores every unit with the criterion. All scores are finite. */
void esp_pruner_score(esp_pruner *p, const esp_criterion *criterion);
/* Measures what p->criterion needs and scores every unit. */
esp_status esp_pruner_measure(esp_pruner *p, const esp_probe *probe, esp_error *err);
/* Deals the scores of what may stay out anew, within each layer. */
esp_status esp_pruner_shuffle(esp_pruner *p, esp_error *err);
/* Chooses by the scores among what is there. */
esp_status esp_pruner_decide(esp_pruner *p, double sparsity, esp_error *err);
/* Fills p->keep with the best units by p->score at that sparsity, shared as the distribution says. A unit
 * whose score was set to -INFINITY is never kept, even if fewer stay than asked for. */
esp_status esp_pruner_choose(esp_pruner *p, double sparsity, esp_error *err);
/* The only writer of masks: p->keep becomes the masks. Zeroes what is pruned; clears momentum of what is
 * pruned or regrown. */
void esp_pruner_commit(esp_pruner *p);

/* Reads the masks back into p->keep. */
void esp_pruner_recall(esp_pruner *p);

#endif
