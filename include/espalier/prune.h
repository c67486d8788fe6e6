/* Pruning: who decides which weights exist, and when.
 *
 * A method is a product of small choices, each an entry in a table with one or two functions:
 *
 *     criterion     a score per weight; higher means keep; says what has to be measured for it
 *     structure     what is removed together (weight, channel, ...): turns weights into units
 *     distribution  how the budget is shared among layers
 *     schedule      how much, when
 *     dynamic       methods that also bring weights back while training (surgery, SET, RigL, ...)
 *     regulariser   what pushes weights towards zero in the training before the first round
 *
 * struct esp_pruner owns every mask. Only its commit function writes one:
 *
 *     mask = 0  =>  weight = 0 and momentum = 0, exactly, after every step and in every checkpoint.
 *
 * A method that needs the dense weights behind the mask (surgery) declares a shadow:
 * value = shadow * mask. A method whose weights are a function of what is learned (scores,
 * thresholds, gates) says which: value = f(shadow, state) * mask.
 *
 * Selection keeps an exact count: of n units at sparsity s, n - round(s * n) stay (halves round to
 * even), those with the highest scores; of equal scores the one with the lower index stays. */
#ifndef ESP_PRUNE_H
#define ESP_PRUNE_H

#include <espalier/linkage.h>
#include <espalier/model.h>
#include <espalier/option.h>
#include <espalier/param.h>
#include <espalier/random.h>

#include <stdbool.h>
#include <stdint.h>

ESP_BEGIN_DECLS

/* ---- options ---- */

/* The keys of a method: its own, or those that a family of methods shares. They stand in [prune]
 * like the common ones, and are read, checked, explained and written like these. A method reads
 * their values with esp_prune_keys. */
typedef struct esp_method_keys {
  const esp_option *table; /* name NULL after the last */
  size_t bytes;            /* of the struct that the offsets in the table lie in */
  const char *after; /* the key of [prune] that a configuration shows before them; NULL: the last */
} esp_method_keys;
enum { ESP_METHOD_KEYS_MAX = 2 }; /* families of keys that a method has */

/* The keys of [prune] that are not one method's. */
typedef struct esp_prune_options {
  char *method;       /* none, a criterion, or a dynamic method */
  char *distribution; /* global | uniform | erk | lamp | per-layer | genetic | swarm */
  char *structure;    /* weight | filter | channel | neuron | layer | block | n:m | hybrid */
  char *schedule;     /* one-shot | iterative | cubic | linear | exponential | list | feedback */
  char *at;           /* auto | init | rounds | training: when the schedule runs */
  double sparsity;    /* share of the units to remove in the end */
  int64_t rounds;
  char *retrain;          /* finetune | lr-rewind | weight-rewind | reinit | reconstruct | none */
  int64_t retrain_epochs; /* per round */
  double retrain_lr;      /* peak rate of fine-tuning and reconstruction */
  char *retrain_schedule; /* a learning-rate schedule; fine-tuning has no warm-up */
  int64_t rewind_epoch; /* weight-rewind: epoch of the dense training to go back to; 0 = the initial
                       weights */
  int64_t rewind_step;  /* the same in steps; 0 = as rewind_epoch says */
  char *mask_from;      /* "", or the file or run directory whose masks are put on there */
  char *skip;           /* words: patterns of layers that stay dense */
  bool allow_empty;     /* a layer may lose all its weights */
  double layer_floor;   /* least density of a layer */
  bool shuffle;         /* control: deal the scores of a layer out to its units at random */
  double begin_epoch,
      end_epoch; /* cubic and dynamic: epochs of training during which masks change; end 0 = 3/4 of
                    it */
  int64_t every; /* steps between two mask changes */
  double every_epochs;      /* the same in epochs; 0 = as `every` says */
  int64_t ramps;            /* parts of the pruning period that pauses lie between */
  double pause_epochs;      /* length of a pause, in which no mask changes */
  int64_t saliency_batches; /* batches that a criterion which measures sees */
  int64_t early_bird; /* epochs over which masks must have settled to end the training; 0 = off */
  double early_bird_distance; /* share of the units in which settled masks may differ */
  char *regulariser;          /* none | l1 | group-lasso | slimming | admm | l0 */
  double distill;             /* share of the dense network's answers in the loss of retraining */
  double temperature;         /* that softens them */
  struct esp_method_values *methods; /* the keys that methods own: read with esp_prune_keys; NULL =
                                        all at their defaults, once there is a pruner */
} esp_prune_options;
extern const esp_option esp_prune_option_table[];
/* Single weights by magnitude, in one ranking, at once: what options that come from no
 * configuration begin with. */
