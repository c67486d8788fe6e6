/* Figures of made-up papers beside made-up runs of ours, worked by hand. */
#include "analysis/paper_noise.h"
#include "suite.h"

#include <espalier/file.h>
#include <espalier/paper.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/espalier-paper-XXXXXX";
static esp_error err;
static esp_paper paper;
static const esp_compare_options as_the_paper_says = {.tolerance = (double)NAN};

#define MUST(call) ck_assert_msg((call) == ESP_OK, "%s", err.text)

static void open_paper(const char *text) {
  strcpy(path + strlen(path) - 6, "XXXXXX");
  const int file = mkstemp(path);
  ck_assert_int_ge(file, 0);
  ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
  close(file);
  const esp_status status = esp_paper_open(&paper, path, &err);
  unlink(path);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
}

static esp_config config_of(const char *text) {
  esp_config c;
  MUST(esp_config_parse(&c, "ours", text, 0, NULL, &err));
  return c;
}

/* Shares, from per cent. */
static esp_stats_moments moments_of(int n, const double *percent) {
  esp_stats_moments m = {0};
  for (int i = 0; i < n; i++) esp_stats_moments_add(&m, percent[i] / 100.0);
  return m;
}
#define MOMENTS(...) \
  moments_of((int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (const double[]){__VA_ARGS__})

/* ---- how far chance goes ---- */

/* Of one and two degrees of freedom Student's t has a closed form; a known deviation has the normal
 * distribution. */
START_TEST(noise_of_one_mean) {
  static const struct {
    double sd, runs, band;
  } of[] = {{1.0, 2, 12.706205 / 1.4142136},
            {3.0, 3, 3 * 4.302653 / 1.7320508},
            {0.5, 1, 0.5 * 1.959964},
            {0.5, NAN, 0.5 * 1.959964},
            {0.0, 5, 0.0}};
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    esp__noise n = {0};
    esp__noise_add(&n, of[i].sd, of[i].runs);
    ck_assert_double_eq_tol(esp__noise_band(&n), of[i].band, 1e-5);
  }
  esp__noise unknown = {0};
  esp__noise_add(&unknown, (double)NAN, 3);
  ck_assert(isnan(esp__noise_band(&unknown)));
}
END_TEST

/* Two means of three with the same deviation have 4 degrees of freedom: t is 2.776445. Where one
 * deviation is 0, 2 are left. */
START_TEST(noise_of_a_difference) {
  esp__noise same = {0}, one = {0};
  for (int i = 0; i < 2; i++) {
    esp__noise_add(&same, 1.0, 3);
    esp__noise_add(&one, i, 3);
  }
  ck_assert_double_eq_tol(esp__noise_band(&same), 2.776445 * sqrt(2.0 / 3.0), 1e-5);
  ck_assert_double_eq_tol(esp__noise_band(&one), 4.302653 * sqrt(1.0 / 3.0), 1e-5);
}
END_TEST

/* ---- one figure ---- */

static esp_measured measured(const esp_config *c, double sparsity, esp_stats_moments accuracy,
                             esp_stats_moments change) {
  return (esp_measured){.config = c,
                        .test_labels = "",
                        .training = -1,
                        .round = sparsity > 0.0,
                        .sparsity = sparsity,
                        .accuracy = accuracy,
                        .change = change};
}

/* Theirs: change -1, deviations 0.3 and 0.4 over three trials each. Ours: changes -1, -2 and -3
 * (deviation 1) over three seeds. The variances of the means are 0.03, 0.16 / 3 and 1 / 3; Welch's
 * degrees of freedom are their sum squared over half the sum of their squares, 3.03. */
START_TEST(the_band_is_welchs) {
  const double v[] = {0.09 / 3, 0.16 / 3, 1.0 / 3}, sum = v[0] + v[1] + v[2],
               freedom = sum * sum / (0.5 * (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]));
  open_paper("sparsity,test_accuracy,sd,trials\n0,95,0.4,3\n0.5,94,0.3,3\n");
  esp_config c = config_of("");
  esp_comparison *found;
  int n;
  const esp_measured ours = measured(&c, 0.5, MOMENTS(90, 90, 90), MOMENTS(-1, -2, -3));
  MUST(esp_paper_compare(&paper, &ours, 1, as_the_paper_says, &found, &n, &err));
  ck_assert_int_eq(n, 1);
  ck_assert_double_eq_tol(found->difference_of_change, -1.0, 1e-9);
  ck_assert_double_eq_tol(freedom, 3.03, 0.01);
  ck_assert_double_eq_tol(found->band, esp_stats_student_t(0.05, freedom) * sqrt(sum), 1e-9);
  ck_assert_str_eq(esp_paper_verdict(found), "inside");
  free(found);
  esp_config_free(&c);
  esp_paper_free(&paper);
}
END_TEST

/* Accuracies alone: ours is one seed, and has the deviation that theirs has; nobody says over how
 * many trials. So both are known deviations of one run: 1.96 sqrt(0.5^2 + 0.5^2) = 1.386. */
