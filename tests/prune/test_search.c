/* What chooses sparsities by itself: searches for densities, feedback, and the pauses of a
 * schedule. */
#include "prune/pruner.h"
#include "prune/layer_budgets.h"
#include "prune/search/search.h"
#include "scene.h"
#include "suite.h"

#include <espalier/file.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static esp_error err = {.text = ""};

/* ---- budgets ---- */

/* Raw 1, 2, 4 on costs 10, 20, 30 sums to 170 at a factor of 1. A budget of 34 is a factor of 0.2;
 * of 50, the third would have 20 / 17: it is dense, and 20 left for 10 + 40 make 0.4. */
START_TEST(budgets_by_hand) {
  const double raw[] = {1, 2, 4}, cost[] = {10, 20, 30};
  double density[3];
  esp__layer_budgets_units(density, raw, cost, 3, 34);
  ck_assert_double_eq_tol(density[0], 0.2, 1e-12);
  ck_assert_double_eq_tol(density[1], 0.4, 1e-12);
  ck_assert_double_eq_tol(density[2], 0.8, 1e-12);
  esp__layer_budgets_units(density, raw, cost, 3, 50);
  ck_assert_double_eq_tol(density[0], 0.4, 1e-12);
  ck_assert_double_eq_tol(density[1], 0.8, 1e-12);
  ck_assert(density[2] == 1.0);
  esp__layer_budgets_units(density, raw, cost, 3, 60);
  ck_assert(density[0] == 1.0 && density[1] == 1.0 && density[2] == 1.0);
  esp__layer_budgets_units(density, raw, cost, 3, 0);
  ck_assert(density[0] == 0.0 && density[1] == 0.0 && density[2] == 0.0);
}
END_TEST

/* ---- searches ---- */

/* A judge that looks at the weights as they stand. */
typedef struct bench {
  plant p;
  int trials, announced;
  double most_macs; /* of any trial */
  esp_sha256 seen;  /* all weights of all trials */
} bench;

static double macs_of(const esp_model *m) {
  double macs = 0.0;
  for (int i = 0; i < m->layers; i++)
    for (size_t k = 0; k < m->layer[i].weight->count; k++)
      macs += (m->layer[i].weight->value[k] != 0.0f) * (double)m->layer[i].weight->positions;
  return macs;
}

/* What is left of the last layer's weights, and a thousandth of what is left of the others'. */
static esp_status fitness(void *context, int trial, double *fitness, esp_error *error) {
  bench *b = context;
  const esp_model *m = b->p.model;
  (void)error;
  ck_assert_int_eq(trial, b->trials++);
  *fitness = 0.0;
  for (int i = 0; i < m->layers; i++) {
    const esp_param *w = m->layer[i].weight;
    for (size_t k = 0; k < w->count; k++)
      *fitness += (i == m->layers - 1 ? 1.0 : 1e-3) * fabs((double)w->value[k]);
    esp_sha256_add(&b->seen, w->value, w->count * sizeof(float));
  }
  b->most_macs = fmax(b->most_macs, macs_of(m));
  return ESP_OK;
}

static esp_status after(void *context, int trial, int trials, esp_error *error) {
  bench *b = context;
  (void)error;
  ck_assert_int_eq(trial, b->trials - 1);
  b->announced = trials;
  return ESP_OK;
}

static void open_bench(bench *b, const char *ini) {
  *b = (bench){0};
  plant_open(&b->p, (esp_shape){3, 8, 8}, 4, ini);
  esp_sha256_start(&b->seen);
  esp_pruner_set_trial_evaluator(b->p.pruner, (esp_trial_evaluator){fitness, after, b});
}