extern const esp_prune_options esp_prune_plain;

/* The values of these keys in `opt`, a struct of keys->bytes bytes. `opt` comes from a
 * configuration or a pruner, or esp_prune_keys_open was called on it. */
const void *esp_prune_keys(const esp_prune_options *opt, const esp_method_keys *keys);
/* For options that come from no configuration: gives the keys of all methods their defaults, in
 * memory that esp_prune_keys_close frees. Those of methods that are registered later are not among
 * them. */
esp_status esp_prune_keys_open(esp_prune_options *opt, esp_error *err);
void esp_prune_keys_close(esp_prune_options *opt);
/* Sets the method's key `name` to a value, written as in an INI file. */
esp_status esp_prune_keys_set(esp_prune_options *opt, const char *name, const char *value,
                              esp_error *err);

/* A key of [prune], and whose it is. */
typedef struct esp_prune_key {
  const esp_option *option;     /* NULL after the last */
  const esp_method_keys *owner; /* NULL: a common one */
} esp_prune_key;
enum { ESP_PRUNE_KEYS_MAX = 256 };
/* Fills `key` [ESP_PRUNE_KEYS_MAX + 1] with all of them, in the order in which a configuration
 * shows them. */
void esp_prune_key_list(esp_prune_key *key);

/* Of the schedule feedback; espalier search has the same notion of good and near. */
typedef struct esp_feedback_options {
  double tolerance;        /* share of validation accuracy that pruning may cost */
  double step, least_step; /* what a round adds to the sparsity at first, and at least */
} esp_feedback_options;
extern const esp_method_keys esp_feedback_keys;
static inline const esp_feedback_options *esp_feedback_options_of(const esp_prune_options *opt) {
  return (const esp_feedback_options *)esp_prune_keys(opt, &esp_feedback_keys);
}

/* Of the schedule list; espalier sensitivity tries the same sparsities out. */
typedef struct esp_list_options {
  esp_numbers sparsities; /* what each round prunes to */
} esp_list_options;
extern const esp_method_keys esp_list_keys;
static inline const esp_list_options *esp_list_options_of(const esp_prune_options *opt) {
  return (const esp_list_options *)esp_prune_keys(opt, &esp_list_keys);
}

/* Of the distributions that search. */
typedef struct esp_search_options {
  char *budget;        /* what `sparsity` is a share of: units | weights | macs */
  int64_t population;  /* members, or particles */
  int64_t generations; /* rounds of trials after the first population */
  int64_t recalibrate; /* training batches that batch norms see before a trial is judged */
} esp_search_options;
extern const esp_method_keys esp_search_keys;
static inline const esp_search_options *esp_search_options_of(const esp_prune_options *opt) {
  return (const esp_search_options *)esp_prune_keys(opt, &esp_search_keys);
}

/* Of the regularisers, and of methods that are driven by a penalty. */
typedef struct esp_strength_options {
  double strength; /* the penalty's factor */
} esp_strength_options;
extern const esp_method_keys esp_strength_keys;
static inline const esp_strength_options *esp_strength_options_of(const esp_prune_options *opt) {
  return (const esp_strength_options *)esp_prune_keys(opt, &esp_strength_keys);
}

/* What follows the pruning of a round; the i-th is named esp_retrain_name(i), NULL after the
 * last. */
typedef enum esp_retrain {
  ESP_FINETUNE,
  ESP_LR_REWIND,
  ESP_WEIGHT_REWIND,
  ESP_REINIT,
  ESP_RECONSTRUCT,
  ESP_RETRAIN_NONE
} esp_retrain;
const char *esp_retrain_name(size_t i);

