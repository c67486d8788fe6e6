/* Pruning: who decides which weights exist, and when.
 *
 * A method is a product of small choices, each an entry in a table with one or two functions:
 *
 *     criterion     a score per weight; higher means keep
 *     structure     what is removed together (weight, filter): turns scores of weights into scores of units
 *     distribution  how the budget is shared among layers
 *     schedule      how much, when
 *     dynamic       methods that also bring weights back while training (surgery, SET, RigL, ...)
 *     regulariser   what pushes weights towards zero in the training before the first round
 *
 * struct esp_pruner owns every mask. Only its commit function writes one:
 *
 *     mask = 0  =>  weight = 0 and momentum = 0, exactly, after every step and in every checkpoint.
 *
 * A method that needs the dense weights behind the mask (surgery) declares a shadow: value = shadow * mask. A
 * method whose weights are a function of what is learned (scores, thresholds, gates) says which: value =
 * f(shadow, state) * mask.
 *
 * Selection keeps an exact count: of n units at sparsity s, n - round(s * n) stay (halves round to even),
 * those with the highest scores; of equal scores the one with the lower index stays. */
#ifndef ESP_PRUNE_H
#define ESP_PRUNE_H

#include <espalier/model.h>
#include <espalier/option.h>
#include <espalier/param.h>
#include <espalier/random.h>

#include <stdbool.h>
#include <stdint.h>

/* [prune] */
typedef struct esp_prune_options {
  char *method;       /* none, a criterion, or a dynamic method */
  char *distribution; /* global | uniform | erk | per-layer */
  char *structure;    /* weight | filter */
  char *schedule;     /* one-shot | iterative | cubic */
  double sparsity;    /* share of the units to remove in the end */
  int64_t rounds;
  char *retrain;          /* finetune | lr-rewind | weight-rewind | reinit | none */
  int64_t retrain_epochs; /* per round */
  double retrain_lr;      /* peak rate of fine-tuning */
  char *retrain_schedule; /* a learning-rate schedule; fine-tuning has no warm-up */
  int64_t
      rewind_epoch; /* weight-rewind: epoch of the dense training to go back to; 0 = the initial weights */
  char *skip;       /* words: patterns of layers that stay dense */
  char *layers;     /* per-layer: lines of "pattern sparsity" */
  bool allow_empty; /* a layer may lose all its weights */
  double begin_epoch,
      end_epoch; /* cubic and dynamic: epochs of training during which masks change; end 0 = 3/4 of it */
  int64_t every; /* steps between two mask changes */
  double
      drop_fraction; /* SET, RigL: share of a layer's weights that move at a mask change, at the beginning */
  double splice_margin; /* surgery: half-width of the band, around the threshold, in which weights keep their
                           state */
  int64_t saliency_batches; /* batches whose gradients a gradient criterion sees */
  char *regulariser;        /* none | l1 | group-lasso | slimming | admm | l0 */
  double distill;           /* share of the dense network's answers in the loss of retraining */
  double temperature;       /* that softens them */
  double strength;          /* of the regulariser; str, soft-movement: what drives the sparsity */
  double explore;           /* topkast: share of the weights that learn though they are not used */
  double stall;             /* grow: a loss that falls by less than this share grows units */
} esp_prune_options;
extern const esp_option esp_prune_option_table[];

/* What a criterion may look at besides the parameter. p->grad holds the loss gradient, averaged over
 * saliency_batches, when the criterion asks for it. */
typedef struct esp_prune_ctx {
  esp_key key; /* its own for each parameter and mask change */
} esp_prune_ctx;

typedef struct esp_criterion {
  const char *name, *help;
  bool needs_gradient;
  void (*score)(const esp_param *p, const esp_prune_ctx *ctx, float *score); /* score[p->count] */
} esp_criterion;
const esp_criterion *esp_criterion_at(size_t i); /* NULL after the last, as all below */