static void search_round(bench *b, double sparsity) {
  int floored;
  const esp_probe none = {0};
  const esp_status status = esp_pruner_round(b->p.pruner, &none, sparsity, &floored, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
  ck_assert_int_eq(b->trials, b->announced);
}

static const char *const names[] = {"genetic", "swarm"};
/* The best of a generation is not tried again. */
static const int expected_trials[] = {8 + 15 * 7, 8 + 15 * 8};

/* Weights 0.1 to 1; half of 10 stay. The judge wants all 4 of linear2, and then the one weight that
 * linear1 keeps at least is its largest; a quarter of the points or so say so. */
START_TEST(searches_find_what_the_judge_wants) {
  char ini[512];
  bench b;
  snprintf(ini, sizeof ini,
           "[model]\narch = custom\nlayers =\n global_avgpool\n linear 2 nobias\n"
           " linear classes nobias\n"
           "[prune]\nmethod = magnitude\nschedule = one-shot\nsparsity = 0.5\npopulation = 8\n"
           "generations = 15\ndistribution = %s\n",
           names[_i]);
  open_bench(&b, ini);
  PLANT_SET(&b.p, "linear1.weight", 0.1f, -0.5f, 0.3f, 0.2f, -0.4f, 0.6f);
  PLANT_SET(&b.p, "linear2.weight", 0.01f, 0.02f, -0.03f, 0.04f, 0.05f, 0.06f, 0.07f, 0.08f);
  search_round(&b, 0.5);
  plant_mask_is(&b.p, "linear1.weight",
                "000001"); /* 14 weights, 7 of them; global magnitude keeps linear1 */
  plant_mask_is(&b.p, "linear2.weight", "00111111");
  ck_assert_int_eq(b.trials, expected_trials[_i]);
  plant_close(&b.p);
}
END_TEST

#define CONVOLUTIONS                                                                     \
  "[train]\naverage = 0.9\n[model]\narch = custom\nlayers =\n conv 16 3x3\n bn\n relu\n" \
  " maxpool 2\n conv 24 3x3\n bn\n relu\n maxpool 2\n conv 16 3x3 bias\n relu\n"         \
  " global_avgpool\n linear classes\n"                                                   \
  "[prune]\nmethod = l1\nschedule = one-shot\nsparsity = 0.6\npopulation = 8\ngenerations = 15\n"

/* conv1's multiply-adds are 16 times as many a weight as conv3's. No trial costs more than 40 %,
 * and what is pruned is the best trial; the sparsity of the units is what comes of it. */
START_TEST(searches_keep_to_multiply_adds) {
  char ini[1024];
  bench b;
  snprintf(ini, sizeof ini, CONVOLUTIONS "budget = macs\nstructure = %s\ndistribution = %s\n",
           _i < 2 ? "weight" : "filter", names[_i % 2]);
  open_bench(&b, ini);
  const double rest = _i < 2 ? 0.0 : 64.0,
               all = macs_of(b.p.model) - rest; /* filters: no linear layer */
  search_round(&b, 0.6);
  ck_assert_msg(b.most_macs - rest <= 0.4 * all, "%g of %g", b.most_macs, all);
  ck_assert_msg(b.most_macs > 0.3 * all, "%g of %g", b.most_macs, all);
  ck_assert(macs_of(b.p.model) - rest <= 0.4 * all);
  ck_assert(esp_pruner_holds(b.p.pruner));
  plant_close(&b.p);
}
END_TEST

/* Everything of one unit goes on trial (bias, batch norm, moving average), and comes back to the
 * bit. */
START_TEST(trials_leave_all_as_it_was) {
  bench b;
  esp__trial *trial;
  char before[65], now[65];
  open_bench(&b, CONVOLUTIONS "structure = filter\ndistribution = per-layer\nlayers = * 0.5\n");
  const double density[] = {1.0, 0.5, 1.0};
  const esp_probe none = {0};
  esp_params *ps = &b.p.model->params;
  esp_param *shift = plant_param(&b.p, "bn2.shift"), *mean = plant_param(&b.p, "bn2.mean");
  for (size_t i = 0; i < shift->count; i++) shift->value[i] = shift->average[i] = 7.0f;
  esp_params_sha256(ps, before);
  ck_assert_int_eq(esp_pruner_pools(b.p.pruner), 3); /* filters are those of convolutions */
  ck_assert(esp__trial_open(&trial, b.p.pruner, &none, &err) == ESP_OK);
  for (int swapped = 0; swapped < 2; swapped++) {
    ck_assert(esp__trial_begin(trial, 0.6, density, &err) == ESP_OK);
    mean->value[0] = 99.0f; /* what a judge may do */
    int zeros = 0;
    if (swapped) esp_params_swap_average(ps);
    for (size_t i = 0; i < shift->count; i++) zeros += shift->value[i] == 0.0f;
    if (swapped) esp_params_swap_average(ps);
    ck_assert_int_eq(zeros, 24 - 12);
    ck_assert_uint_eq(esp__trial_kept(trial, 1), 12);
    ck_assert_uint_eq(esp__trial_kept(trial, 0), 16);
    esp__trial_end(trial);
    esp_params_sha256(ps, now);
    ck_assert_str_eq(now, before);
    ck_assert(shift->average[0] == 7.0f && shift->average[23] == 7.0f);
  }
  ck_assert_uint_eq(esp_pruner_count(b.p.pruner).pruned, 0);
  esp__trial_free(trial);
  plant_close(&b.p);
}
END_TEST

/* The same trials again from the same seed, others from another; a second round has its own. */
START_TEST(searches_depend_on_the_seed_alone) {
  char hash[3][65];
  for (int k = 0; k < 3; k++) {
    bench b;
    char ini[1024];
    snprintf(ini, sizeof ini, CONVOLUTIONS "distribution = %s\n[run]\nseed = %d\n", names[_i],
             k == 2 ? 2 : 1);
    open_bench(&b, ini);
    search_round(&b, 0.5);
    b.trials = 0;
    search_round(&b, 0.6);
    ck_assert_uint_eq(esp_pruner_count(b.p.pruner).pruned,
                      (size_t)nearbyint(0.6 * (double)esp_pruner_count(b.p.pruner).units));
    esp_sha256_end(&b.seen, hash[k]);
    plant_close(&b.p);
  }
  ck_assert_str_eq(hash[0], hash[1]);
  ck_assert_str_ne(hash[0], hash[2]);
}
END_TEST

START_TEST(a_search_needs_a_judge) {
  plant p;
  int floored;
  const esp_probe none = {0};
  plant_open(&p, (esp_shape){3, 8, 8}, 4, CONVOLUTIONS "distribution = swarm\n");
  ck_assert(esp_pruner_round(p.pruner, &none, 0.6, &floored, &err) == ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "only a run can judge") != NULL, "%s", err.text);
  plant_close(&p);
}
END_TEST