typedef struct esp_pruner esp_pruner;
typedef struct esp_ranking_pool esp_ranking_pool;

/* What a criterion may look at besides the parameter. */
typedef struct esp_prune_ctx {
  esp_key key; /* its own for each parameter and mask change */
  const esp_prune_options *opt;
  const esp_layer *layer; /* whose weight the parameter is */
  esp_activity activity;  /* ESP_NEEDS_ACTIVATIONS: of that layer; else all NULL */
  double *plane;          /* the same: room for a plane of the activity's output */
} esp_prune_ctx;

/* What must have been measured before a criterion scores. */
typedef enum esp_needs {
  ESP_NEEDS_NOTHING,
  ESP_NEEDS_SCALE,     /* a batch norm behind each layer; nothing is measured */
  ESP_NEEDS_MOVEMENT,  /* p->movement, gathered in every step of training */
  ESP_NEEDS_GRADIENT,  /* p->grad, averaged over saliency_batches (in training: that of the step) */
  ESP_NEEDS_GRADIENTS, /* p->grad of a batch; the units' scores are averaged over the batches */
  ESP_NEEDS_ACTIVATIONS, /* the same, and what the layer read and wrote */
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
} esp_probe;

/* Each kind of entry has three functions.
 *
 * esp_KIND_at(i) gives the i-th: the built-in ones, then the registered ones. esp_KIND_find gives
 * the one of a name.
 *
 * esp_KIND_register adds an entry from outside, which then is chosen, listed and explained like any
 * other. The entry must stay where it is, unchanged, while the library is used. Fails, in one line,
 * when a name, help or a function that is needed is missing, or the name is taken; criteria and
 * dynamic methods share their names. To be called from one thread before the first configuration is
 * read: the table of registered entries is a global. */

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
  /* Whether it can score this network, for at = init: asked before the first round, with a graph
   * that has gradients. Changes gradients only. NULL: it always can. */
  esp_status (*prepare)(const esp_model *model, esp_graph *graph, esp_error *err);
} esp_criterion;
const esp_criterion *esp_criterion_at(size_t i);           /* NULL after the last */
const esp_criterion *esp_criterion_find(const char *name); /* NULL when there is none */
esp_status esp_criterion_register(const esp_criterion *e, esp_error *err);

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

typedef struct esp_distribution_search esp_distribution_search; /* src/prune/search.h */

typedef struct esp_distribution {
  const char *name, *help;
  const esp_method_keys *keys[ESP_METHOD_KEYS_MAX]; /* NULL after the last */
  /* Fills the densities for a sparsity asked for. NULL: the units of all layers compete in one
   * ranking. */
  esp_status (*share)(const esp_prune_options *opt, double sparsity, esp_layer_budget *share, int n,
                      esp_error *err);
  bool explicit_total; /* the densities say how much is removed in all, whatever `sparsity` asks */
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
esp_status esp_distribution_register(const esp_distribution *e, esp_error *err);

/* How far a schedule that reacts has come. */
typedef struct esp_feedback_state {
  double good; /* the sparsity of the last good network; 0 = the dense one */
  double step; /* what the next round adds to it */
  bool back;   /* the newest network was not good: the last good one takes its place */
  bool over;   /* no further rounds */
} esp_feedback_state;

typedef struct esp_prune_schedule {
  const char *name, *help;
  const esp_method_keys *keys[ESP_METHOD_KEYS_MAX]; /* NULL after the last */
  bool in_training; /* with at = auto: masks change during training, by step; else between rounds of
                      it */
  bool listed;      /* it is the key `sparsities` that says how many rounds there are */
  /* Sparsity at `t` in [0, 1]: round / rounds, or the share of the steps from begin to end. */
  double (*sparsity)(const esp_prune_options *opt, double t);
  /* What follows from a round to the sparsity `asked` whose network has a validation accuracy (0 to
   * 1) that is lower by `drop` than the dense network's. The state begins as
   * {0, first_step}. NULL: a round does not depend on those before; else the rounds go to
   * good + step, at most to opt->sparsity. */
  void (*react)(const esp_prune_options *opt, esp_feedback_state *course, double asked,
                double drop);
  double (*first_step)(const esp_prune_options *opt); /* with `react`: the sparsity of round 1 */
} esp_prune_schedule;
const esp_prune_schedule *esp_prune_schedule_at(size_t i);           /* NULL after the last */
const esp_prune_schedule *esp_prune_schedule_find(const char *name); /* NULL when there is none */
esp_status esp_prune_schedule_register(const esp_prune_schedule *e, esp_error *err);
/* The one that opt->schedule names. */
const esp_prune_schedule *esp_prune_schedule_of(const esp_prune_options *opt);

/* When masks change: in rounds after the training, in rounds before it, or step by step during
 * it. */
typedef enum esp_prune_when { ESP_PRUNE_ROUNDS, ESP_PRUNE_INIT, ESP_PRUNE_TRAINING } esp_prune_when;
/* As method, schedule and `at` say; the method is not none. */
esp_prune_when esp_prune_when_of(const esp_prune_options *opt);
/* Rounds of pruning; 1 for what prunes in training. At most so many where the schedule reacts. */
int esp_prune_rounds(const esp_prune_options *opt);
/* How much of a pruning period of `length` steps has passed after `step` of them, 0 to 1. There are
 * `ramps` parts of equal length with `pause` steps between two; -1 within a pause. */
double esp_prune_progress(int64_t step, int64_t length, int64_t ramps, int64_t pause);

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
} esp_step_ctx;

