/* The stages of a run: the training, one per pruning round, one per step of [compress]. A stage
 * begins (prune, rewind, compress), trains epochs, and ends (evaluate, record, report). */
#include "run/stage.h"

#include "base/clock.h"
#include "config/stages.h"
#include "run/compress_stage.h"
#include "run/feedback.h"
#include "run/interventions.h"
#include "run/services.h"
#include "run/sharing.h"
#include "run/snapshots.h"
#include "run/start.h"
#include "run/tensorboard.h"
#include "run/trial_evaluator.h"
#include "run/turned.h"
#include "rundir/costs_csv.h"
#include "rundir/kernels_csv.h"
#include "rundir/progress_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static esp_status begin_stage(esp_run *r, esp_error *err);
static esp_status run_epoch(esp_run *r, bool *over, esp_error *err);
static esp_status end_stage(esp_run *r, esp_error *err);

int esp__run_stages(const esp_run *r) {
  int rounds;
  const esp_feedback_state state = esp__run_feedback(r, &rounds);
  return state.over ? 1 + rounds + state.back : esp__stages(&r->config);
}

static int64_t batches_of(const esp_run *r) {
  return esp_loader_batches(r->training);
}

static int64_t epochs_of(const esp_run *r, int stage) {
  return esp__stage_epochs(&r->config, stage, batches_of(r));
}

/* A stage, from where the position says. */
static esp_status run_stage(esp_run *r, esp_error *err) {
  bool over = false;
  if (!r->at.begun) ESP_TRY(begin_stage(r, err));
  while (!over && !esp__run_brings_back(r) && r->at.epoch < epochs_of(r, r->at.stage))
    ESP_TRY(run_epoch(r, &over, err));
  return end_stage(r, err);
}

esp_status esp__run_all_stages(esp_run *r, esp_error *err) {
  esp_status status = ESP_OK;
  while (status == ESP_OK && r->at.stage < esp__run_stages(r)) status = run_stage(r, err);
  if (esp__run_writes(r)) esp__heartbeat_end(r->dir);
  return status;
}

/* "training", "round 2/5", "round 5/5 (share)": numbered as in the tables, where a training that
 * prunes is the first round. */
static const char *stage_name(const esp_run *r, char name[64]) {
  const int stage = r->at.stage, first = esp__prunes_in_training(&r->config);
  if (stage == 0) return strcpy(name, "training");
  const int used = snprintf(name, 64, "round %d/%d", stage + first, esp__run_stages(r) - 1 + first);
  if (esp__compress_step(&r->config, stage) >= 0)
    snprintf(name + used, 64 - (size_t)used, " (%.40s)", esp__stage_work(&r->config, stage));
  return name;
}

static const esp_quality *quality_of(const esp_run *r) {
  return esp_quality_of(r->set->targets.count > 0);
}

/* ---- the beginning of a stage ---- */

/* The masks have just changed. */
static esp_status note_sparsity(esp_run *r, esp_error *err) {
  const int64_t batches = batches_of(r);
  const esp__sparsity_row row = {.step = esp__run_step(r),
                                 .steps = epochs_of(r, r->at.stage) * batches,
                                 .batches = batches,
                                 .sparsity = esp__run_sparsity(r)};
  return esp__tables_add_sparsity(&r->at, &row, err);
}

static esp_status start_from_weights(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  if (!r->config.model.weights[0]) return ESP_OK;
  ESP_TRY(esp_weights_path(r->config.model.weights, path, err));
  return esp__run_load_weights(r, path, err);
}

/* The sparsity that a round, which is the one at work where the schedule reacts, prunes to. */
static double sparsity_of(const esp_run *r, int round) {
  return esp__reacts(&r->config) ? esp__run_feedback_sparsity(r)
                                 : esp_pruner_round_sparsity(r->pruner, round);
}

/* What a table shows of it: nothing where a threshold says what goes. */
static double requested(const esp_run *r, double sparsity) {
  return esp_pruner_by_threshold(r->pruner) ? (double)NAN : sparsity;
}

/* Only a floor has kept layers from losing more, in a round or a step. */
static void say_guarded(esp_run *r, const char *when, int64_t number) {
  esp__progress_say(&r->progress,
                    "%s %lld: %d layer(s) would have lost too much; "
                    "the best units of each stay (allow_empty, layer_floor)",
                    when, (long long)number, r->at.now.guarded);
}

