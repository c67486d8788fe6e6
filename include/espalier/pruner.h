/* The life of a pruner: it owns every mask of a model. Only its commit function writes one:
 *
 *     mask = 0  =>  weight = 0 and momentum = 0, exactly, after every step and in every checkpoint.
 *
 * A method that needs the dense weights behind the mask (surgery) declares a shadow:
 * value = shadow * mask. A method whose weights are a function of what is learned (scores,
 * thresholds, gates) says which: value = f(shadow, state) * mask.
 *
 * Selection keeps an exact count: of n units at sparsity s, n - round(s * n) stay (halves round to
 * even), those with the highest scores; of equal scores the one with the lower index stays. */
#ifndef ESP_PRUNER_H
#define ESP_PRUNER_H

#include <espalier/linkage.h>
#include <espalier/model.h>
#include <espalier/prune_method.h>
#include <espalier/prune_options.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ESP_BEGIN_DECLS

/* Makes a pruner with all masks full. opt and model must outlive it. Fails when the choices do not
 * go together. */
esp_status esp_pruner_new(esp_pruner **pruner, const esp_prune_options *opt, esp_model *model,
                          esp_key seed, esp_error *err);
/* Frees it and its masks; the parameters are dense again (their zeros stay). NULL is allowed. */
void esp_pruner_free(esp_pruner *pruner);

/* Masks change step by step while the network trains. */
bool esp_pruner_in_training(const esp_pruner *p);
/* All rounds come before the training. */
bool esp_pruner_at_init(const esp_pruner *p);
/* Its masks come from elsewhere (opt->mask_from), and it decides nothing. */
bool esp_pruner_external_masks(const esp_pruner *p);
/* How many steps an epoch has: what every_epochs and pause_epochs count in. */
void esp_pruner_set_epoch(esp_pruner *p, int64_t steps);
/* Rounds of pruning; 1 for methods that prune in training. */
int esp_pruner_rounds(const esp_pruner *p);
/* What goes is what scores below a threshold: no sparsity is asked for. */
bool esp_pruner_by_threshold(const esp_pruner *p);
/* The sparsity that round 1, 2, ... prunes to; by threshold that of the options, times the share of
 * the threshold that applies in the round. */
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
void esp_pruner_set_trial_evaluator(esp_pruner *p, esp_trial_evaluator evaluator);

/* A round: measures what the criterion needs, then prunes to `sparsity`; not for dynamic methods,
 * which choose for themselves. What is pruned stays pruned. *floored: layers that kept units only
 * because of layer_floor, or because a layer is never emptied. Touches nothing but masks, what they
 * zero, and gradients. */
esp_status esp_pruner_round(esp_pruner *p, const esp_probe *probe, double sparsity, int *floored,
                            esp_error *err);
/* A round of which all has been measured already: gradients are in p->grad. Prunes to `sparsity`,
 * as esp_pruner_round does. Not for criteria that need activations or passes. */
esp_status esp_pruner_prune(esp_pruner *p, double sparsity, int *floored, esp_error *err);
/* Early-bird tickets (You et al. 2020): measures, notes which units would stay at the final
 * sparsity, and says whether that has settled: whether it differs from what each of the last
 * opt->early_bird calls noted in at most the share early_bird_distance of the units. `calls`: how
 * often it was called before. */
esp_status esp_pruner_settled(esp_pruner *p, const esp_probe *probe, int64_t calls, bool *settled,
                              esp_error *err);
/* What esp_pruner_settled has noted, for a checkpoint: bytes [*count]; NULL with early_bird = 0. */
uint8_t *esp_pruner_mask_history(esp_pruner *p, size_t *count);
/* A step of training of a method that prunes in training: changes masks if it is time. begin <= end
 * are steps. */
esp_status esp_pruner_step(esp_pruner *p, int64_t step, int64_t begin, int64_t end, bool *changed,
                           esp_error *err);
/* How many steps of such a period change masks, the first and the last among them; counted up to
 * `most`. */
int esp_pruner_count_changes(const esp_pruner *p, int64_t begin, int64_t end, int most);
/* Whether the backward pass of that step must fill the gradients of pruned weights: for a shadow,
 * or for a mask change that looks at them. */
