/* Training: the step, the epoch, evaluation, checkpoints. */
#ifndef ESP_TRAIN_H
#define ESP_TRAIN_H

#include <espalier/data.h>
#include <espalier/file.h>
#include <espalier/graph.h>
#include <espalier/linkage.h>
#include <espalier/model.h>
#include <espalier/optim.h>
#include <espalier/prune.h>
#include <espalier/quality.h>

#include <stdbool.h>
#include <stdint.h>

ESP_BEGIN_DECLS

/* What an evaluation or an epoch found. Shares are in [0, 1]. */
typedef struct esp_metrics {
  double loss_sum;
  int64_t top1, top5;           /* images whose label is the best, among the five best classes */
  int64_t count;                /* images */
  int64_t right[ESP_TASKS_MAX]; /* images answered right, in each task; the first is top1 */
  double seconds;
  /* Where there are targets: how many, and of each the sum over images of (prediction - target)^2,
   * and the variance of those targets, in their units squared. */
  int targets;
  double squared[ESP_TARGETS_MAX], variance[ESP_TARGETS_MAX];
} esp_metrics;

static inline double esp_share_of(int64_t part, int64_t all) {
  return all > 0 ? (double)part / (double)all : 0.0;
}
static inline double esp_metrics_top1(const esp_metrics *m) {
  return esp_share_of(m->top1, m->count);
}
static inline double esp_metrics_top5(const esp_metrics *m) {
  return esp_share_of(m->top5, m->count);
}
static inline double esp_metrics_task_top1(const esp_metrics *m, int task) {
  return esp_share_of(m->right[task], m->count);
}
static inline double esp_metrics_loss(const esp_metrics *m) {
  return m->count > 0 ? m->loss_sum / (double)m->count : 0.0;
}

/* Of a target: the root of the mean squared error, in its units; and the coefficient of
 * determination, 1 - mean squared error / variance. 1 is best, 0 what their mean would get; the
 * lowest number there is where an output is no number. */
double esp_metrics_rmse(const esp_metrics *m, int target);
double esp_metrics_target_r2(const esp_metrics *m, int target);
/* How good a network is: top-1, or R^2, the mean over the targets. */
double esp_metrics_quality(const esp_metrics *m);
/* Which of them that is. */
static inline const esp_quality *esp_metrics_quality_of(const esp_metrics *m) {
  return esp_quality_of(m->targets > 0);
}

/* Adds the outcome of a forward pass over `batch` to *m; without labels or targets only its loss.
 * `confusion` [classes * classes] (row: label, column: answer) of the class may be NULL. Of equal
 * logits the lower class wins. */
void esp_metrics_add(esp_metrics *m, const esp_graph *graph, const esp_batch *batch,
                     esp_outcome outcome, int64_t *confusion);

/* The loss that the options ask for. */
esp_loss_attr esp_train_loss(const esp_train_options *o);

/* Everything a step needs. Borrowed pointers. */
typedef struct esp_trainer {
  esp_model *model;
  esp_graph *graph;
  esp_loader *loader; /* over the training images */
  esp_pruner *pruner; /* NULL: no pruning */
  const esp_train_options *opt;
  esp_key seed;
  esp_graph *teacher; /* what teaches the graph (esp_graph_distill); NULL: nothing */
} esp_trainer;

/* When masks may change, in steps since the beginning of training; last < first: never. */
typedef struct esp_prune_window {
  int64_t first, last;
} esp_prune_window;

/* One step: forward, backward, pruner, masked optimiser. `step` counts from the beginning of the
 * phase; `number` is unique in the run (it keys the dropout). Adds to *m; fails with
 * ESP_ERR_DIVERGED when the loss is not finite. */
typedef struct esp_step {
  int64_t step;
  uint64_t number;
  double lr;
  esp_prune_window window;
} esp_step;
esp_status esp_train_step(esp_trainer *t, const esp_batch *batch, esp_step step, esp_metrics *m,
                          bool *masks_changed, esp_error *err);

/* Evaluates over one epoch of `loader`, with the moving average of the weights where there is one.
 * `confusion` [classes * classes] (row: label, column: answer) of the class may be NULL. */
void esp_evaluate(esp_model *model, esp_graph *graph, esp_loader *loader, esp_metrics *m,
                  int64_t *confusion);

/* What the network takes each image of one epoch of `loader` for: the class of each, in the order
 * in which they come, answer[images]. Weights and ties as in esp_evaluate. best[images of a batch]
 * is scratch. */
void esp_answers(esp_model *model, esp_graph *graph, esp_loader *loader, int64_t *best,
                 int32_t *answer);

/* Lets the running statistics of batch norms move with the first `batches` batches of epoch number
 * `epoch`, with the moving average of the weights where there is one. */
void esp_recalibrate(const esp_trainer *t, uint64_t epoch, int64_t batches);

/* Multiply-adds that images needed (esp_graph_count_dynamic_macs): in all, and the image with the
 * fewest, the most. */
