/* Looking at what sweeps leave: compare, watch. */
#include "nets.h"
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SWEEP                                                                                 \
  CONFIG_BEGIN PLAIN_LAYERS                                                                   \
      "[prune]\nmethod = magnitude\nsparsity = 0.8\n[sweep]\nprune.retrain = finetune none\n" \
      "run.seed = 1 2\n"

static void setup(void) {
  rig_open();
  text_write("two.ini", SWEEP);
}

/* Per cent, of round 0 or the last, in the mean over two seeds. */
static double mean_of(const char *retrain, const char *which) {
  double sum = 0.0;
  for (int seed = 1; seed <= 2; seed++) {
    char dir[128];
    snprintf(dir, sizeof dir, "out/prune.retrain=%s,run.seed=%d", retrain, seed);
    cJSON *o = result_read(dir);
    sum += number_of(cJSON_GetObjectItem(o, which), "test_accuracy");
    cJSON_Delete(o);
  }
  return 50.0 * sum;
}

#define NAMES "model.arch,prune.retrain,retrain_share,sparsity,test_accuracy,sd,tolerance,source\n"

/* A paper whose dense network has 50 %, and whose pruned one differs from it by what ours does, and
 * `more`. */
static void write_paper(const char *retrain, double more, const char *sd, const char *tolerance) {
  char text[512];
  const double change = mean_of(retrain, "final") - mean_of(retrain, "dense");
  snprintf(text, sizeof text,
           "# invented\n" NAMES
           "custom,,,0,50,%s,,dense\ncustom,%s,,0.800,%.4f,%s,%s,\"table 1, top\"\n",
           sd, retrain, 50.0 + change + more, sd, tolerance);
  text_write("paper.csv", text);
}

START_TEST(inside_and_outside) {
  ESPALIER("sweep", "two.ini", "-o", "out");
  write_paper("finetune", 0.9, "", "1");
  ENDS(0, "1 of 2 figures judged, by their change to the dense network; 0 outside", NULL, "compare",
       "out", "paper.csv");
  ENDS(0, "(table 1, top)", NULL, "compare", "out", "paper.csv");
  write_paper("finetune", 1.1, "", "1");
  ENDS(1, "OUTSIDE", "1 of 1 figures lie outside the band", "compare", "out", "paper.csv");
  ENDS(0, "inside", NULL, "compare", "out", "paper.csv", "--tolerance", "1.2");
  write_paper("none", -0.9, "", "1");
  ENDS(0, "inside", NULL, "compare", "out", "paper.csv");
  /* Our dense network is far from 50 %. */
  ENDS(1, "by their accuracy", "lie outside the band", "compare", "out", "paper.csv", "--absolute",
       "--tolerance", "1");
  write_paper("none", 0.0, "", "");
  ENDS(2, "0 of 2 figures judged", "nothing was judged: the paper states no deviation", "compare",
       "out", "paper.csv");
}
END_TEST

/* 1.96 sqrt(2 (sd^2 + sd^2)) with one seed: ours counts as theirs. */
START_TEST(the_band_of_a_deviation) {
  ESPALIER("sweep", "two.ini", "-o", "out", "run.seed=1");
  char text[512];
  cJSON *o = result_read("out/prune.retrain=none,run.seed=1");
  const double change = 100.0 * (number_of(cJSON_GetObjectItem(o, "final"), "test_accuracy") -
                                 number_of(cJSON_GetObjectItem(o, "dense"), "test_accuracy"));
  cJSON_Delete(o);
  for (int outside = 0; outside < 2; outside++) {
    snprintf(text, sizeof text, NAMES "custom,,,0,50,0.3,,\n,none,,0.8,%.4f,0.3,,\n",
             50.0 + change + (outside ? 1.20 : 1.15));
    text_write("paper.csv", text);
    ENDS(outside, "1.18  ", outside ? "outside the band" : NULL, "compare", "out", "paper.csv");
  }
  ENDS(1, "ours is one seed", "outside the band", "compare", "out/prune.retrain=none,run.seed=1",
       "paper.csv");
}
END_TEST