/* How a method takes part in every step: a regulariser from the first step, a dynamic method from
 * its first mask change; both until esp_pruner_finish. Any function may be NULL. */
typedef struct esp_prune_hooks {
  esp_state_kind state[ESP_STATES_MAX]; /* name NULL after the last */
  /* Before the forward pass: puts other values in place for this pass alone. Needs `values`. */
  void (*pre_forward)(esp_pruner *pruner, const esp_step_ctx *now);
  /* After the backward pass and the mask change, before the optimiser: changes p->grad, moves the
   * state. */
  esp_status (*post_backward)(esp_pruner *pruner, const esp_step_ctx *now, esp_error *err);
  /* value[count] of the weight of part number `part` (src/prune/pruner.h) as a function of shadow
   * and state; the mask applies on top. The optimiser leaves the decay of these shadows to
   * `gradient`. Needs a shadow. */
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

/* Makes a pruner with all masks full. opt and model must outlive it. Fails when the choices do not
 * go together. */
esp_status esp_pruner_new(esp_pruner **pruner, const esp_prune_options *opt, esp_model *model,
                          esp_key seed, esp_error *err);
/* Frees it and its masks; the parameters are dense again (their zeros stay). NULL is allowed. */
void esp_pruner_free(esp_pruner *pruner);

bool esp_pruner_in_training(const esp_pruner *p);
bool esp_pruner_at_init(const esp_pruner *p); /* all rounds come before the training */
/* Its masks come from elsewhere (opt->mask_from), and it decides nothing. */
bool esp_pruner_external_masks(const esp_pruner *p);
/* How many steps an epoch has: what every_epochs and pause_epochs count in. */
void esp_pruner_set_epoch(esp_pruner *p, int64_t steps);
/* Rounds of pruning (1 for methods that prune in training), and the sparsity asked for in round 1,
 * 2, ... */
int esp_pruner_rounds(const esp_pruner *p);
double esp_pruner_round_sparsity(const esp_pruner *p, int round);

/* Who says how good networks on trial are. */
typedef struct esp_trial_evaluator {
  /* *fitness: the higher the better; a function of the weights as they stand, which are those of
   * trial number `trial` of the search in progress (from 0), and may be changed. */
  esp_status (*fitness)(void *context, int trial, double *fitness, esp_error *err);
  /* After each trial, when the network is again what it was: to show and save progress. An error
   * ends the search. */
  esp_status (*after)(void *context, int trial, int trials, esp_error *err);
  void *context;
} esp_trial_evaluator;
/* For the rounds to come. A distribution that searches cannot do without. */
void esp_pruner_set_trial_evaluator(esp_pruner *p, esp_trial_evaluator judge);

/* A round: measures what the criterion needs, then prunes to `sparsity`; not for dynamic methods,
 * which choose for themselves. What is pruned stays pruned. *floored: layers that kept units only
 * because of layer_floor, or because a layer is never emptied. Touches nothing but masks, what they
 * zero, and gradients. */
esp_status esp_pruner_round(esp_pruner *p, const esp_probe *probe, double sparsity, int *floored,
                            esp_error *err);
/* The same with what has been measured already: gradients in p->grad. Not for criteria that need
 * activations or passes. */
esp_status esp_pruner_prune(esp_pruner *p, double sparsity, int *floored, esp_error *err);
/* Early-bird tickets (You et al. 2020): measures, notes which units would stay at the final
 * sparsity, and says whether that has settled: whether it differs from what each of the last
 * opt->early_bird calls noted in at most the share early_bird_distance of the units. `calls`: how
 * often it was called before. */
esp_status esp_pruner_settled(esp_pruner *p, const esp_probe *probe, int64_t calls, bool *settled,
                              esp_error *err);
/* What it has noted, for a checkpoint: bytes [*count]; NULL with early_bird = 0. */
uint8_t *esp_pruner_mask_history(esp_pruner *p, size_t *count);
/* A step of training of a method that prunes in training: changes masks if it is time. begin <= end
 * are steps. */
esp_status esp_pruner_step(esp_pruner *p, int64_t step, int64_t begin, int64_t end, bool *changed,
                           esp_error *err);
/* Whether the backward pass of that step must fill the gradients of pruned weights: for a shadow,
 * or for a mask change that looks at them. */
bool esp_pruner_needs_dense(const esp_pruner *p, int64_t step, int64_t begin, int64_t end);
/* The three places of a step where hooks act: before the forward pass; after esp_pruner_step; after
 * the optimiser. */
void esp_pruner_pre_forward(esp_pruner *p, const esp_step_ctx *now);
esp_status esp_pruner_post_backward(esp_pruner *p, const esp_step_ctx *now, esp_error *err);
void esp_pruner_post_step(esp_pruner *p, const esp_step_ctx *now);
/* The pruning period, or the regularised training, is over: masks stay, hooks and shadows end, and
 * the plain invariant holds. */
void esp_pruner_finish(esp_pruner *p);
bool esp_pruner_finished(const esp_pruner *p);

/* Units pruned and units in all, of the layers that the pruner covers. */
typedef struct esp_pruned {
  size_t pruned, units;
} esp_pruned;
esp_pruned esp_pruner_count(const esp_pruner *p);
/* The same of a pool: a layer, or the first of those whose channels go together. Only those whose
 * units rank are counted. */
int esp_pruner_pools(const esp_pruner *p);
const esp_layer *esp_pruner_pool(const esp_pruner *p, int i, esp_pruned *count);

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
/* Makes the masks those of whole units: a unit stays while any of its scored weights does. */
esp_status esp_pruner_unify(esp_pruner *p, esp_error *err);
/* Before the rounds of a method that prunes before the training: fails when its criterion cannot
 * score this network. Changes gradients only. */
esp_status esp_pruner_prepare(esp_pruner *p, esp_graph *graph, esp_error *err);
/* Zeroes weights and momentum outside the masks: after weights were loaded, rewound or drawn
 * anew. */
void esp_pruner_apply(esp_pruner *p);
/* A new model in *small without what the weights of `model` leave without effect: residual blocks
 * that give 0, and channels that are 0 or that nobody reads (with what belongs to them, see
 * src/prune/groups.h). Each layer keeps a multiple of `multiple` (>= 1) channels, or all. Its
 * logits are those of `model`: what is left out would add zeros. Masks, momentum and averages are
 * not copied. */
esp_status esp_shrink(const esp_model *model, int multiple, esp_model **small, esp_error *err);
/* True if mask = 0 => weight = 0 and momentum = 0 (with a shadow: value = shadow * mask; where
 * hooks make the values: what they make of it * mask). */
bool esp_pruner_holds(const esp_pruner *p);

ESP_END_DECLS

#endif
