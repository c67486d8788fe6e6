/* What a method of pruning is made of. It is a product of small choices, each an entry in a table
 * with one or two functions:
 *
 *     criterion     a score per weight; higher means keep; says what has to be measured for it
 *     structure     what is removed together (weight, channel, ...): turns weights into units
 *     distribution  how the budget is shared among layers
 *     schedule      how much, when
 *     dynamic       methods that also bring weights back while training (surgery, SET, RigL, ...)
 *     regulariser   what pushes weights towards zero in the training before the first round
 *
 * What the functions of an entry may ask of the pruner and do with it is in prune_units.h. */
#ifndef ESP_PRUNE_METHOD_H
#define ESP_PRUNE_METHOD_H

#include <espalier/linkage.h>
#include <espalier/graph.h>
#include <espalier/model.h>
#include <espalier/optim.h>
#include <espalier/param.h>
#include <espalier/prune_options.h>
#include <espalier/random.h>
#include <espalier/ranks.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ESP_BEGIN_DECLS

typedef struct esp_pruner esp_pruner;
typedef struct esp_ranking_pool esp_ranking_pool;

/* What a criterion may look at besides the parameter. */
typedef struct esp_prune_ctx {
  esp_key key; /* its own for each parameter and mask change */
  const esp_prune_options *opt;
  const esp_layer *layer; /* whose weight the parameter is */
  esp_activity activity;  /* ESP_NEEDS_ACTIVATIONS: of that layer; else all NULL */
  double *plane;          /* ESP_NEEDS_ACTIVATIONS: room for a plane of the activity's output */
} esp_prune_ctx;

/* What must have been measured before a criterion scores. */
typedef enum esp_needs {
  ESP_NEEDS_NOTHING,
  ESP_NEEDS_SCALE,     /* a batch norm behind each layer; nothing is measured */
  ESP_NEEDS_MOVEMENT,  /* p->movement, gathered in every step of training */
  ESP_NEEDS_GRADIENT,  /* p->grad, averaged over saliency_batches (in training: that of the step) */
  ESP_NEEDS_GRADIENTS, /* p->grad of a batch; the units' scores are averaged over the batches */
  ESP_NEEDS_ACTIVATIONS, /* p->grad of a batch, and what the layer read and wrote in it; averaged
                            too */
  ESP_NEEDS_PASSES       /* passes of its own: `measure` */
} esp_needs;

/* How the scores of a unit's weights become one. */
typedef enum esp_unit_rule {
  ESP_UNIT_MEAN,   /* their mean */
  ESP_UNIT_SUM,    /* their sum */
  ESP_UNIT_NORM,   /* the root of the sum of their squares */
  ESP_UNIT_ABS_SUM /* the absolute value of their sum */
} esp_unit_rule;

/* Where a criterion gets what it measures with. */
typedef struct esp_probe {
  esp_graph *graph; /* of the pruner's model, with gradients */
  esp_pass pass;    /* how passes over the images are to be run */
  const esp_batch *(*next)(
      void *images); /* the next batch; NULL at the end, and then the first again */
  void *images;
  /* The processes that measure together, each of them with a graph for whole batches; NULL: what
   * `next` gives is this process's share, or all. */
  esp_ranks *ranks;
  /* Where there are such: of the same batches, that whose number is turn * processes + rank. To be
   * called for turn 0, 1 and so on; NULL: there is none. */
  const esp_batch *(*next_own)(void *images, int turn);
} esp_probe;

/* ---- the kinds of entries ----
 *
 * Each kind has three functions.
 *
 * esp_KIND_at(i) gives the i-th: the built-in ones, then the registered ones. esp_KIND_find gives
 * the one of a name.
 *
 * esp_KIND_register adds an entry from outside, which then is chosen, listed and explained like any
 * other. The entry must stay where it is, unchanged, while the library is used. Fails, in one line,
 * when a name, help or a function that is needed is missing, or the name is taken; criteria and
 * dynamic methods share their names. To be called from one thread before the first configuration is
 * read: the table of registered entries is a global. */

/* Gives every weight a score; higher means keep. */
typedef struct esp_criterion {
  const char *name, *help;
  const esp_method_keys *keys[ESP_METHOD_KEYS_MAX]; /* NULL after the last */
  esp_needs needs;
  esp_unit_rule unit;
  bool negative; /* scores can lie below 0 */
  bool channels; /* gives all weights of an output channel one score: only for structures of whole
                   channels */
  void (*score)(const esp_param *p, const esp_prune_ctx *ctx, float *score); /* score[p->count] */
  /* ESP_NEEDS_PASSES: leaves in p->grad what `score` wants, and all else as it was. Else NULL. */
  esp_status (*measure)(esp_pruner *pruner, const esp_probe *probe, esp_error *err);
  /* Whether the network's layers are such that it can score them, whatever the weights: asked when
   * a run begins, with a graph that has gradients. NULL: any are. */
  esp_status (*fits)(const esp_graph *graph, esp_error *err);
  /* Whether it can score this network, for at = init: asked before the first round, with a graph
   * that has gradients. Changes gradients only. NULL: it always can. */
  esp_status (*prepare)(const esp_model *model, esp_graph *graph, esp_error *err);
} esp_criterion;
const esp_criterion *esp_criterion_at(size_t i);           /* NULL after the last */
const esp_criterion *esp_criterion_find(const char *name); /* NULL when there is none */
esp_status esp_criterion_register(const esp_criterion *e, esp_error *err);