/* Rows about other runs are left out: another retraining, share of the epochs, or sparsity. */
START_TEST(only_what_is_about_our_runs) {
  ESPALIER("sweep", "two.ini", "-o", "out");
  static const char *const rows[] = {"custom,reinit,,0.8,50,1,,\n",
                                     "custom,finetune,0.7,0.8,50,1,,\n",
                                     "custom,finetune,,0.85,50,1,,\n"};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[256];
    snprintf(text, sizeof text, "%s%s", NAMES, rows[i]);
    text_write("paper.csv", text);
    ENDS(2, NULL, "nothing in paper.csv is about these runs", "compare", "out", "paper.csv");
  }
  text_write("paper.csv", NAMES "custom,finetune,0.5,0.80,50,,,\n");
  ENDS(2, "0 of 1 figures judged", "nothing was judged", "compare", "out", "paper.csv");
}
END_TEST

/* What only the network or the test images keep apart is shown, and is neither inside nor outside;
 * if there is nothing else, nothing was judged. */
START_TEST(what_does_not_compare) {
  ESPALIER("sweep", "two.ini", "-o", "out");
  text_write("paper.csv", NAMES "resnet20,finetune,,0.8,50,1,,\n");
  ENDS(2,
       "0 of 1 figures judged, by their change to the dense network; 0 outside the band; 1 not "
       "comparable",
       "the paper has other networks or data", "compare", "out", "paper.csv");
  ENDS(2, "not comparable: another model.arch", NULL, "compare", "out", "paper.csv");
  cJSON *o = result_read("out/prune.retrain=none,run.seed=1");
  char labels[9] = "", text[512];
  strncpy(labels, cJSON_GetObjectItem(o, "test_labels_sha256")->valuestring, 8);
  cJSON_Delete(o);
  for (int same = 0; same < 2; same++) {
    snprintf(text, sizeof text, "test_labels,sparsity,test_accuracy,tolerance\n%s,0.8,50,100\n",
             same ? labels : "00000000");
    text_write("paper.csv", text);
    ENDS(same ? 0 : 2, same ? "2 of 2 figures judged" : "not comparable: another test_labels", NULL,
         "compare", "out", "paper.csv", "--absolute");
  }
}
END_TEST

/* Of one run, per cent. */
static double accuracy_of(const char *retrain) {
  char dir[128];
  snprintf(dir, sizeof dir, "out/prune.retrain=%s,run.seed=1", retrain);
  cJSON *o = result_read(dir);
  const double accuracy = number_of(cJSON_GetObjectItem(o, "final"), "test_accuracy");
  cJSON_Delete(o);
  return 100.0 * accuracy;
}

/* Ours are `apart`. In the paper both are near their middle, the finetuned one a little below or
 * above, over so many trials that there is no doubt. A deviation of apart / 3.2 is that of one run
 * of ours: 1.96 of it reach both figures, and 1.96 sqrt(2) do not reach from one of ours to the
 * other. So all is inside, and the order alone is wrong. */
START_TEST(the_order_of_methods) {
  ESPALIER("sweep", "two.ini", "-o", "out", "run.seed=1");
  const double fine = accuracy_of("finetune"), none = accuracy_of("none"), apart = none - fine,
               middle = (fine + none) / 2.0;
  ck_assert_msg(apart > 1.0, "%g, %g", fine, none);
  for (int inverted = 0; inverted < 2; inverted++) {
    char text[512];
    const double above = inverted ? 0.06 * apart : -0.06 * apart;
    snprintf(text, sizeof text,
             "prune.retrain,sparsity,test_accuracy,sd,trials,source\n"
             "finetune,0.8,%.4f,%.4f,100,F\nnone,0.8,%.4f,%.4f,100,N\n",
             middle + above, apart / 3.2, middle - above, apart / 3.2);
    text_write("paper.csv", text);
    ENDS(inverted,
         inverted ? "tau = -1.00 over 1 pairs; 1 inverted, 0 of them within the noise"
                  : "tau = 1.00 over 1 pairs; 0 inverted",
         inverted ? "1 of 1 pairs of methods stand in the other order" : NULL, "compare", "out",
         "paper.csv", "--absolute");
    ENDS(0, inverted ? "at 80.00, inverted within the noise: F (" : "tau = 1.00", NULL, "compare",
         "out", "paper.csv", "--absolute", "--tolerance", "100");
  }
}
END_TEST