typedef struct esp_structure {
  const char *name, *help;
  bool (*applies)(const esp_layer *layer);
  size_t (*unit_size)(const esp_param *weight); /* unit u is weights [u * size, (u + 1) * size) */
  bool whole_channels; /* units are output channels: bias and batch norm of the channel go with them */
} esp_structure;
const esp_structure *esp_structure_at(size_t i);

/* A layer as a distribution sees it. */
typedef struct esp_share {
  const esp_layer *layer;
  size_t units;
  double density; /* out: share of the units to keep, 0 to 1 */
} esp_share;

typedef struct esp_distribution {
  const char *name, *help;
  /* Fills the densities for a sparsity asked for. NULL: the units of all layers compete in one ranking. */
  esp_status (*share)(const esp_prune_options *opt, double sparsity, esp_share *share, int n, esp_error *err);
  bool explicit_total; /* the densities say how much is removed in all, whatever `sparsity` asks */
} esp_distribution;
const esp_distribution *esp_distribution_at(size_t i);

typedef struct esp_prune_schedule {
  const char *name, *help;
  bool in_training; /* masks change during training, by step; else between rounds of training */
  /* Sparsity at `t` in [0, 1]: round / rounds, or the share of the steps from begin to end. */
  double (*sparsity)(const esp_prune_options *opt, double t);
} esp_prune_schedule;
const esp_prune_schedule *esp_prune_schedule_at(size_t i);

typedef struct esp_pruner esp_pruner;

/* What a method keeps besides weights and masks, in zeros at first. Checkpoints hold it. */
typedef enum esp_per { ESP_PER_WEIGHT, ESP_PER_UNIT, ESP_PER_LAYER, ESP_PER_NETWORK } esp_per;
typedef struct esp_state_kind {
  const char *name;
  esp_per per; /* what there is a number for */
} esp_state_kind;
enum { ESP_STATES_MAX = 3 };

/* A step of training as hooks see it. */
typedef struct esp_moment {
  int64_t step;                        /* since the beginning of the phase */
  double loss;                         /* of the batch; 0 before the forward pass */
  double lr, momentum, decay, average; /* of the optimiser */
} esp_moment;

/* How a method takes part in every step: a regulariser from the first step, a dynamic method from its first
 * mask change; both until esp_pruner_finish. Any function may be NULL. */
typedef struct esp_prune_hooks {
  esp_state_kind state[ESP_STATES_MAX]; /* name NULL after the last */
  /* Before the forward pass: puts other values in place for this pass alone. Needs `values`. */
  void (*before)(esp_pruner *pruner, const esp_moment *now);
  /* After the backward pass and the mask change, before the optimiser: changes p->grad, moves the state. */
  esp_status (*gradient)(esp_pruner *pruner, const esp_moment *now, esp_error *err);
  /* value[count] of target number `target` as a function of shadow and state; the mask applies on top. The
   * optimiser leaves the decay of these shadows to `gradient`. Needs a shadow. */
  void (*values)(const esp_pruner *pruner, int target, float *value);
} esp_prune_hooks;

/* What pushes weights towards zero while the dense network trains, for methods that prune afterwards. */
typedef struct esp_regulariser {
  const char *name, *help;
  bool shadow;
  bool (*applies)(const esp_layer *layer); /* NULL: to all that are pruned; some layer must be left */
  const esp_prune_hooks *hooks;
} esp_regulariser;
const esp_regulariser *esp_regulariser_at(size_t i);

/* A method that changes masks while training. One call per mask change, after the backward pass (p->grad is
 * the dense gradient of the step) and before the optimiser's step; t in [0, 1] is the share of the pruning
 * period that has passed; the first call has t = 0, unless the period is a
 * single step. */
