/* A stage of a run: begin (prune, rewind), train, end (evaluate, report). */
#include "base/clock.h"
#include "base/memory.h"
#include "experiment/pulse.h"
#include "experiment/run_state.h"
#include "experiment/stages.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCHS_MAX = 1 << 20, SALIENCY_EPOCH = EPOCHS_MAX - 1, CONFUSION_CLASSES_MAX = 1000 };

/* An epoch's number in the whole run: what shuffles and augments. */
static uint64_t epoch_number(const esp_run *r, int64_t epoch) {
  return (uint64_t)r->at.stage * EPOCHS_MAX + (uint64_t)epoch;
}

bool esp_run_in_training(const esp_run *r) {
  return esp_prunes_in_training(&r->config);
}

int esp_run_stages(const esp_run *r) {
  return esp_stages(&r->config);
}

bool esp_run_has_dense(const esp_run *r) {
  return !esp_run_in_training(r);
}

esp_status esp_run_save(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX], *position = NULL;
  r->at.peak_rss_mib = fmax(r->at.peak_rss_mib, esp_peak_rss_mib());
  ESP_TRY(esp_position_text(&r->at, &position, err));
  const esp_provenance from = {r->config_text, r->classes};
  esp_status status = esp_checkpoint_save(r->model, r->pruner, from, position,
                                          esp_run_path(r, "checkpoint.safetensors", path), err);
  free(position);
  r->saved = esp_seconds();
  return status;
}

esp_status esp_run_report(esp_run *r, const char *sha256, esp_error *err) {
  const esp_report report = {&r->config,           &r->at,     r->dir, esp_kernels_active()->isa, r->threads,
                             esp_run_has_dense(r), r->classes, sha256};
  ESP_TRY(esp_report_write(&report, err));
  if (sha256 && r->control.progress) esp_report_table(&report, r->control.progress);
  return ESP_OK;
}

/* The newest step can have spoilt the weights without having seen it: its loss is that of the step before. */
static esp_status check_finite(const esp_metrics *m, const char *images, esp_error *err) {
  if (isfinite(m->loss_sum)) return ESP_OK;
  return esp_fail(err, ESP_ERR_DIVERGED,
                  "the loss is no longer a finite number on the %s images; try a smaller learning rate",
                  images);
}

static esp_status evaluate(esp_run *r, esp_metrics *validation, esp_metrics *test, int64_t *confusion,
                           esp_error *err) {
  if (r->validation) {
    esp_evaluate(r->model, r->evaluation, r->validation, validation, NULL);
    ESP_TRY(check_finite(validation, "validation", err));
  }
  if (!test) return ESP_OK;
  esp_evaluate(r->model, r->evaluation, r->test, test, confusion);
  return check_finite(test, "test", err);
}

/* ---- the beginning ---- */

static esp_status save_weights(esp_run *r, const char *name, esp_error *err) {
  char path[ESP_PATH_MAX];
  return esp_weights_save(r->model, (esp_provenance){r->config_text, r->classes}, esp_run_path(r, name, path),
                          err);
}

static bool rewinds(const esp_run *r) {
  return r->pruner && !esp_run_in_training(r) && esp_retrain_of(&r->config) == ESP_WEIGHT_REWIND;
}

/* The weights to come back to, and those to keep, when training has reached their epoch. */
static esp_status save_epoch(esp_run *r, int64_t epoch, esp_error *err) {
  const esp_numbers *keep = &r->config.run.keep_epochs;
  char name[64];
  if (r->at.stage != 0) return ESP_OK;
  snprintf(name, sizeof name, "epoch-%lld.safetensors", (long long)epoch);
  for (int i = 0; i < keep->count; i++)
    if (keep->value[i] == (double)epoch) ESP_TRY(save_weights(r, name, err));
  if (!rewinds(r) || epoch != r->config.prune.rewind_epoch) return ESP_OK;
  return save_weights(r, "rewind.safetensors", err);
}

static esp_status start_from_weights(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  if (!r->config.model.weights[0]) return ESP_OK;
  ESP_TRY(esp_weights_path(r->config.model.weights, path, err));
  return esp_weights_load(r->model, path, err);
}

static void clear_momentum(esp_model *m) {
  for (int i = 0; i < m->params.count; i++)
    if (m->params.item[i]->momentum)
      memset(m->params.item[i]->momentum, 0, m->params.item[i]->count * sizeof(float));
}