typedef struct esp_dynamic_macs {
  int64_t images, total, least, most;
} esp_dynamic_macs;
static inline double esp_dynamic_macs_mean(const esp_dynamic_macs *e) {
  return esp_share_of(e->total, e->images);
}
/* Adds the images of the pass that `graph`, which counts, has just run. */
void esp_dynamic_macs_add(esp_dynamic_macs *e, const esp_graph *graph, int images);
/* Counts over one epoch of `loader`; weights as in esp_evaluate. */
esp_status esp_count_dynamic_macs(esp_model *model, esp_graph *graph, esp_loader *loader,
                                  esp_dynamic_macs *e, esp_error *err);

/* Sets the thresholds that are to be chosen (esp_graph_fatrelu), layer after layer, over the first
 * batch of epoch number `epoch` of `loader`; weights as in esp_evaluate. */
void esp_choose_thresholds(esp_model *model, esp_graph *graph, esp_loader *loader, uint64_t epoch);

/* How far the logits of two networks of the same input and classes are apart, over the test
 * images. */
typedef struct esp_logit_difference {
  double largest; /* |a - b| of any logit; not a number if one of them is not */
  double logit;   /* the largest finite |a| of any logit */
  int64_t images;
} esp_logit_difference;
esp_status esp_compare(esp_model *a, esp_model *b, const esp_dataset *set, esp_logit_difference *d,
                       esp_error *err);

/* The first `batches` batches of epoch number `epoch`, over and over. */
typedef struct esp_probe_images {
  esp_loader *loader;
  uint64_t epoch;
  int64_t batches, done;
  esp_ranks *ranks; /* as in esp_probe */
} esp_probe_images;
/* What a round of pruning measures with: those training images (*images must outlive the probe),
 * with running statistics; before the training there are none, so then with those of each batch. */
esp_probe esp_train_probe(const esp_trainer *t, esp_probe_images *images, uint64_t epoch,
                          int64_t batches);
/* Such a probe whose whole batches the processes take in turns; the trainer's graph and loader must
 * be for whole batches. */
esp_probe esp_train_probe_in_turns(const esp_trainer *t, esp_probe_images *images, uint64_t epoch,
                                   int64_t batches, esp_ranks *ranks);

/* What a file of weights says about itself besides the tensors. */
typedef struct esp_provenance {
  const char *config;     /* INI text, with the normalisation filled in */
  const char *classes;    /* class names, a line each */
  const char *vocabulary; /* tokens, a line each; NULL: the network reads none */
} esp_provenance;

/* The size that the model's values (moving averages where there are any) would have as a packed
 * file. */
esp_status esp_weights_packed_bytes(const esp_model *model, esp_provenance from, size_t *bytes,
                                    esp_error *err);
/* Reads values by name into the model, from a safetensors or a packed file; every parameter must
 * be there, of the same shape. Masked weights become 0. After a failure the values are
 * undefined. */
esp_status esp_weights_load(esp_model *model, const char *path, esp_error *err);
/* The same from a file of another tool, whose tensors are renamed as the table in the file `names`
 * says (docs/formats.md); "" or NULL: they are called as here. */
esp_status esp_weights_load_named(esp_model *model, const char *path, const char *names,
                                  esp_error *err);
/* The same of all layers but those of `skip`, words: patterns of names, first and last, which
 * stand for the network's first and last layer with weights. They keep the values they have. A word
 * that matches no layer is an error. */
esp_status esp_weights_load_except(esp_model *model, const char *path, const char *names,
                                   const char *skip, esp_error *err);

/* Values, momentum, averages, shadows, movements and masks, and a text that says where the run
 * is. */
esp_status esp_checkpoint_save(const esp_model *model, esp_pruner *pruner, esp_provenance from,
                               const char *position, const char *path, esp_error *err);
/* *position is newly allocated. Without a pruner masks stay as they are. */
esp_status esp_checkpoint_load(esp_model *model, esp_pruner *pruner, const char *path,
                               char **position, esp_error *err);
/* That text of a checkpoint that is open, newly allocated; `path` is named in errors. */
esp_status esp_checkpoint_position(const esp_bundle *b, const char *path, char **position,
                                   esp_error *err);
/* Puts another text in its place; borrows it. */
esp_status esp_checkpoint_set_position(esp_bundle *b, const char *position, esp_error *err);

/* Puts the masks of another run on the model of a new pruner and zeroes what they prune: those of a
 * checkpoint, or the nonzero weights of a weights file. What the file has no mask for stays dense.
 * Errors: another network (a layer's weights that are missing or of another shape, here or there);
 * nothing pruned there; a layer pruned there that the pruner does not cover; masks that are not of
 * whole units of its structure. After a failure the masks are undefined. */
esp_status esp_masks_load(esp_pruner *pruner, esp_model *model, const char *path, esp_error *err);
/* Finds out whether that would succeed; the masks are full again afterwards, the weights
 * undefined. */
esp_status esp_masks_try(esp_pruner *pruner, esp_model *model, const char *path, esp_error *err);
/* Which weights of a parameter are there, in a loaded checkpoint or weights file: keep[p->count].
 * `path` is named in errors: no such tensor, or of another shape. */
esp_status esp_mask_read(const esp_bundle *b, const char *path, const esp_param *p, uint8_t *keep,
                         esp_error *err);

ESP_END_DECLS

#endif