/* Prunes to the sparsity of a round. */
static esp_status prune_round(esp_run *r, int round, esp_error *err) {
  esp_probe_images images;
  esp__result *now = &r->at.now;
  const esp_probe probe = esp__run_probe(r, &images);
  const double sparsity = sparsity_of(r, round);
  now->requested = requested(r, sparsity);
  esp__trial_evaluation evaluation = esp__trial_evaluation_begin(r);
  esp_pruner_set_trial_evaluator(r->pruner, esp__trial_evaluator_of(&evaluation));
  ESP_TRY(esp_pruner_round(r->pruner, &probe, sparsity, &now->guarded, err));
  ESP_TRY(esp__found_write(r, err));
  esp__run_count_moved(r);
  if (now->guarded) say_guarded(r, "round", round);
  if (esp_pruner_by_threshold(r->pruner) && now->weights_moved == 0)
    esp__progress_say(&r->progress, "round %d: nothing more scores less than the threshold", round);
  return ESP_OK;
}

/* The choice takes the memory that activations have while the network trains. */
static esp_status begin_round(esp_run *r, esp_error *err) {
  ESP_TRY(esp__run_step_back(r, err));
  if (esp__run_brings_back(r)) {
    r->at.now.requested = sparsity_of(r, r->at.stage);
    return esp__run_evaluate_before(r, err);
  }
  esp_graph_release_activations(r->graph);
  esp_graph_release_activations(r->evaluation);
  if (r->probing) esp_graph_release_activations(r->probing);
  ESP_TRY(prune_round(r, r->at.stage, err));
  ESP_TRY(note_sparsity(r, err));
  ESP_TRY(esp__run_evaluate_before(r, err));
  return esp__run_rewind(r, err);
}

/* All rounds, before the training. */
static esp_status prune_at_init(esp_run *r, esp_error *err) {
  if (!r->pruner || !esp_pruner_at_init(r->pruner) || esp_pruner_external_masks(r->pruner))
    return ESP_OK;
  for (int round = 1; round <= esp_pruner_rounds(r->pruner); round++)
    ESP_TRY(prune_round(r, round, err));
  ESP_TRY(note_sparsity(r, err));
  return esp__run_evaluate_before(r, err);
}

static esp_status begin_stage(esp_run *r, esp_error *err) {
  r->at.now = (esp__result){.round = r->at.stage};
  if (esp__compress_step(&r->config, r->at.stage) >= 0) {
    ESP_TRY(esp__run_compress(r, err));
  } else if (r->at.stage > 0) {
    ESP_TRY(begin_round(r, err));
    r->at.batch = esp__stage_batch(&r->config, r->at.stage, esp_loader_batches(r->training));
  } else {
    ESP_TRY(start_from_weights(r, err));
    ESP_TRY(esp__run_keep_epoch(r, 0, err));
    ESP_TRY(esp__run_keep_step(r, 0, err));
    ESP_TRY(prune_at_init(r, err));
  }
  r->at.begun = true;
  return esp__run_save(r, err);
}

/* ---- an epoch: what its steps are made of ---- */

static double rate_at(const esp_run *r, double epoch) {
  return esp__stage_rate(&r->config, r->at.stage, epoch, batches_of(r));
}

/* ---- what is seen of it ---- */

/* Of the whole run, the one at work included. */
static int64_t epochs_left(const esp_run *r) {
  int64_t epochs = epochs_of(r, r->at.stage) - r->at.epoch;
  for (int s = r->at.stage + 1; s < esp__run_stages(r); s++) epochs += epochs_of(r, s);
  return epochs;
}

/* The first epoch of a stage can begin in its middle. */
static int64_t images_left(const esp_run *r) {
  const int64_t left_out =
      r->at.epoch == 0 ? esp__stage_batch(&r->config, r->at.stage, batches_of(r)) : 0;
  return epochs_left(r) * (int64_t)r->set->train.count - r->at.train.count -
         left_out * r->config.train.batch;
}

