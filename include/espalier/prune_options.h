/* The section [prune] as C: the common keys, and how methods own keys of their own. */
#ifndef ESP_PRUNE_OPTIONS_H
#define ESP_PRUNE_OPTIONS_H

#include <espalier/linkage.h>
#include <espalier/option.h>
#include <espalier/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ESP_BEGIN_DECLS

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
  char *distribution; /* see esp_distribution_at */
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
  int64_t rewind_step;  /* weight-rewind: step to go back to; 0 = as rewind_epoch says */
  char *mask_from;      /* "", or the file or run directory whose masks are put on there */
  char *skip;           /* words: patterns of layers that stay dense */
  bool allow_empty;     /* a layer may lose all its weights */
  double layer_floor;   /* least density of a layer */
  bool shuffle;         /* control: deal the scores of a layer out to its units at random */
  double begin_epoch,
      end_epoch; /* cubic and dynamic: epochs of training during which masks change; end 0 = 3/4 of
                    it */
  int64_t every; /* steps between two mask changes */
  double every_epochs;      /* epochs between two mask changes; 0 = as `every` says */
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
extern const esp_option esp_prune_option_table[]; /* the common keys; name NULL after the last */
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
/* Frees what esp_prune_keys_open made; opt->methods becomes NULL. */
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

/* Of the distribution threshold. */
typedef struct esp_threshold_options {
  double threshold;   /* units that score less go */
  char *threshold_of; /* absolute | deviation: of scores, or of scores / the layer's deviation */
} esp_threshold_options;
extern const esp_method_keys esp_threshold_keys;
static inline const esp_threshold_options *esp_threshold_options_of(const esp_prune_options *opt) {
  return (const esp_threshold_options *)esp_prune_keys(opt, &esp_threshold_keys);
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

ESP_END_DECLS

#endif
