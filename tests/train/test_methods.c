/* Every entry of the tables of pruning: after each step what is pruned is exactly 0, and in the end
 * exactly as much is gone as was asked for. */
#include "methods.h"
#include "plant.h"
#include "suite.h"

#include <espalier/train.h>

#include <math.h>
#include <string.h>

static esp_error err;
#define OK(call) ck_assert_msg((call) == ESP_OK, "%s", err.text)

/* What a run is made of, without its directory. */
typedef struct trial {
  method_case m;
  plant p;
  esp_dataset *set;
  esp_graph *graph;
  esp_loader *loader;
  esp_trainer trainer;
} trial;

/* Networks on trial get better and better. */
static esp_status fitness_of(void *context, int number, double *fitness, esp_error *error) {
  (void)context, (void)error;
  *fitness = number;
  return ESP_OK;
}
static esp_status after_trial(void *context, int number, int trials, esp_error *error) {
  (void)context, (void)number, (void)trials, (void)error;
  return ESP_OK;
}

static void open_trial(trial *t, int number) {
  method_case_of(&t->m, number);
  plant_open(&t->p, (esp_shape){3, 32, 32}, 10, t->m.text);
  const esp_config *c = &t->p.config;
  const int batch = (int)c->train.batch;
  OK(esp_dataset_load(&t->set, &c->data, (esp_shape){0}, 1, &err));
  OK(esp_model_graph(t->p.model, batch, true, (esp_loss_attr){0}, &t->graph, &err));
  OK(esp_loader_new(&t->loader, t->set, &t->set->train,
                    esp_loader_options_training(&c->data, batch, 1), &err));
  t->trainer = (esp_trainer){t->p.model, t->graph, t->loader, t->p.pruner, &c->train, 1, NULL};
  esp_pruner_set_trial_evaluator(t->p.pruner, (esp_trial_evaluator){fitness_of, after_trial, NULL});
  esp_pruner_set_epoch(t->p.pruner, esp_loader_batches(t->loader));
}

static void close_trial(trial *t) {
  esp_loader_free(t->loader);
  esp_graph_free(t->graph);
  esp_dataset_free(t->set);
  plant_close(&t->p);
}

static void holds(const trial *t) {
  plant_check(&t->p, t->m.name);
  ck_assert_msg(esp_pruner_holds(t->p.pruner), "%s", t->m.name);
}

static void train(trial *t, int64_t epochs, bool changes_masks) {
  const int64_t batches = esp_loader_batches(t->loader), steps = epochs * batches;
  const esp_prune_window window = {0, changes_masks ? steps - 2 : -1};
  for (int64_t step = 0; step < steps; step++) {
    if (step % batches == 0) esp_loader_start(t->loader, (uint64_t)(step / batches), 0);
    const double rate =
        esp_learning_rate(t->trainer.opt, (double)step / (double)batches, (double)epochs);
    esp_metrics m = {0};
    bool changed;
    OK(esp_train_step(&t->trainer, esp_loader_next(t->loader),
                      (esp_step){step, (uint64_t)step, rate, window}, &m, &changed, &err));
    holds(t);
  }
}

static void prune_rounds(trial *t) {
  const esp_config *c = &t->p.config;
  for (int round = 1; round <= esp_pruner_rounds(t->p.pruner); round++) {
    esp_probe_images images;
    int guarded;
    const esp_probe probe = esp_train_probe(&t->trainer, &images, 9, c->prune.saliency_batches);
    OK(esp_pruner_round(t->p.pruner, &probe, esp_pruner_round_sparsity(t->p.pruner, round),
                        &guarded, &err));
    holds(t);
    if (!esp_pruner_at_init(t->p.pruner)) train(t, 1, false);
  }
}

static void check_total(const trial *t) {
  const esp_pruned c = esp_pruner_count(t->p.pruner);
  const double wanted = nearbyint(t->p.config.prune.sparsity * (double)c.units);
  if (t->m.any_total)
    ck_assert_msg(c.pruned > 0 && c.pruned < c.units, "%s: %zu of %zu", t->m.name, c.pruned,
                  c.units);
  else if (t->m.at_least)
    ck_assert_msg((double)c.pruned >= wanted, "%s: %zu of %zu", t->m.name, c.pruned, c.units);
  else
    ck_assert_msg((double)c.pruned == wanted, "%s: %zu of %zu, expected %g", t->m.name, c.pruned,
                  c.units, wanted);
}

START_TEST(each_step_and_the_total) {
  trial t;
  open_trial(&t, _i);
  const bool init = esp_pruner_at_init(t.p.pruner), during = esp_pruner_in_training(t.p.pruner);
  if (init) prune_rounds(&t);
  train(&t, t.p.config.train.epochs, during);
  esp_pruner_finish(t.p.pruner);
  holds(&t);
  if (!init && !during) prune_rounds(&t);
  check_total(&t);
  close_trial(&t);
}
END_TEST

int main(void) {
  Suite *s = suite_create("methods");
  TCase *t = tcase_create("methods");
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, each_step_and_the_total, 0, methods_count());
  suite_add_tcase(s, t);
  return suite_run(s);
}