/* For whoever watches from outside. */
static void write_heartbeat(esp_run *r, const esp__progress_state *s) {
  if (!esp__run_writes(r) || esp__seconds() - r->beaten < 1.0) return;
  const double rate = esp__progress_rate(&r->progress);
  const esp__heartbeat h = {.stage = r->at.stage,
                            .stages = esp__run_stages(r),
                            .epoch = s->epoch,
                            .epochs = s->epochs,
                            .batch = s->batch,
                            .batches = s->batches,
                            .epochs_left = epochs_left(r),
                            .loss = s->loss,
                            .quality = s->quality,
                            .is = s->is,
                            .sparsity = esp__run_sparsity(r),
                            .images_per_second = rate,
                            .seconds_left = rate > 0.0 ? (double)s->images_left / rate : 0.0};
  esp__heartbeat_write(&h, r->dir);
  r->beaten = esp__seconds();
}

static void show(esp_run *r, int64_t images) {
  char name[64];
  const esp__progress_state s = {stage_name(r, name),
                                 r->at.epoch,
                                 epochs_of(r, r->at.stage),
                                 r->at.batch,
                                 batches_of(r),
                                 esp_metrics_loss(&r->at.train),
                                 esp_metrics_quality(&r->at.train),
                                 quality_of(r),
                                 images_left(r)};
  esp__progress_step(&r->progress, images, &s);
  write_heartbeat(r, &s);
}

static void say_epoch(esp_run *r, const esp__log_row *row) {
  char name[64], parts[ESP_PARTS_TEXT], train[ESP_QUALITY_TEXT], validation[ESP_QUALITY_TEXT] = "";
  const esp__parts of = esp__parts_of(r->set);
  const esp_quality *q = quality_of(r);
  if (row->validation.count > 0)
    esp_quality_text(q, esp_metrics_quality(&row->validation), validation);
  esp__progress_say(
      &r->progress, "%s  epoch %lld/%lld  loss %.4f  %s %s%s%s%s  sparsity %.2f %%  %.0f images/s",
      stage_name(r, name), (long long)r->at.epoch, (long long)epochs_of(r, r->at.stage),
      esp_metrics_loss(&r->at.train), q->label,
      esp_quality_text(q, esp_metrics_quality(&r->at.train), train),
      esp__parts_text(&of, &r->at.train, parts), *validation ? "  validation " : "", validation,
      100.0 * row->sparsity, (double)r->at.train.count / r->at.train.seconds);
}

/* Which kernels run: once they have been measured with the masks of this stage, and when that
 * changes. */
static void say_choices(esp_run *r) {
  char line[ESP_KERNELS_CSV_LINE];
  if (esp__kernels_csv_news(r->model, r->graph, r->at.stage, &r->said, line))
    esp__progress_say(&r->progress, "%s", line);
}

/* ---- its steps ---- */

/* After a step that may have changed masks. A floor is said when it holds more layers than
 * before. */
static void count_change(esp_run *r) {
  const int floored = esp_pruner_floored(r->pruner);
  esp__run_count_moved(r);
  if (floored <= r->at.now.guarded) return;
  r->at.now.guarded = floored;
  say_guarded(r, "step", esp__run_step(r));
}

/* Up to batch number `end`. */
static esp_status train_until(esp_run *r, int64_t end, esp_error *err) {
  esp_trainer t = esp__run_trainer(r);
  const int64_t batches = batches_of(r);
  const uint64_t number = esp__run_epoch_number(r, r->at.epoch);
  const esp_batch *batch;
  double clock = esp__seconds();
  esp_loader_start(r->training, number, (int)r->at.batch);
  while (r->at.batch < end && (batch = esp_loader_next(r->training))) {
    bool changed;
    const int64_t images = esp_batch_images(batch);
    const double epoch = (double)r->at.epoch + (double)r->at.batch / (double)batches;
    const esp_step step = {esp__run_step(r), number * (uint64_t)batches + (uint64_t)r->at.batch,
                           rate_at(r, epoch), esp__run_prune_window(r)};
    ESP_TRY(esp_train_step(&t, batch, step, &r->at.train, &changed, err));
    if (changed) count_change(r);
    r->at.batch++;
    const double now = esp__seconds();
    r->at.train.seconds += now - clock;
    clock = now;
    if (changed) ESP_TRY(note_sparsity(r, err));
    show(r, images);
    ESP_TRY(esp__run_keep_step(r, esp__run_step(r), err));
    if (r->at.batch < batches) ESP_TRY(esp__run_save_in_time(r, err));
  }
  return ESP_OK;
}

/* Distillation and reconstruction: the dense network that the training ended with teaches the
 * retraining. */