/* ---- feedback ---- */

/* One point may be lost; steps of 40 %, not below 10 %. */
START_TEST(feedback_by_hand) {
  esp_prune_options opt = {.sparsity = 0.9};
  plant_keys(
      &opt, (const char *const[][2]){{"tolerance", "0.01"}, {"step", "0.4"}, {"least_step", "0.1"}},
      3);
  static const struct {
    double asked, drop, good, step;
    bool back, over;
  } rounds[] = {{0.4, 0.005, 0.4, 0.4, false, false},  /* on */
                {0.8, 0.02, 0.4, 0.2, true, false},    /* back */
                {0.6, -0.01, 0.6, 0.2, false, false},  /* better than dense: on */
                {0.8, 0.006, 0.8, 0.1, false, false},  /* good, but slower */
                {0.9, 0.0101, 0.8, 0.05, true, true}}; /* the step is small */
  const esp_prune_schedule *s = esp_prune_schedule_at(0);
  for (size_t i = 0; strcmp(s->name, "feedback") != 0; i++) s = esp_prune_schedule_at(i);
  esp_feedback_state c = {.step = s->first_step(&opt)};
  for (int i = 0; i < 5; i++) {
    s->react(&opt, &c, rounds[i].asked, rounds[i].drop);
    ck_assert_double_eq_tol(c.good, rounds[i].good, 1e-12);
    ck_assert_double_eq_tol(c.step, rounds[i].step, 1e-12);
    ck_assert_msg(c.back == rounds[i].back && c.over == rounds[i].over, "round %d", i);
  }
  c = (esp_feedback_state){.good = 0.5, .step = 0.4};
  s->react(&opt, &c, 0.9, 0.01); /* 0.89 - 0.88 is a little more than 0.01 in binary */
  ck_assert(c.over && !c.back && c.good == 0.9);
  esp_prune_keys_close(&opt);
}
END_TEST