bool esp_pruner_needs_dense(const esp_pruner *p, int64_t step, int64_t begin, int64_t end);
/* Lets hooks act before the forward pass of a step. */
void esp_pruner_pre_forward(esp_pruner *p, const esp_step_ctx *now);
/* Lets hooks act after the backward pass and esp_pruner_step, before the optimiser. */
esp_status esp_pruner_post_backward(esp_pruner *p, const esp_step_ctx *now, esp_error *err);
/* Lets hooks act after the optimiser. */
void esp_pruner_post_step(esp_pruner *p, const esp_step_ctx *now);
/* The pruning period, or the regularised training, is over: masks stay, hooks and shadows end, and
 * the plain invariant holds. */
void esp_pruner_finish(esp_pruner *p);
/* Whether esp_pruner_finish was called. */
bool esp_pruner_finished(const esp_pruner *p);

typedef struct esp_pruned {
  size_t pruned, units; /* that are gone, and in all */
} esp_pruned;
/* Of all layers that the pruner covers. */
esp_pruned esp_pruner_count(const esp_pruner *p);
/* Weights of convolutions and linear layers that mask changes pruned or brought back since this was
 * asked last, or since a checkpoint was loaded. One that goes and comes back counts twice. */
int64_t esp_pruner_take_moved(esp_pruner *p);
/* Layers that kept units in the newest choice only because of layer_floor, or because a layer is
 * never emptied. */
int esp_pruner_floored(const esp_pruner *p);

/* What pruning to opt->sparsity would leave, as tried out when the pruner was made; by threshold
 * nobody knows. */
typedef struct esp_prune_forecast {
  size_t kept, units;
  int floored; /* layers, as in esp_pruner_floored */
} esp_prune_forecast;
esp_prune_forecast esp_pruner_forecast(const esp_pruner *p);
/* Whether a layer of the model is left dense since the structure does not fit it, though nothing
 * skips it: n:m where the inputs are no multiple of m. */
bool esp_pruner_left_dense(const esp_pruner *p, int layer);
/* Pools of units that are ranked: layers, or layers whose channels go together. */
int esp_pruner_pools(const esp_pruner *p);
/* The layer of pool `i`, or the first of its layers, and the pool's units in *count. */
const esp_layer *esp_pruner_pool(const esp_pruner *p, int i, esp_pruned *count);

/* Number of mask changes so far; random choices depend on it, so a checkpoint holds it. */
uint64_t esp_pruner_changes(const esp_pruner *p);
/* Puts back a mask from a checkpoint: keep[count] of 0 and 1. */
esp_status esp_pruner_restore(esp_pruner *p, esp_param *param, const uint8_t *keep, esp_error *err);
/* Puts back the number of mask changes from a checkpoint. */
void esp_pruner_restore_changes(esp_pruner *p, uint64_t changes);
/* What the hooks keep, for a checkpoint to write and read. */
typedef struct esp_prune_state {
  const char *name; /* NULL after the last */
  size_t count;
  float *data; /* [count] */
} esp_prune_state;
/* The i-th thing that the hooks keep, from 0. */
esp_prune_state esp_pruner_state(const esp_pruner *p, int i);
/* Makes the masks those of whole units: a unit stays while any of its scored weights does. */
esp_status esp_pruner_unify(esp_pruner *p, esp_error *err);
/* When a run begins: fails when the method's criterion cannot score this network, or, before the
 * rounds of one that prunes before the training, its weights. Changes gradients only. */
esp_status esp_pruner_prepare(esp_pruner *p, esp_graph *graph, esp_error *err);
/* Zeroes weights and momentum outside the masks: after weights were loaded, rewound or drawn
 * anew. */
void esp_pruner_apply(esp_pruner *p);
/* True if mask = 0 => weight = 0 and momentum = 0 (with a shadow: value = shadow * mask; where
 * hooks make the values: what they make of it * mask). */
bool esp_pruner_holds(const esp_pruner *p);

ESP_END_DECLS

#endif