static esp_status open_teacher(esp_run *r, esp_error *err) {
  const esp_config *c = &r->config;
  if (!esp__uses_distillation(c) || r->at.stage == 0 || r->teacher_graph) return ESP_OK;
  ESP_TRY(esp__run_open_dense(r, &r->teacher, &r->teacher_graph, err));
  if (esp__retrain_of(c) == ESP_RECONSTRUCT)
    esp_graph_match_logits(r->graph, r->teacher_graph);
  else
    esp_graph_distill(r->graph, r->teacher_graph, (float)c->prune.distill,
                      (float)c->prune.temperature);
  return ESP_OK;
}

static esp_status train_epoch(esp_run *r, esp_error *err) {
  ESP_TRY(open_teacher(r, err));
  do {
    ESP_TRY(esp__run_intervene(r, err));
    ESP_TRY(train_until(r, esp__run_next_pause(r), err));
  } while (r->at.batch < batches_of(r));
  return esp__run_check_weights(r, err);
}

/* ---- its end ---- */

/* Whether the training has shown what to prune; then it is over. */
static esp_status early_bird(esp_run *r, bool *over, esp_error *err) {
  esp_probe_images images;
  if (r->at.stage > 0 || !r->pruner || r->config.prune.early_bird == 0) return ESP_OK;
  const esp_probe probe = esp__run_probe(r, &images);
  ESP_TRY(esp_pruner_settled(r->pruner, &probe, r->at.epoch - 1, over, err));
  if (*over)
    esp__progress_say(&r->progress,
                      "early bird: what would be pruned has settled; the training ends");
  return ESP_OK;
}

static esp_status end_epoch(esp_run *r, bool *over, esp_error *err) {
  esp__log_row row = {.lr = rate_at(r, (double)r->at.epoch), .sparsity = esp__run_sparsity(r)};
  ESP_TRY(esp__run_evaluate(r, &row.validation, NULL, NULL, err));
  r->at.epoch++;
  const esp__parts parts = esp__parts_of(r->set);
  ESP_TRY(esp__tables_add_epoch(&r->at, &parts, &row, err));
  ESP_TRY(esp__run_log_epoch(r, &row, &r->at.train, err));
  say_epoch(r, &row);
  say_choices(r);
  r->at.now.seconds += r->at.train.seconds;
  r->at.now.images += r->at.train.count;
  r->at.train = (esp_metrics){0};
  r->at.batch = 0;
  ESP_TRY(esp__run_keep_epoch(r, r->at.epoch, err));
  ESP_TRY(early_bird(r, over, err));
  ESP_TRY(esp__run_report(r, NULL, err));
  if (*over || r->at.epoch == epochs_of(r, r->at.stage)) return ESP_OK;
  ESP_TRY(esp__run_save(r, err));
  return esp__run_asked_to_stop(r) ? esp__run_save_in_time(r, err) : ESP_OK;
}

static esp_status run_epoch(esp_run *r, bool *over, esp_error *err) {
  ESP_TRY(train_epoch(r, err));
  return end_epoch(r, over, err);
}

/* ---- the end of a stage ---- */

enum { CONFUSION_CLASSES_MAX = 1000 };

static bool is_last(const esp_run *r) {
  return r->at.stage + 1 == esp__run_stages(r);
}

static esp_status keep_weights(esp_run *r, esp_error *err) {
  char name[64] = ESP_FILE_DENSE;
  if (r->at.now.round > 0) snprintf(name, sizeof name, ESP_FILE_ROUND, r->at.now.round);
  return r->config.run.save_rounds || is_last(r) || r->at.stage == 0
             ? esp__run_save_weights(r, name, err)
             : ESP_OK;
}

/* The results of a stage, and which classes were taken for which unless there are none, or too many
 * for a table. */
static esp_status evaluate_end(esp_run *r, esp__result *now, esp_error *err) {
  const int classes = r->set->classes;
  if (classes > CONFUSION_CLASSES_MAX || r->set->targets.count > 0)
    return esp__run_evaluate(r, &now->validation, &now->test, NULL, err);
  int64_t *confusion = calloc((size_t)classes * (size_t)classes, sizeof *confusion);
  if (!confusion)
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the confusion of classes");
  esp_status status = esp__run_evaluate(r, &now->validation, &now->test, confusion, err);
  if (status == ESP_OK)
    status = esp__tables_add_confusion(&r->at, now->round, confusion, classes, err);
  free(confusion);
  return status;
}