/* ---- pauses ---- */

/* 10 steps, two of them a pause: ramps of 4 steps. Without pauses it is a plain division. */
START_TEST(pauses_by_hand) {
  static const double expected[] = {0, 0.125, 0.25, 0.375, 0.5, -1, 0.5, 0.625, 0.75, 0.875, 1};
  for (int step = 0; step <= 10; step++) {
    ck_assert_msg(esp_prune_progress(step, 10, 2, 2) == expected[step], "step %d", step);
    ck_assert(esp_prune_progress(step, 10, 2, 0) == step / 10.0);
  }
  ck_assert(esp_prune_progress(0, 0, 2, 0) == 1.0);
  /* Three ramps of 3, 3 and 5 steps: what does not divide goes to the last. */
  ck_assert(esp_prune_progress(3, 15, 3, 2) == 3 / 11.0 && esp_prune_progress(4, 15, 3, 2) < 0.0);
  ck_assert(esp_prune_progress(5, 15, 3, 2) == 3 / 11.0 &&
            esp_prune_progress(8, 15, 3, 2) == 6 / 11.0);
  ck_assert(esp_prune_progress(10, 15, 3, 2) == 6 / 11.0 &&
            esp_prune_progress(15, 15, 3, 2) == 1.0);
  /* Pauses longer than the period do no harm. */
  for (int step = 0; step <= 5; step++) {
    const double t = esp_prune_progress(step, 5, 3, 100);
    ck_assert(t >= 0.0 && t <= 1.0);
  }
}
END_TEST

/* Masks do not change in a pause: at 40 steps with a pause of one epoch of 10, from step 16 to
 * 25. */
START_TEST(no_mask_changes_in_a_pause) {
  plant p;
  plant_open(&p, (esp_shape){3, 8, 8}, 4,
             "[model]\narch = custom\nlayers =\n conv 16 3x3\n global_avgpool\n linear classes\n"
             "[prune]\nmethod = magnitude\nschedule = linear\nsparsity = 0.8\nevery = 1\n"
             "pause_epochs = 1\n");
  esp_pruner_set_epoch(p.pruner, 10);
  size_t pruned = 0;
  for (int step = 0; step <= 40; step++) {
    bool changed;
    ck_assert(esp_pruner_step(p.pruner, step, 0, 40, &changed, &err) == ESP_OK);
    ck_assert_msg(changed == (step <= 15 || step >= 25), "step %d", step);
    const esp_pruned now = esp_pruner_count(p.pruner);
    if (step == 15 || step == 25)
      ck_assert_uint_eq(now.pruned, (size_t)nearbyint(0.4 * (double)now.units));
    ck_assert(now.pruned >= pruned);
    pruned = now.pruned;
  }
  ck_assert_uint_eq(pruned, (size_t)nearbyint(0.8 * (16 * 27 + 64)));
  plant_close(&p);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("search");
  TCase *t = tcase_create("search");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, budgets_by_hand);
  tcase_add_loop_test(t, searches_find_what_the_judge_wants, 0, 2);
  tcase_add_loop_test(t, searches_keep_to_multiply_adds, 0, 4);
  tcase_add_test(t, trials_leave_all_as_it_was);
  tcase_add_loop_test(t, searches_depend_on_the_seed_alone, 0, 2);
  tcase_add_test(t, a_search_needs_a_judge);
  tcase_add_test(t, feedback_by_hand);
  tcase_add_test(t, pauses_by_hand);
  tcase_add_test(t, no_mask_changes_in_a_pause);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return suite_run(suite());
}
