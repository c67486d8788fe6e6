/* Which runs a file plans, in which order, and which share their dense training. */
#include "suite.h"

#include <espalier/sweep.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/espalier-plan-XXXXXX.ini";

static void set_up(void) {
  strcpy(path, "/tmp/espalier-plan-XXXXXX.ini");
  const int file = mkstemps(path, (int)strlen(".ini"));
  ck_assert_int_ge(file, 0);
  close(file);
}

static void tear_down(void) {
  unlink(path);
}

static esp_status load(esp_sweep *s, const char *lists, esp_error *err) {
  FILE *f = fopen(path, "w");
  ck_assert_ptr_nonnull(f);
  fprintf(f, "[data]\ndataset = shapes\n[prune]\nmethod = magnitude\nsparsity = 0.5\n%s", lists);
  ck_assert_int_eq(fclose(f), 0);
  return esp_sweep_load(s, path, "/nowhere", 0, NULL, err);
}

/* The runs that the lists plan, without the shared trainings, have these names. */
static void plans(const char *lists, int runs, const char *const *name) {
  esp_sweep s;
  esp_error err = {0};
  ck_assert_msg(load(&s, lists, &err) == ESP_OK, "%s", err.text);
  ck_assert_int_eq(s.runs - s.denses, runs);
  for (int i = 0; name && i < runs; i++) ck_assert_str_eq(s.run[s.denses + i].name, name[i]);
  esp_sweep_free(&s);
}

START_TEST(a_grid_has_every_combination_the_last_list_fastest) {
  static const char *const name[] = {
      "prune.sparsity=0.5,run.seed=1", "prune.sparsity=0.5,run.seed=2",
      "prune.sparsity=0.9,run.seed=1", "prune.sparsity=0.9,run.seed=2"};
  plans("[sweep]\nprune.sparsity = 0.5 0.9\nrun.seed = 1 2\n", 4, name);
}
END_TEST

START_TEST(zip_goes_through_the_lists_side_by_side) {
  static const char *const name[] = {"prune.sparsity=0.5,train.lr=0.1,run.seed=7",
                                     "prune.sparsity=0.9,train.lr=0.2,run.seed=7"};
  plans("[sweep]\nmode = zip\nprune.sparsity = 0.5 0.9\ntrain.lr = 0.1 0.2\nrun.seed = 7\n", 2,
        name);
}
END_TEST

START_TEST(crossed_lists_are_combined_with_those_side_by_side) {
  static const char *const name[] = {
      "train.lr=0.1,run.seed=1,prune.sparsity=0.5", "train.lr=0.1,run.seed=2,prune.sparsity=0.5",
      "train.lr=0.2,run.seed=1,prune.sparsity=0.9", "train.lr=0.2,run.seed=2,prune.sparsity=0.9"};
  plans(
      "[sweep]\nmode = zip\ncross = run.seed\ntrain.lr = 0.1 0.2\nrun.seed = 1 2\n"
      "prune.sparsity = 0.5 0.9\n",
      4, name);
  plans(
      "[sweep]\nmode = zip\ncross = run.seed  train.batch\ntrain.lr = 0.1 0.2\nrun.seed = 1 2\n"
      "train.batch = 16 32\nprune.sparsity = 0.5\n",
      8, NULL);
  plans("[sweep]\nmode = zip\ncross = run.seed\nrun.seed = 1 2\n", 2, NULL);
}
END_TEST

START_TEST(random_draws_that_many_different_combinations) {
  plans("[sweep]\nmode = random\ncount = 5\nprune.sparsity = 0.5 0.6 0.7\nrun.seed = 1 2 3\n", 5,
        NULL);
}
END_TEST

START_TEST(runs_of_a_seed_share_their_dense_training) {
  esp_sweep s;
  esp_error err = {0};
  ck_assert(load(&s, "[sweep]\nprune.sparsity = 0.5 0.9\nrun.seed = 1 2\n", &err) == ESP_OK);
  ck_assert_int_eq(s.denses, 2);
  ck_assert_str_eq(s.run[0].name, "dense,run.seed=1");
  ck_assert_str_eq(s.run[1].name, "dense,run.seed=2");
  for (int i = 0; i < 4; i++) ck_assert_int_eq(s.run[2 + i].dense, i % 2);
  esp_sweep_free(&s);
}
END_TEST

START_TEST(runs_that_prune_in_training_share_nothing) {
  esp_sweep s;
  esp_error err = {0};
  const char *lists = "schedule = cubic\n[sweep]\nprune.sparsity = 0.5 0.9\nrun.seed = 1 2\n";
  ck_assert_msg(load(&s, lists, &err) == ESP_OK, "%s", err.text);
  ck_assert_int_eq(s.denses, 0);
  for (int i = 0; i < 4; i++) ck_assert_int_eq(s.run[i].dense, -1);
  esp_sweep_free(&s);
}
END_TEST

START_TEST(lists_that_make_no_plan_are_refused) {
  static const char *const lists[] = {
      "[sweep]\nprune.sparsity =\n",                                        /* empty */
      "[sweep]\nprune.sparsity = 0.5 2\n",                                  /* out of range */
      "[sweep]\nprune.sparsities_of_all = 1\n",                             /* no such key */
      "[sweep]\nrun.seed = 1 2 1\n",                                        /* a run twice */
      "[sweep]\nmode = zip\nrun.seed = 1 2\nprune.sparsity = 0.1 0.2 0.3\n" /* not side by side */
  };
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    esp_sweep s;
    esp_error err = {0};
    ck_assert_msg(load(&s, lists[i], &err) == ESP_ERR_INPUT, "%s", lists[i]);
    ck_assert(err.text[0] && !strchr(err.text, '\n'));
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("plan");
  TCase *plan = tcase_create("plan");
  tcase_add_checked_fixture(plan, set_up, tear_down);
  tcase_add_test(plan, a_grid_has_every_combination_the_last_list_fastest);
  tcase_add_test(plan, zip_goes_through_the_lists_side_by_side);
  tcase_add_test(plan, crossed_lists_are_combined_with_those_side_by_side);
  tcase_add_test(plan, random_draws_that_many_different_combinations);
  tcase_add_test(plan, runs_of_a_seed_share_their_dense_training);
  tcase_add_test(plan, runs_that_prune_in_training_share_nothing);
  tcase_add_test(plan, lists_that_make_no_plan_are_refused);
  suite_add_tcase(suite, plan);
  return suite_run(suite);
}