/* What pruned while it trained has a change when the sweep has a dense network too; without, it is
 * said. */
START_TEST(a_dense_network_to_compare_with) {
  text_write("dynamic.ini", CONFIG_BEGIN PLAIN_LAYERS
             "[prune]\nsparsity = 0.8\n[sweep]\nprune.method = rigl\nrun.seed = 1 2\n");
  text_write("paper.csv",
             "\xEF\xBB\xBFmodel.width,prune.method,sparsity,test_accuracy,tolerance\n1.0,,0,50,\n"
             "1,rigl,0.8,40,100\n");
  ESPALIER("sweep", "dynamic.ini", "-o", "out");
  ENDS(2, "0 of 1 figures judged", "add prune.method = none to the sweep", "compare", "out",
       "paper.csv");
  ENDS(0, "1 of 1 figures judged, by their accuracy", NULL, "compare", "out", "paper.csv",
       "--absolute");
  ESPALIER("sweep", "dynamic.ini", "-o", "out", "prune.method=rigl none");
  ENDS(0, "1 of 2 figures judged, by their change", NULL, "compare", "out", "paper.csv");
  remove_tree("out/prune.method=rigl,run.seed=2");
  ENDS(0, "warning: 1 of 4 runs are not finished", NULL, "compare", "out", "paper.csv");
}
END_TEST

static const struct {
  const char *text, *expected;
} papers[] = {
    {"", "paper.csv: empty"},
    {"# nothing\n\n", "paper.csv: empty"},
    {"sparsity\n0.5\n", "paper.csv: expected columns sparsity and test_accuracy"},
    {"sparsity,test_accuracy,colour\n", "paper.csv: unknown column 'colour'"},
    {"sparsity,test_accuracy\n0.5\n", "paper.csv:2: 1 cells, expected 2"},
    {"# a\nsparsity,test_accuracy\n0.5,1,2\n", "paper.csv:3: 3 cells, expected 2"},
    {"sparsity,test_accuracy\n1.5,90\n",
     "paper.csv:2: sparsity = '1.5': expected a number from 0 to 1"},
    {"sparsity,test_accuracy\n0.5,\n", "paper.csv:2: test_accuracy = ''"},
    {"sparsity,test_accuracy\n0.5,nan\n", "paper.csv:2: test_accuracy = 'nan'"},
    {"sparsity,test_accuracy,sd\n0.5,90,few\n", "paper.csv:2: sd = 'few'"},
    {"sparsity,test_accuracy,source\n0.5,90,\"table\n", "paper.csv:2: a cell in quotes has no end"},
    {"prune.retrian,sparsity,test_accuracy\n",
     "paper.csv: unknown key 'retrian' in [prune]; did you mean"},
    {"sparsity,sparsity,test_accuracy\n", "paper.csv: two columns 'sparsity'"},
    {"prune.retrain,sparsity,test_accuracy\nfinetun,0.5,90\n", "paper.csv:2: retrain = 'finetun'"},
};
enum { PAPERS = sizeof papers / sizeof *papers };

START_TEST(wrong_papers) {
  ESPALIER("run", "plain.ini", "-o", "out");
  text_write("paper.csv", papers[_i].text);
  ENDS(2, NULL, papers[_i].expected, "compare", "out", "paper.csv");
}
END_TEST