/* The same, each operation by the clock. */
static esp_status evaluate_and_time(esp_run *r, esp__result *now, esp_error *err) {
  ESP_TRY(esp_graph_profile(r->evaluation, true, err));
  ESP_TRY(evaluate_end(r, now, err));
  ESP_TRY(esp_graph_profile(r->evaluation, false, err));
  return esp__costs_csv_record(&r->at, r->model, r->evaluation,
                               now->validation.count + now->test.count, err);
}

/* Networks that do less for some images than for others: chooses their thresholds, and counts what
 * the test images need. */
static esp_status count_dynamic_macs(esp_run *r, esp_error *err) {
  if (!esp_graph_conditional(r->evaluation)) return ESP_OK;
  esp_dynamic_macs *e = &r->at.now.executed;
  esp_choose_thresholds(r->model, r->evaluation, r->training, esp__run_probe_epoch(r));
  ESP_TRY(esp_count_dynamic_macs(r->model, r->evaluation, r->test, e, err));
  const double all = esp_graph_macs(r->evaluation, false), mean = esp_dynamic_macs_mean(e);
  esp__progress_say(
      &r->progress,
      "a test image needs %.0f of %.0f multiply-adds (%.2f %%), one %lld, another %lld", mean, all,
      100.0 * mean / all, (long long)e->least, (long long)e->most);
  return ESP_OK;
}

static void say_feedback(esp_run *r) {
  if (!esp__reacts(&r->config) || r->at.stage == 0) return;
  const esp_feedback_state state = esp__run_feedback(r, NULL);
  const char *what = state.over ? "the end" : "on";
  esp__progress_say(
      &r->progress, "feedback: the network is %s; %s from a sparsity of %.2f %%, step %.2f %%",
      state.back ? "not good enough" : "good", what, 100.0 * state.good, 100.0 * state.step);
}

static void say_result(esp_run *r, const esp__result *now) {
  char name[64], parts[ESP_PARTS_TEXT], quality[ESP_QUALITY_TEXT];
  const esp__parts of = esp__parts_of(r->set);
  const esp_quality *q = quality_of(r);
  esp__progress_say(&r->progress, "%s: test %s %s%s, loss %.4f, sparsity %.2f %%",
                    stage_name(r, name), q->label,
                    esp_quality_text(q, esp_metrics_quality(&now->test), quality),
                    esp__parts_text(&of, &now->test, parts), esp_metrics_loss(&now->test),
                    100.0 * esp__run_sparsity(r));
}

static esp_status end_stage(esp_run *r, esp_error *err) {
  esp__result *now = &r->at.now;
  ESP_TRY(esp__run_check_weights(r, err));
  ESP_TRY(esp__run_intervene(r, err)); /* what is due behind the last step */
  if (r->pruner) esp_pruner_finish(r->pruner);
  if (esp__prunes_in_training(&r->config)) {
    now->round = r->at.stage + 1; /* what the training did or began with is the first */
    now->requested =
        requested(r, esp_pruner_round_sparsity(r->pruner, esp_pruner_rounds(r->pruner)));
  }
  ESP_TRY(esp__run_hold_compressed(r, err));
  ESP_TRY(count_dynamic_macs(r, err));
  ESP_TRY(evaluate_and_time(r, now, err));
  ESP_TRY(esp__run_count(r, now, err));
  say_result(r, now);
  ESP_TRY(esp__tables_add_layers(&r->at, r->model, now->requested, err));
  ESP_TRY(esp__kernels_csv_record(&r->at, r->model, r->graph, err));
  ESP_TRY(esp__run_log_result(r, now, err));
  ESP_TRY(esp__position_add(&r->at, now, err));
  ESP_TRY(keep_weights(r, err));
  if (is_last(r) && r->at.stage > 0 && !esp__prunes_in_training(&r->config))
    ESP_TRY(esp__run_record_turned(r, err));
  ESP_TRY(esp__run_keep_good(r, err));
  say_feedback(r);
  r->at.stage++;
  r->at.epoch = r->at.batch = 0;
  r->at.begun = false;
  ESP_TRY(esp__run_save(r, err));
  ESP_TRY(esp__run_report(r, NULL, err));
  return esp__run_asked_to_stop(r) ? esp__run_save_in_time(r, err) : ESP_OK;
}