START_TEST(one_seed_has_their_deviation) {
  open_paper("sparsity,test_accuracy,sd\n0.5,94,0.5\n");
  esp_config c = config_of("");
  const double accuracy[] = {92.5, 92.7};
  for (int i = 0; i < 2; i++) {
    esp_comparison *found;
    int n;
    const esp_measured ours =
        measured(&c, 0.5, moments_of(1, &accuracy[i]), (esp_stats_moments){0});
    const esp_compare_options absolute = {.tolerance = (double)NAN, .absolute = true};
    MUST(esp_paper_compare(&paper, &ours, 1, absolute, &found, &n, &err));
    ck_assert_double_eq_tol(found->band, 1.959964 * sqrt(0.5), 1e-5);
    ck_assert_str_eq(esp_paper_verdict(found), i == 0 ? "OUTSIDE" : "inside");
    free(found);
  }
  esp_config_free(&c);
  esp_paper_free(&paper);
}
END_TEST

/* Steps of compression leave the sparsity as it is: the row is about what came of the last. */
START_TEST(one_round_is_compared_with_a_row) {
  const esp_compare_options absolute = {(double)NAN, true};
  const esp_stats_moments none = {0};
  open_paper("sparsity,test_accuracy,tolerance\n0,95,\n0.9,94,1\n");
  esp_config c = config_of(""), other = config_of("");
  const esp_measured ours[] = {
      measured(&c, 0.899, MOMENTS(90), none), measured(&c, 0.9, MOMENTS(91), none),
      measured(&c, 0.9, MOMENTS(92), none), measured(&c, 0.902, MOMENTS(93), none),
      measured(&other, 0.902, MOMENTS(94), none)};
  esp_comparison *found;
  int n;
  MUST(esp_paper_compare(&paper, ours, 5, absolute, &found, &n, &err));
  ck_assert_int_eq(n, 2);
  ck_assert_int_eq(found[0].ours, 2);
  ck_assert_int_eq(found[1].ours, 4);
  free(found);
  esp_config_free(&c);
  esp_config_free(&other);
  esp_paper_free(&paper);
}
END_TEST

/* ---- what does not compare ---- */

/* What weights are pulled towards zero in is not the dense network of a paper that says nothing of
 * it. */
START_TEST(a_regulariser_makes_another_dense_network) {
  static const struct {
    const char *row, *regulariser;
    int compared;
  } of[] = {{"0,,95", "none", 1},
            {"0,,95", "admm", 0},
            {"0,admm,95", "admm", 1},
            {"0,none,95", "admm", 0}};
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    char rows[128], text[128];
    snprintf(rows, sizeof rows, "sparsity,prune.regulariser,test_accuracy\n%s\n", of[i].row);
    snprintf(text, sizeof text, "[prune]\nmethod = magnitude\nregulariser = %s\n",
             of[i].regulariser);
    open_paper(rows);
    esp_config c = config_of(text);
    esp_comparison *found;
    int n;
    const esp_measured ours = measured(&c, 0.0, MOMENTS(95), (esp_stats_moments){0});
    MUST(esp_paper_compare(&paper, &ours, 1, as_the_paper_says, &found, &n, &err));
    ck_assert_int_eq(n, of[i].compared);
    free(found);
    esp_config_free(&c);
    esp_paper_free(&paper);
  }
}
END_TEST

#define OTHERS                                                             \
  "model.arch,prune.method,test_labels,sparsity,test_accuracy,tolerance\n" \
  "lenet5,,,0,99,1\nlenet5,magnitude,,0.5,98,1\nmlp,random,,0.5,90,1\nmlp,saliency,ab12,0.5,91,1\n"

/* The paper's network is another one; then the test images are; then both are the paper's. */
START_TEST(another_network_or_other_data) {
  static const struct {
    const char *config, *labels, *differs, *verdict;
  } of[] = {{"[prune]\nmethod = magnitude\n", "ab12cd", "model.arch", "not comparable"},
            {"[prune]\nmethod = saliency\n", "ffff", "test_labels", "not comparable"},
            {"[prune]\nmethod = saliency\n", "ab12cd", "", "inside"},
            {"[prune]\nmethod = saliency\n", "", "", "inside"},
            {"[prune]\nmethod = random\n", "ffff", "", "inside"}};
  open_paper(OTHERS);
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    char text[128];
    snprintf(text, sizeof text, "[model]\narch = mlp\n%s", of[i].config);
    esp_config c = config_of(text);
    esp_comparison *found;
    int n;
    esp_measured ours = measured(&c, 0.5, MOMENTS(90.5), MOMENTS(-1));
    ours.test_labels = of[i].labels;
    const esp_compare_options absolute = {.tolerance = (double)NAN, .absolute = true};
    MUST(esp_paper_compare(&paper, &ours, 1, absolute, &found, &n, &err));
    ck_assert_int_eq(n, 1);
    ck_assert_str_eq(found->differs, of[i].differs);
    ck_assert_str_eq(esp_paper_verdict(found), of[i].verdict);
    ck_assert(*of[i].differs ? isnan(found->band) && !found->inside : found->band == 1.0);
    free(found);
    esp_config_free(&c);
  }
  esp_paper_free(&paper);
}
END_TEST

