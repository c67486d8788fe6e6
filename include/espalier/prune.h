/* Pruning: who decides which weights exist, and when.
 *
 * A method is a product of small choices, each an entry in a table with one or two functions:
 *
 *     criterion     a score per weight; higher means keep
 *     structure     what is removed together (weight, filter): turns scores of weights into scores of units
 *     distribution  how the budget is shared among layers
 *     schedule      how much, when
 *     dynamic       methods that also bring weights back while training (surgery, SET, RigL)
 *
 * struct esp_pruner owns every mask. Only its commit function writes one:
 *
 *     mask = 0  =>  weight = 0 and momentum = 0, exactly, after every step and in every checkpoint.
 *
 * A method that needs the dense weights behind the mask (surgery) declares a shadow: value = shadow * mask.
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
  bool (*applies)(const esp_param *p);
  size_t (*unit_size)(
      const esp_param *p); /* weights in a unit; unit u is weights [u * size, (u + 1) * size) */
  bool whole_channels;     /* units are output channels: bias and batch norm of the channel go with them */
} esp_structure;
const esp_structure *esp_structure_at(size_t i);

typedef struct esp_distribution {
  const char *name, *help;
  /* Shares `budget` units to keep among `n` parameters with units[i] units each: fills keep[i] <= units[i]
   * with sum(keep) = budget exactly. NULL: all units compete in one ranking (global). */
  esp_status (*share)(const esp_prune_options *opt, esp_param *const *p, const size_t *units, int n,
                      size_t budget, double *density, esp_error *err);
} esp_distribution;
const esp_distribution *esp_distribution_at(size_t i);

typedef struct esp_prune_schedule {
  const char *name, *help;
  bool in_training; /* masks change during training, by step; else between rounds of training */
  /* Sparsity asked for at `t` in (0, 1]: (round / rounds) or the share of steps from begin to end. */
  double (*sparsity)(const esp_prune_options *opt, double t);
} esp_prune_schedule;
const esp_prune_schedule *esp_prune_schedule_at(size_t i);

#endif