/* Says what is removed together: turns weights into units. */
typedef struct esp_structure {
  const char *name, *help;
  const esp_method_keys *keys[ESP_METHOD_KEYS_MAX]; /* NULL after the last */
  bool single_weights;                              /* every unit is one weight, of any layer */
  /* Whether the options allow it as the structure of all layers. NULL: always. */
  esp_status (*check)(const esp_prune_options *opt, esp_error *err);
  /* Adds the pools (units that compete with each other) it finds in the layers of the model for
   * which layers[i]. NULL in hybrid alone, whose layers have other structures. */
  esp_status (*cover)(esp_pruner *pruner, const bool *layers, esp_error *err);
  /* Fills the choice for one pool when `progress` (0 to 1) of all that is to go must have gone.
   * NULL: the units rank by score, and the distribution says how many stay. */
  void (*choose)(esp_pruner *pruner, const esp_ranking_pool *pool, double progress);
} esp_structure;
const esp_structure *esp_structure_at(size_t i);           /* NULL after the last */
const esp_structure *esp_structure_find(const char *name); /* NULL when there is none */
esp_status esp_structure_register(const esp_structure *e, esp_error *err);

/* A layer as a distribution sees it. */
typedef struct esp_layer_budget {
  const esp_layer *layer;
  size_t units;
  double density; /* out: share of the units to keep, 0 to 1 */
} esp_layer_budget;

typedef struct esp_distribution_search esp_distribution_search; /* src/prune/search/search.h */

/* Shares the budget out among the layers. */
typedef struct esp_distribution {
  const char *name, *help;
  const esp_method_keys *keys[ESP_METHOD_KEYS_MAX]; /* NULL after the last */
  /* Fills the densities for a sparsity asked for. NULL: the units of all layers compete in one
   * ranking. */
  esp_status (*share)(const esp_prune_options *opt, double sparsity, esp_layer_budget *share, int n,
                      esp_error *err);
  bool explicit_total; /* the densities say how much is removed in all, whatever `sparsity` asks */
  /* The choice is by threshold: the score below which units of a layer go, however many they are,
   * from score[n] of all of them (-INFINITY: gone already). The total is then what comes of it; the
   * schedule says how much of the threshold applies (`ramp`). NULL: `share` or one ranking. */
  double (*limit)(const esp_prune_options *opt, const float *score, size_t n);
  /* Puts other scores in the place of a layer's, before they are compared with those of others;
   * `order` has room for n. May be NULL. Scores are not negative, but for -INFINITY, which
   * stays. */
  void (*rescale)(float *score, size_t n, uint64_t *order);
  /* Before a round prunes: finds densities by trying networks out; `share` is what comes before any
   * were tried. fitness and numbers are zeros to work with: [copies][population], and a point for
   * each of them. May be NULL. */
  esp_status (*search)(esp_distribution_search *search, double *fitness, double *numbers,
                       esp_error *err);
  int copies;      /* of the population that the search works with */
  bool keeps_best; /* one member of a later generation is known already */
} esp_distribution;
const esp_distribution *esp_distribution_at(size_t i);           /* NULL after the last */
const esp_distribution *esp_distribution_find(const char *name); /* NULL when there is none */
/* That of prune.distribution. auto is uniform where filters or channels are ranked by a norm
 * (magnitude, l1, l2, soft), and global elsewhere. NULL when there is none of the name. */
const esp_distribution *esp_distribution_of(const esp_prune_options *o);
esp_status esp_distribution_register(const esp_distribution *e, esp_error *err);

/* How far a schedule that reacts has come. */
typedef struct esp_feedback_state {
  double good; /* the sparsity of the last good network; 0 = the dense one */
  double step; /* what the next round adds to it */
  bool back;   /* the newest network was not good: the last good one takes its place */
  bool over;   /* no further rounds */
} esp_feedback_state;