/* What the pruned network starts its retraining from. */
static esp_status rewind_weights(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  clear_momentum(r->model);
  const esp_retrain retrain = esp_retrain_of(&r->config);
  if (retrain == ESP_WEIGHT_REWIND)
    return esp_weights_load(r->model, esp_run_path(r, "rewind.safetensors", path), err);
  if (retrain == ESP_REINIT)
    esp_model_initialise(r->model, esp_key_of((esp_key)r->config.run.seed, (uint64_t)r->at.stage));
  return ESP_OK;
}

static esp_trainer trainer_of(esp_run *r) {
  return (esp_trainer){r->model,        r->graph,         r->training,
                       r->pruner,       &r->config.train, (esp_key)r->config.run.seed,
                       r->teacher_graph};
}

/* Prunes to the sparsity of a round. */
static esp_status prune_round(esp_run *r, int round, esp_error *err) {
  esp_probe_images images;
  esp_trainer t = trainer_of(r);
  esp_result *now = &r->at.now;
  const esp_probe probe =
      esp_train_probe(&t, &images, epoch_number(r, SALIENCY_EPOCH), r->config.prune.saliency_batches);
  now->requested = esp_pruner_round_sparsity(r->pruner, round);
  ESP_TRY(esp_pruner_round(r->pruner, &probe, now->requested, &now->guarded, err));
  if (now->guarded)
    esp_progress_say(&r->progress,
                     "round %d: %d layer(s) would have lost too much; the best units of each stay "
                     "(allow_empty, layer_floor)",
                     round, now->guarded);
  return ESP_OK;
}

static esp_status evaluate_before(esp_run *r, esp_error *err) {
  return evaluate(r, &r->at.now.validation_before, &r->at.now.test_before, NULL, err);
}

static esp_status begin_round(esp_run *r, esp_error *err) {
  ESP_TRY(prune_round(r, r->at.stage, err));
  ESP_TRY(evaluate_before(r, err));
  return rewind_weights(r, err);
}

/* All rounds, before the training. */
static esp_status prune_at_init(esp_run *r, esp_error *err) {
  if (!r->pruner || !esp_pruner_at_init(r->pruner)) return ESP_OK;
  for (int round = 1; round <= esp_pruner_rounds(r->pruner); round++) ESP_TRY(prune_round(r, round, err));
  return evaluate_before(r, err);
}

static esp_status begin_stage(esp_run *r, esp_error *err) {
  r->at.now = (esp_result){.round = r->at.stage};
  if (r->at.stage > 0) {
    ESP_TRY(begin_round(r, err));
  } else {
    ESP_TRY(save_epoch(r, 0, err)); /* the initial weights, also when training starts from others */
    ESP_TRY(start_from_weights(r, err));
    ESP_TRY(prune_at_init(r, err));
  }
  r->at.begun = true;
  return esp_run_save(r, err);
}

/* ---- the training ---- */

/* Steps between which masks may change, counted from the beginning of the training. */
static esp_prune_window window_of(const esp_run *r) {
  const esp_prune_options *o = &r->config.prune;
  const int64_t batches = esp_loader_batches(r->training), steps = r->config.train.epochs * batches;
  if (!r->pruner || !esp_pruner_in_training(r->pruner)) return (esp_prune_window){0, -1};
  const double end = o->end_epoch > 0.0 ? o->end_epoch : 0.75 * (double)r->config.train.epochs;
  int64_t first = (int64_t)(o->begin_epoch * (double)batches), last = (int64_t)(end * (double)batches);
  if (last > steps - 1) last = steps - 1;
  return (esp_prune_window){first < last ? first : last, last};
}

/* Of the whole run, the one at work included. */
static int64_t epochs_left(const esp_run *r) {
  int64_t epochs = esp_stage_epochs(&r->config, r->at.stage) - r->at.epoch;
  for (int s = r->at.stage + 1; s < esp_run_stages(r); s++) epochs += esp_stage_epochs(&r->config, s);
  return epochs;
}

static const char *stage_name(const esp_run *r, char name[64]) {
  snprintf(name, 64, r->at.stage ? "round %d/%d" : "training", r->at.stage, esp_run_stages(r) - 1);
  return name;
}

static double sparsity_now(const esp_run *r) {
  if (!r->pruner) return 0.0;
  const esp_pruned c = esp_pruner_count(r->pruner);
  return (double)c.pruned / (double)c.units;
}

