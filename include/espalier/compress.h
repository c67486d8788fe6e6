/* Compression after pruning: steps that change how the weights that are left are written down.
 *
 * A step is an entry in a catalogue. A run makes the steps of [compress] one after the other, each
 * a stage of its own behind the pruning rounds: the step changes the values, then the network
 * trains on. What is pruned stays zero in all of them. */
#ifndef ESP_COMPRESS_H
#define ESP_COMPRESS_H

#include <espalier/linkage.h>
#include <espalier/graph.h>
#include <espalier/model.h>
#include <espalier/option.h>
#include <espalier/random.h>
#include <espalier/status.h>

#include <stdint.h>

ESP_BEGIN_DECLS

/* [compress]. A key that belongs to a step begins with the step's name. */
typedef struct esp_compress_options {
  char *steps;             /* words: names of steps, in the order in which they are made */
  esp_numbers epochs;      /* of training on behind a step: one number for all, or one for each */
  double lr;               /* peak rate of it */
  char *schedule;          /* a learning-rate schedule */
  char *factorise_method;  /* factorise: auto, or a name of esp_factorise_name */
  double factorise_energy; /* factorise: as in esp_factorise_options */
  double factorise_parameters; /* likewise */
  double factorise_macs;       /* likewise */
  int64_t factorise_rank;      /* likewise */
  int64_t share_bits;          /* share: a layer has at most 2^bits values */
  char *share_start;           /* share: linear | density | random */
  int64_t quantise_bits;       /* quantise: of a weight, 8, 4 or 2 */
  char *quantise_rule;         /* quantise: max | percentile | squares | mean */
  double quantise_percentile;  /* quantise: of the magnitudes of a tensor */
  char *quantise_from;         /* quantise: training | validation */
  int64_t quantise_images;     /* quantise: that the scales of tensors are found with */
  char *quantise_training;     /* quantise: straight-through | learned */
  int64_t round_bits; /* round: bits of a mantissa that are left, the leading one not counted */
} esp_compress_options;
extern const esp_option esp_compress_option_table[]; /* name NULL after the last */

/* Images to measure with. */
typedef struct esp_compress_images {
  /* Runs a pass without gradients over so many of them, or all there are, as one batch. Processes
   * that train together share it. */
  esp_status (*pass)(void *user, esp_model *model, bool validation, int images, esp_pass pass,
                     esp_error *err);
  void *user;
} esp_compress_images;

/* What a step works on. */
typedef struct esp_compress_ctx {
  esp_model *model;
  const esp_model *before; /* where the step has made another network: the one it came from */
  esp_compress_images images;
  const esp_compress_options *opt;
  esp_key key; /* of all that is random in the step */
} esp_compress_ctx;

typedef struct esp_compress_step {
  const char *name, *help;
  /* Whether the step can be made of ctx->model, a network of the same layers that is not trained
   * yet: asked before the run. NULL: of any. */
  esp_status (*check)(const esp_compress_ctx *ctx, esp_error *err);
  /* The network that takes the place of ctx->model, new in *model. (*from)[i], newly allocated, is
   * the number of the layer whose masks its layer i takes over; -1: it has none. *from stays NULL
   * where the layers are the same ones. NULL: the network stays. */
  esp_status (*replace)(const esp_compress_ctx *ctx, esp_model **model, int **from, esp_error *err);
  /* Changes values, behind `replace`; those outside the masks stay 0. NULL: `replace` did it
   * all. */
  esp_status (*make)(const esp_compress_ctx *ctx, esp_error *err);
  /* At the end of its stage and of each later one, where training has undone what `make` did: does
   * it again. NULL: training does not undo it. */
  void (*hold)(const esp_compress_ctx *ctx);
} esp_compress_step;
const esp_compress_step *esp_compress_step_at(size_t i);           /* NULL after the last */
const esp_compress_step *esp_compress_step_find(const char *name); /* NULL when there is none */
/* Adds a step from outside, which must stay where it is, unchanged, while the library is used.
 * Fails, in one line, when a name or a help text is missing, or both `make` and `replace`, or the
 * name is taken. To be
 * called from one thread before the first configuration is read: the table is a global. */
esp_status esp_compress_step_register(const esp_compress_step *step, esp_error *err);

/* How many steps the options name. */
int esp_compress_steps(const esp_compress_options *opt);
/* The i-th of them, from 0. */
const esp_compress_step *esp_compress_step_of(const esp_compress_options *opt, int i);
/* Epochs of training on behind it. */
int64_t esp_compress_epochs(const esp_compress_options *opt, int i);
/* Fails, in one line, where keys do not go together: a step twice, numbers of epochs that are
 * neither one nor one a step, a key of a step that is not made. */
esp_status esp_compress_check(const esp_compress_options *opt, esp_error *err);

/* Makes step `i`. ctx->opt names it. */
esp_status esp_compress_make(const esp_compress_ctx *ctx, int i, esp_error *err);
/* At the end of the stage of step `i`: lets the steps up to it do again what training undid. */
void esp_compress_hold(const esp_compress_ctx *ctx, int i);

ESP_END_DECLS

#endif