static void setup_run(void) {
  setup();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
}

START_TEST(wrong_arguments) {
  ENDS(2, NULL, "expected a sweep or run and a paper", "compare", "out");
  ENDS(2, NULL, "renda: no such paper", "compare", "out", "renda");
  text_write("paper.csv", "sparsity,test_accuracy\n");
  ENDS(2, NULL, "out: neither a sweep nor a run", "compare", "out", "paper.csv");
  ENDS(2, NULL, "--tolerance '-1': expected a number from 0 to 100", "compare", "out", "paper.csv",
       "--tolerance", "-1");
  ENDS(2, NULL, "out: neither a sweep nor a run", "watch", "out");
  ENDS(2, NULL, "unknown option '--twice'", "watch", "--twice");
  ENDS(0, "half of the 95 % interval of the difference", NULL, "compare", "--help");
}
END_TEST

/* ---- watch ---- */

START_TEST(watching_a_run) {
  ESPALIER("run", "plain.ini", "-o", "out");
  ENDS(0, "finished  top-1", NULL, "watch", "out");
  ENDS(0, "top-1 %", NULL, "watch", "out", "--once");
  ck_assert(!exists("out/progress.json"));
}
END_TEST

/* A run that was killed leaves what it wrote last, and no lock. */
START_TEST(watching_a_run_at_work) {
  const process_options stop = {.signal = 9, .begun = "out/progress.json"};
  process p = espalier(
      &stop, (const char *const[]){"run", "plain.ini", "-o", "out", "train.epochs=2000", NULL});
  ck_assert_int_eq(p.signal, 9);
  process_free(&p);
  ENDS(0, "not at work", NULL, "watch", "out", "--once");
  const int lock = lock_hold("out");
  ENDS(0, "/2000  step ", NULL, "watch", "out", "--once");
  static const char *const damaged[] = {"", "{", "[]", "{\"stage\":-1}", "{\"stage\":1e99}"};
  for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
    text_write("out/progress.json", damaged[i]);
    ENDS(0, "not at work", NULL, "watch", "out", "--once");
  }
  close(lock);
}
END_TEST

START_TEST(watching_a_sweep) {
  ESPALIER("sweep", "two.ini", "-o", "out");
  ENDS(0, "6 of 6 runs finished, 0 at work, 0 stopped or failed, 0 waiting; 100.0 %", NULL, "watch",
       "out");
  remove("out/prune.retrain=none,run.seed=1/result.json");
  ENDS(0, "1 stopped or failed, 0 waiting; 100.0 % of the epochs", NULL, "watch", "out");
  text_write("out/prune.retrain=none,run.seed=1/errors.txt", "espalier: the loss is lost\n");
  ENDS(0, "prune.retrain=none,run.seed=1: not at work  the loss is lost\n", NULL, "watch", "out");
  ESPALIER("sweep", "out");
  remove_tree("out/prune.retrain=none,run.seed=2");
  ENDS(0, "5 of 6 runs finished, 0 at work, 0 stopped or failed, 1 waiting", NULL, "watch", "out");
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("compare");
  TCase *t = tcase_create("compare");
  tcase_set_timeout(t, 600);
  tcase_add_checked_fixture(t, setup_run, NULL);
  tcase_add_test(t, inside_and_outside);
  tcase_add_test(t, the_band_of_a_deviation);
  tcase_add_test(t, only_what_is_about_our_runs);
  tcase_add_test(t, what_does_not_compare);
  tcase_add_test(t, the_order_of_methods);
  tcase_add_test(t, a_dense_network_to_compare_with);
  tcase_add_loop_test(t, wrong_papers, 0, PAPERS);
  tcase_add_test(t, wrong_arguments);
  tcase_add_test(t, watching_a_run);
  tcase_add_test(t, watching_a_run_at_work);
  tcase_add_test(t, watching_a_sweep);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