/* For whoever watches from outside. */
static void beat(esp_run *r, const esp_progress_state *s) {
  if (esp_seconds() - r->beaten < 1.0) return;
  const double rate = esp_progress_rate(&r->progress);
  const esp_pulse pulse = {.stage = r->at.stage,
                           .stages = esp_run_stages(r),
                           .epoch = s->epoch,
                           .epochs = s->epochs,
                           .batch = s->batch,
                           .batches = s->batches,
                           .epochs_left = epochs_left(r),
                           .loss = s->loss,
                           .accuracy = s->top1,
                           .sparsity = sparsity_now(r),
                           .images_per_second = rate,
                           .seconds_left = rate > 0.0 ? (double)s->images_left / rate : 0.0};
  esp_pulse_write(&pulse, r->dir);
  r->beaten = esp_seconds();
}

static void show(esp_run *r, int64_t images) {
  char name[64];
  const int64_t left = epochs_left(r) * (int64_t)r->set->train.count - r->at.train.count;
  const esp_progress_state s = {stage_name(r, name),
                                r->at.epoch,
                                esp_stage_epochs(&r->config, r->at.stage),
                                r->at.batch,
                                esp_loader_batches(r->training),
                                esp_loss_of(&r->at.train),
                                esp_top1(&r->at.train),
                                left};
  esp_progress_step(&r->progress, images, &s);
  beat(r, &s);
}

static bool asked_to_stop(const esp_run *r) {
  return r->control.stop && *r->control.stop;
}

static esp_status save_between_steps(esp_run *r, esp_error *err) {
  if (asked_to_stop(r)) {
    ESP_TRY(esp_run_save(r, err));
    return esp_fail(err, ESP_ERR_INTERRUPTED, "stopped; go on with: espalier resume %s", r->dir);
  }
  if (esp_seconds() - r->saved < 60.0 * r->config.run.checkpoint_minutes) return ESP_OK;
  return esp_run_save(r, err);
}

static double rate_now(const esp_run *r) {
  const double part = (double)r->at.batch / (double)esp_loader_batches(r->training);
  return esp_stage_rate(&r->config, r->at.stage, (double)r->at.epoch + part);
}

static esp_status train_epoch(esp_run *r, esp_error *err) {
  ESP_TRY(esp_run_teacher(r, err));
  esp_trainer t = trainer_of(r);
  const int64_t batches = esp_loader_batches(r->training);
  const uint64_t number = epoch_number(r, r->at.epoch);
  const esp_batch *batch;
  double clock = esp_seconds();
  esp_loader_start(r->training, number, (int)r->at.batch);
  while ((batch = esp_loader_next(r->training))) {
    bool changed;
    const int64_t images = batch->count;
    const esp_step step = {r->at.epoch * batches + r->at.batch,
                           number * (uint64_t)batches + (uint64_t)r->at.batch, rate_now(r), window_of(r)};
    ESP_TRY(esp_train_step(&t, batch, step, &r->at.train, &changed, err));
    r->at.batch++;
    const double now = esp_seconds();
    r->at.train.seconds += now - clock;
    clock = now;
    show(r, images);
    if (r->at.batch < batches) ESP_TRY(save_between_steps(r, err));
  }
  return ESP_OK;
}

/* Which kernels run: once they have been measured with the masks of this stage, and when that changes. */
static void say_choices(esp_run *r) {
  char line[ESP_CHOICES_LINE];
  if (esp_choices_news(r->model, r->graph, r->at.stage, &r->said, line))
    esp_progress_say(&r->progress, "%s", line);
}

/* Whether the training has shown what to prune; then it is over. */
static esp_status early_bird(esp_run *r, bool *over, esp_error *err) {
  esp_probe_images images;
  esp_trainer t = trainer_of(r);
  if (r->at.stage > 0 || !r->pruner || r->config.prune.early_bird == 0) return ESP_OK;
  const esp_probe probe =
      esp_train_probe(&t, &images, epoch_number(r, SALIENCY_EPOCH), r->config.prune.saliency_batches);
  ESP_TRY(esp_pruner_settled(r->pruner, &probe, r->at.epoch - 1, over, err));
  if (*over)
    esp_progress_say(&r->progress, "early bird: what would be pruned has settled; the training ends");
  return ESP_OK;
}