typedef struct esp_dynamic {
  const char *name, *help;
  bool shadow;         /* keeps dense weights behind the masks until esp_pruner_finish */
  bool needs_gradient; /* looks at the gradients of pruned weights, or grows some, which then take the step */
  bool any_structure;  /* else only single weights */
  esp_status (*change)(esp_pruner *pruner, double t, esp_error *err);
  const esp_prune_hooks *hooks; /* NULL: only mask changes */
} esp_dynamic;
const esp_dynamic *esp_dynamic_at(size_t i);

/* What the method names: a criterion or a dynamic method. "none" is neither. */
const char *esp_prune_method_name(size_t i); /* all of them; NULL after the last */

/* Makes a pruner with all masks full. opt and model must outlive it. Fails when the choices do not go
 * together. */
esp_status esp_pruner_new(esp_pruner **pruner, const esp_prune_options *opt, esp_model *model, esp_key seed,
                          esp_error *err);
/* Frees it and its masks; the parameters are dense again (their zeros stay). NULL is allowed. */
void esp_pruner_free(esp_pruner *pruner);

bool esp_pruner_in_training(const esp_pruner *p);
bool esp_pruner_needs_gradient(const esp_pruner *p);
/* Rounds of pruning (1 for methods that prune in training), and the sparsity asked for in round 1, 2, ... */
int esp_pruner_rounds(const esp_pruner *p);
double esp_pruner_round_sparsity(const esp_pruner *p, int round);

/* Prunes to `sparsity` now; not for dynamic methods, which choose for themselves. What is pruned stays
 * pruned. *guarded: layers that kept one unit only because a layer is never emptied. */
esp_status esp_pruner_prune(esp_pruner *p, double sparsity, int *guarded, esp_error *err);
/* A step of training of a method that prunes in training: changes masks if it is time. begin <= end are
 * steps. */
esp_status esp_pruner_step(esp_pruner *p, int64_t step, int64_t begin, int64_t end, bool *changed,
                           esp_error *err);
/* Whether the backward pass of that step must fill the gradients of pruned weights: for a shadow, or for a
 * mask change that looks at them. */
bool esp_pruner_needs_dense(const esp_pruner *p, int64_t step, int64_t begin, int64_t end);
/* The three places of a step where hooks act: before the forward pass; after esp_pruner_step; after the
 * optimiser. */
void esp_pruner_before(esp_pruner *p, const esp_moment *now);
esp_status esp_pruner_gradient(esp_pruner *p, const esp_moment *now, esp_error *err);
void esp_pruner_after(esp_pruner *p, const esp_moment *now);
/* The pruning period, or the regularised training, is over: masks stay, hooks and shadows end, and the plain
 * invariant holds. */
void esp_pruner_finish(esp_pruner *p);
bool esp_pruner_finished(const esp_pruner *p);

/* Units pruned and units in all, of the layers that the pruner covers. */
typedef struct esp_pruned {
  size_t pruned, units;
} esp_pruned;
esp_pruned esp_pruner_count(const esp_pruner *p);

/* Number of mask changes so far; random choices depend on it, so a checkpoint holds it. */
uint64_t esp_pruner_changes(const esp_pruner *p);
/* Puts back a mask from a checkpoint: keep[count] of 0 and 1. */
esp_status esp_pruner_restore(esp_pruner *p, esp_param *param, const uint8_t *keep, esp_error *err);
void esp_pruner_restore_changes(esp_pruner *p, uint64_t changes);
/* What the hooks keep: number i, for a checkpoint to write and read. Name NULL after the last. */
typedef struct esp_prune_state {
  const char *name;
  size_t count;
  float *data; /* [count] */
} esp_prune_state;
esp_prune_state esp_pruner_state(const esp_pruner *p, int i);
/* Zeroes weights and momentum outside the masks: after weights were loaded, rewound or drawn anew. */
void esp_pruner_apply(esp_pruner *p);
/* True if mask = 0 => weight = 0 and momentum = 0 (with a shadow: value = shadow * mask; where hooks make the
 * values: what they make of it * mask). */
bool esp_pruner_holds(const esp_pruner *p);

#endif