/* Says how much is gone when. */
typedef struct esp_prune_schedule {
  const char *name, *help;
  const esp_method_keys *keys[ESP_METHOD_KEYS_MAX]; /* NULL after the last */
  bool in_training; /* with at = auto: masks change during training, by step; else between rounds of
                      it */
  bool listed;      /* it is the key `sparsities` that says how many rounds there are */
  /* Sparsity at `t` in [0, 1]: round / rounds, or the share of the steps from begin to end. */
  double (*sparsity)(const esp_prune_options *opt, double t);
  /* The share of a threshold (esp_distribution.limit) that applies at `t`. NULL: the schedule is of
   * sparsities only. */
  double (*ramp)(double t);
  /* What follows from a round to the sparsity `asked` whose network has a validation accuracy (0 to
   * 1) that is lower by `drop` than the dense network's. The state begins as
   * {0, first_step}. NULL: a round does not depend on those before; else the rounds go to
   * good + step, at most to opt->sparsity. */
  void (*react)(const esp_prune_options *opt, esp_feedback_state *state, double asked, double drop);
  double (*first_step)(const esp_prune_options *opt); /* with `react`: the sparsity of round 1 */
} esp_prune_schedule;
const esp_prune_schedule *esp_prune_schedule_at(size_t i);           /* NULL after the last */
const esp_prune_schedule *esp_prune_schedule_find(const char *name); /* NULL when there is none */
esp_status esp_prune_schedule_register(const esp_prune_schedule *e, esp_error *err);
/* The one that opt->schedule names. */
const esp_prune_schedule *esp_prune_schedule_of(const esp_prune_options *opt);

/* What a method keeps besides weights and masks, in zeros at first. Checkpoints hold it. */
typedef enum esp_per { ESP_PER_WEIGHT, ESP_PER_UNIT, ESP_PER_LAYER, ESP_PER_NETWORK } esp_per;
typedef struct esp_state_kind {
  const char *name;
  esp_per per; /* what there is a number for */
} esp_state_kind;
enum { ESP_STATES_MAX = 3 };

/* A step of training as hooks see it. */
typedef struct esp_step_ctx {
  int64_t step;                        /* since the beginning of the phase */
  double loss;                         /* of the batch; 0 before the forward pass */
  double lr, momentum, decay, average; /* of the optimiser */
  const esp_train_options *train;
  int64_t update; /* number of the optimiser's next step since its moments were 0, from 1 */
} esp_step_ctx;

/* How a method takes part in every step: a regulariser from the first step, a dynamic method from
 * its first mask change; both until esp_pruner_finish. Any function may be NULL. */
typedef struct esp_prune_hooks {
  esp_state_kind state[ESP_STATES_MAX]; /* name NULL after the last */
  /* Before the forward pass: puts other values in place for this pass alone. Needs
   * `reparametrize`. */
  void (*pre_forward)(esp_pruner *pruner, const esp_step_ctx *now);
  /* After the backward pass and the mask change, before the optimiser: changes p->grad, moves the
   * state. */
  esp_status (*post_backward)(esp_pruner *pruner, const esp_step_ctx *now, esp_error *err);
  /* value[count] of the weights of scored slice number `slice` as a function of shadow and state;
   * the mask applies on top. The optimiser leaves the decay of these shadows to `post_backward`.
   * Needs a shadow. */
  void (*reparametrize)(const esp_pruner *pruner, int slice, float *value);
} esp_prune_hooks;

/* What pushes weights towards zero while the dense network trains, for methods that prune
 * afterwards. */
typedef struct esp_regulariser {
  const char *name, *help;
  const esp_method_keys *keys[ESP_METHOD_KEYS_MAX]; /* NULL after the last */
  bool shadow;
  bool (*applies)(
      const esp_layer *layer); /* NULL: to all that are pruned; some layer must be left */
  const esp_prune_hooks *hooks;
} esp_regulariser;
const esp_regulariser *esp_regulariser_at(size_t i);           /* NULL after the last */
const esp_regulariser *esp_regulariser_find(const char *name); /* NULL when there is none */
esp_status esp_regulariser_register(const esp_regulariser *e, esp_error *err);

/* A method that changes masks while training. One call per mask change, after the backward pass
 * (p->grad is the dense gradient of the step) and before the optimiser's step; t in [0, 1] is the
 * share of the pruning period that has passed; the first call has t = 0, unless the period is a
 * single step. */
typedef struct esp_dynamic {
  const char *name, *help;
  const esp_method_keys *keys[ESP_METHOD_KEYS_MAX]; /* NULL after the last */
  bool shadow;         /* keeps dense weights behind the masks until esp_pruner_finish */
  bool needs_gradient; /* looks at the gradients of pruned weights, or grows some, which then take
                         the step */
  bool any_structure;  /* that ranks its units; else only single weights */
  bool negative;       /* scores can lie below 0 */
  esp_status (*change)(esp_pruner *pruner, double t, esp_error *err);
  const esp_prune_hooks *hooks; /* NULL: only mask changes */
} esp_dynamic;
const esp_dynamic *esp_dynamic_at(size_t i);           /* NULL after the last */
const esp_dynamic *esp_dynamic_find(const char *name); /* NULL when there is none */
esp_status esp_dynamic_register(const esp_dynamic *e, esp_error *err);

/* What the method names: a criterion or a dynamic method. "none" is neither. */
const char *esp_prune_method_name(size_t i); /* all of them; NULL after the last */

ESP_END_DECLS

#endif
