/* An epoch of a stage: the steps, then what is said and kept of it. */
#include "run/services.h"

#include "base/clock.h"
#include "rundir/progress_json.h"
#include "config/stages.h"

static int64_t batches_of(const esp_run *r) {
  return esp_loader_batches(r->training);
}

static int64_t epochs_of(const esp_run *r, int stage) {
  return esp__stage_epochs(&r->config, stage, batches_of(r));
}

static double rate_at(const esp_run *r, double epoch) {
  return esp__stage_rate(&r->config, r->at.stage, epoch, batches_of(r));
}

/* Steps between which masks may change, counted from the beginning of the training. */
static esp_prune_window window_of(const esp_run *r) {
  const esp_prune_options *o = &r->config.prune;
  const int64_t batches = batches_of(r), steps = r->config.train.epochs * batches;
  if (!r->pruner || !esp_pruner_in_training(r->pruner)) return (esp_prune_window){0, -1};
  int64_t first = (int64_t)(o->begin_epoch * (double)batches);
  int64_t last = (int64_t)(esp__prune_end_epoch(&r->config) * (double)batches);
  if (last > steps - 1) last = steps - 1;
  return (esp_prune_window){first < last ? first : last, last};
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
static void beat(esp_run *r, const esp__progress_state *s) {
  if (esp__seconds() - r->beaten < 1.0) return;
  const double rate = esp__progress_rate(&r->progress);
  const esp__heartbeat pulse = {.stage = r->at.stage,
                                .stages = esp__run_stages(r),
                                .epoch = s->epoch,
                                .epochs = s->epochs,
                                .batch = s->batch,
                                .batches = s->batches,
                                .epochs_left = epochs_left(r),
                                .loss = s->loss,
                                .accuracy = s->top1,
                                .sparsity = esp__run_sparsity(r),
                                .images_per_second = rate,
                                .seconds_left = rate > 0.0 ? (double)s->images_left / rate : 0.0};
  esp__heartbeat_write(&pulse, r->dir);
  r->beaten = esp__seconds();
}

static void show(esp_run *r, int64_t images) {
  char name[64];
  const esp__progress_state s = {esp__run_stage_name(r, name),
                                 r->at.epoch,
                                 epochs_of(r, r->at.stage),
                                 r->at.batch,
                                 batches_of(r),
                                 esp_metrics_loss(&r->at.train),
                                 esp_metrics_top1(&r->at.train),
                                 images_left(r)};
  esp__progress_step(&r->progress, images, &s);
  beat(r, &s);
}

static void say_epoch(esp_run *r, const esp__log_row *row) {
  char name[64], tasks[256], validation[64] = "";
  if (row->validation.count > 0)
    snprintf(validation, sizeof validation, "  validation %.2f %%",
             100.0 * esp_metrics_top1(&row->validation));
  esp__progress_say(
      &r->progress,
      "%s  epoch %lld/%lld  loss %.4f  top-1 %.2f %%%s%s  sparsity %.2f %%  %.0f images/s",
      esp__run_stage_name(r, name), (long long)r->at.epoch, (long long)epochs_of(r, r->at.stage),
      esp_metrics_loss(&r->at.train), 100.0 * esp_metrics_top1(&r->at.train),
      esp__run_task_text(r, &r->at.train, tasks), validation, 100.0 * row->sparsity,
      (double)r->at.train.count / r->at.train.seconds);
}

/* Which kernels run: once they have been measured with the masks of this stage, and when that
 * changes. */
static void say_choices(esp_run *r) {
  char line[ESP_KERNELS_CSV_LINE];
  if (esp__kernels_csv_news(r->model, r->graph, r->at.stage, &r->said, line))
    esp__progress_say(&r->progress, "%s", line);
}

/* ---- the steps ---- */

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
    const int64_t images = batch->count;
    const double epoch = (double)r->at.epoch + (double)r->at.batch / (double)batches;
    const esp_step step = {esp__run_step(r), number * (uint64_t)batches + (uint64_t)r->at.batch,
                           rate_at(r, epoch), window_of(r)};
    ESP_TRY(esp_train_step(&t, batch, step, &r->at.train, &changed, err));
    r->at.batch++;
    const double now = esp__seconds();
    r->at.train.seconds += now - clock;
    clock = now;
    show(r, images);
    ESP_TRY(esp__run_keep_step(r, esp__run_step(r), err));
    if (r->at.batch < batches) ESP_TRY(esp__run_save_in_time(r, err));
  }
  return ESP_OK;
}

static esp_status train_epoch(esp_run *r, esp_error *err) {
  ESP_TRY(esp__run_teacher(r, err));
  do {
    ESP_TRY(esp__run_at_step(r, err));
    ESP_TRY(train_until(r, esp__run_next_pause(r), err));
  } while (r->at.batch < batches_of(r));
  return esp__run_check_weights(r, err);
}

/* ---- the end of it ---- */

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
  ESP_TRY(esp__report_epoch(&r->at, &r->set->tasks, &row, err));
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

esp_status esp__run_epoch(esp_run *r, bool *over, esp_error *err) {
  ESP_TRY(train_epoch(r, err));
  return end_epoch(r, over, err);
}