/* ---- the order of methods ---- */

enum { METHODS = 4 };
#define METHODS_OF_A_PAPER                                                               \
  "prune.method,sparsity,test_accuracy,sd,trials\n,0,95,0.1,3\nmagnitude,0.9,94,0.1,3\n" \
  "saliency,0.9,93,0.1,3\ngradient,0.9,92.9,0.1,3\nrandom,0.9,90,0.1,3\n"

/* The order of four methods with those accuracies, in the paper's order, give or take `spread`. */
static esp_paper_order order_of(const double accuracy[METHODS], double spread,
                                esp_inversion inversion[6]) {
  static const char *const names[METHODS] = {"magnitude", "saliency", "gradient", "random"};
  esp_config config[METHODS];
  esp_measured ours[METHODS];
  esp_comparison *found;
  esp_paper_order order;
  int n;
  open_paper(METHODS_OF_A_PAPER);
  for (int i = 0; i < METHODS; i++) {
    char text[64];
    snprintf(text, sizeof text, "[prune]\nmethod = %s\n", names[i]);
    config[i] = config_of(text);
    ours[i] =
        measured(&config[i], 0.9, MOMENTS(accuracy[i] - spread, accuracy[i], accuracy[i] + spread),
                 MOMENTS(-1, -1, -1));
  }
  MUST(esp_paper_compare(&paper, ours, METHODS, as_the_paper_says, &found, &n, &err));
  ck_assert_int_eq(n, METHODS);
  MUST(esp_paper_order_of(&order, &paper, ours, found, n, as_the_paper_says, &err));
  for (int i = 0; i < order.inversions; i++) {
    inversion[i] = order.inversion[i];
    inversion[i].better = found[inversion[i].better].ours;
    inversion[i].worse = found[inversion[i].worse].ours;
  }
  free(found);
  for (int i = 0; i < METHODS; i++) esp_config_free(&config[i]);
  esp_paper_free(&paper);
  return order;
}

START_TEST(the_papers_order) {
  esp_inversion inversion[6];
  esp_paper_order o = order_of((double[]){80, 70, 60, 50}, 0.1, inversion);
  ck_assert(o.pairs == 6 && o.kept == 6 && o.inversions == 0 && o.beyond_noise == 0);
  ck_assert_double_eq(o.tau, 1.0);
  esp_paper_order_free(&o);
}
END_TEST

/* Of six pairs one is inverted, clearly, on both sides. */
START_TEST(one_inversion) {
  esp_inversion inversion[6];
  esp_paper_order o = order_of((double[]){70, 80, 60, 50}, 0.1, inversion);
  ck_assert(o.pairs == 6 && o.kept == 5 && o.inversions == 1 && o.beyond_noise == 1);
  ck_assert_double_eq_tol(o.tau, 4.0 / 6.0, 1e-12);
  ck_assert(inversion[0].better == 0 && inversion[0].worse == 1 && !inversion[0].noise);
  esp_paper_order_free(&o);
}
END_TEST

/* Theirs are 0.1 apart where chance is 0.23 (2.78 sqrt(2 / 3) 0.1): nobody can say. */
START_TEST(an_inversion_within_their_noise) {
  esp_inversion inversion[6];
  esp_paper_order o = order_of((double[]){80, 60, 70, 50}, 0.1, inversion);
  ck_assert(o.inversions == 1 && o.beyond_noise == 0);
  ck_assert(inversion[0].better == 1 && inversion[0].worse == 2 && inversion[0].noise);
  esp_paper_order_free(&o);
}
END_TEST

/* Ours are 1 apart with a deviation of 1, where chance is 2.3; 10 apart they are not. Equal ones
 * are in no order, which is no order of the paper's either. */
START_TEST(an_inversion_within_our_noise) {
  esp_inversion inversion[6];
  esp_paper_order o = order_of((double[]){80, 81, 60, 50}, 1.0, inversion);
  ck_assert(o.inversions == 1 && o.beyond_noise == 0 && inversion[0].noise);
  esp_paper_order_free(&o);
  o = order_of((double[]){80, 90, 60, 50}, 1.0, inversion);
  ck_assert(o.inversions == 1 && o.beyond_noise == 1);
  esp_paper_order_free(&o);
  o = order_of((double[]){80, 80, 60, 50}, 1.0, inversion);
  ck_assert(o.inversions == 1 && o.beyond_noise == 0);
  esp_paper_order_free(&o);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("papers");
  TCase *t = tcase_create("papers");
  tcase_add_test(t, noise_of_one_mean);
  tcase_add_test(t, noise_of_a_difference);
  tcase_add_test(t, the_band_is_welchs);
  tcase_add_test(t, one_seed_has_their_deviation);
  tcase_add_test(t, one_round_is_compared_with_a_row);
  tcase_add_test(t, a_regulariser_makes_another_dense_network);
  tcase_add_test(t, another_network_or_other_data);
  tcase_add_test(t, the_papers_order);
  tcase_add_test(t, one_inversion);
  tcase_add_test(t, an_inversion_within_their_noise);
  tcase_add_test(t, an_inversion_within_our_noise);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return suite_run(suite());
}