/* *over: no further epochs. */
static esp_status end_epoch(esp_run *r, bool *over, esp_error *err) {
  esp_log_row row = {.lr = esp_stage_rate(&r->config, r->at.stage, (double)r->at.epoch),
                     .sparsity = sparsity_now(r)};
  ESP_TRY(evaluate(r, &row.validation, NULL, NULL, err));
  r->at.epoch++;
  ESP_TRY(esp_report_epoch(&r->at, &row, err));
  ESP_TRY(esp_run_log_epoch(r, &row, &r->at.train, err));
  char name[64], validation[64] = "";
  if (row.validation.count > 0)
    snprintf(validation, sizeof validation, "  validation %.2f %%", 100.0 * esp_top1(&row.validation));
  esp_progress_say(
      &r->progress, "%s  epoch %lld/%lld  loss %.4f  top-1 %.2f %%%s  sparsity %.2f %%  %.0f images/s",
      stage_name(r, name), (long long)r->at.epoch, (long long)esp_stage_epochs(&r->config, r->at.stage),
      esp_loss_of(&r->at.train), 100.0 * esp_top1(&r->at.train), validation, 100.0 * row.sparsity,
      (double)r->at.train.count / r->at.train.seconds);
  say_choices(r);
  r->at.now.seconds += r->at.train.seconds;
  r->at.now.images += r->at.train.count;
  r->at.train = (esp_metrics){0};
  r->at.batch = 0;
  ESP_TRY(save_epoch(r, r->at.epoch, err));
  ESP_TRY(early_bird(r, over, err));
  ESP_TRY(esp_run_report(r, NULL, err));
  if (!*over && r->at.epoch < esp_stage_epochs(&r->config, r->at.stage)) {
    ESP_TRY(esp_run_save(r, err));
    return asked_to_stop(r) ? save_between_steps(r, err) : ESP_OK;
  }
  return ESP_OK;
}

/* ---- the end ---- */

static esp_status keep_weights(esp_run *r, esp_error *err) {
  char name[64] = "dense.safetensors";
  if (r->at.now.round > 0) snprintf(name, sizeof name, "round-%02d.safetensors", r->at.now.round);
  const bool last = r->at.stage + 1 == esp_run_stages(r);
  return r->config.run.save_rounds || last || r->at.stage == 0 ? save_weights(r, name, err) : ESP_OK;
}

/* The results of a stage, and which classes were taken for which unless they are too many for a table. */
static esp_status evaluate_end(esp_run *r, esp_result *now, esp_error *err) {
  const int classes = r->set->classes;
  if (classes > CONFUSION_CLASSES_MAX) return evaluate(r, &now->validation, &now->test, NULL, err);
  int64_t *confusion = calloc((size_t)classes * (size_t)classes, sizeof *confusion);
  if (!confusion) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the confusion of classes");
  esp_status status = evaluate(r, &now->validation, &now->test, confusion, err);
  if (status == ESP_OK) status = esp_report_confusion(&r->at, now->round, confusion, classes, err);
  free(confusion);
  return status;
}

static esp_status end_stage(esp_run *r, esp_error *err) {
  char name[64];
  esp_result *now = &r->at.now;
  if (r->pruner) esp_pruner_finish(r->pruner);
  if (esp_run_in_training(r)) {
    now->round = 1; /* what the training did or began with is the round */
    now->requested = esp_pruner_round_sparsity(r->pruner, esp_pruner_rounds(r->pruner));
  }
  ESP_TRY(esp_run_conditional(r, epoch_number(r, SALIENCY_EPOCH), err));
  ESP_TRY(evaluate_end(r, now, err));
  esp_result_count(now, r->model, r->graph, r->pruner);
  esp_progress_say(&r->progress, "%s: test top-1 %.2f %%, loss %.4f, sparsity %.2f %%", stage_name(r, name),
                   100.0 * esp_top1(&now->test), esp_loss_of(&now->test), 100.0 * sparsity_now(r));
  ESP_TRY(esp_report_layers(&r->at, r->model, now->requested, err));
  ESP_TRY(esp_choices_record(&r->at, r->model, r->graph, err));
  ESP_TRY(esp_run_log_result(r, now, err));
  ESP_TRY(esp_position_add(&r->at, now, err));
  ESP_TRY(keep_weights(r, err));
  r->at.stage++;
  r->at.epoch = r->at.batch = 0;
  r->at.begun = false;
  ESP_TRY(esp_run_save(r, err));
  ESP_TRY(esp_run_report(r, NULL, err));
  return asked_to_stop(r) ? save_between_steps(r, err) : ESP_OK;
}

esp_status esp_run_stage(esp_run *r, esp_error *err) {
  bool over = false;
  if (!r->at.begun) ESP_TRY(begin_stage(r, err));
  while (!over && r->at.epoch < esp_stage_epochs(&r->config, r->at.stage)) {
    ESP_TRY(train_epoch(r, err));
    ESP_TRY(end_epoch(r, &over, err));
  }
  return end_stage(r, err);
}
