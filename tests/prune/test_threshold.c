/* distribution = threshold: what scores less goes, whatever scores it, by absolute numbers and by
 * deviations of the layer; floors, rounds and ramps. */
#include "eight.h"
#include "prune/pruner.h"
#include "scene.h"
#include "suite.h"

static esp_error err = {.text = ""};

/* Layers of 6 and 4 weights. */
static void open_two(plant *p, const char *prune) {
  char ini[1024];
  snprintf(ini, sizeof ini,
           "[model]\narch = custom\nlayers =\n linear 2 nobias\n linear classes nobias\n[prune]\n"
           "distribution = threshold\n%s",
           prune);
  plant_open(p, (esp_shape){3, 1, 1}, 2, ini);
  PLANT_SET(p, "linear1.weight", 0.1f, -0.5f, 0.3f, 0.2f, -0.4f, 0.6f);
  PLANT_SET(p, "linear2.weight", 0.7f, 0.9f, -1.0f, 0.8f);
}

/* A round, as a run makes it. */
static int prune(const plant *p) {
  int floored;
  ck_assert_msg(esp_pruner_prune(p->pruner, esp_pruner_round_sparsity(p->pruner, 1), &floored,
                                 &err) == ESP_OK,
                "%s", err.text);
  return floored;
}

static void masks_are(const plant *p, const char *first, const char *second) {
  plant_mask_is(p, "linear1.weight", first);
  plant_mask_is(p, "linear2.weight", second);
  plant_check(p, "pruned");
}

static void two_become(const char *keys, int floored, const char *first, const char *second) {
  char ini[512];
  plant p;
  snprintf(ini, sizeof ini, "method = magnitude\n%s", keys);
  open_two(&p, ini);
  ck_assert_msg(prune(&p) == floored, "%s", keys);
  masks_are(&p, first, second);
  plant_close(&p);
}

/* 0.5 is not less than 0.5. */
START_TEST(absolute_by_hand) {
  two_become("threshold = 0.35\n", 0, "010011", "1111");
  two_become("threshold = 0.5\n", 0, "010001", "1111");
  two_become("threshold = 0.05\n", 0, "111111", "1111");
}
END_TEST

START_TEST(the_best_of_a_layer_stay) {
  two_become("threshold = 0.95\n", 1, "000001", "0010");
  two_become("threshold = 0.95\nallow_empty = yes\n", 0, "000000", "0010");
  two_become("threshold = 0.95\nlayer_floor = 0.5\n", 2, "010011", "0110");
  two_become("threshold = 7\n", 2, "000001", "0010");
}
END_TEST

/* Mean squares of 54 / 6 = 9 and 100 / 4 = 25: thresholds of 3 and 5 times the key. */
static void open_nine(plant *p, const char *threshold) {
  char ini[512];
  snprintf(ini, sizeof ini, "method = magnitude\nthreshold_of = deviation\nthreshold = %s\n",
           threshold);
  open_two(p, ini);
  PLANT_SET(p, "linear1.weight", 1, -1, 1, -1, 5, -5);
  PLANT_SET(p, "linear2.weight", 1, -1, 7, -7);
}

START_TEST(deviations_by_hand) {
  static const struct {
    const char *threshold, *first, *second;
  } of[] = {{"0.1", "111111", "1111"},
            {"0.3", "111111", "0011"},
            {"1.4", "000011", "0011"}, /* 7 is not less than 7 */
            {"1.5", "000011", "0010"}};
  for (int k = 0; k < 4; k++) {
    plant p;
    open_nine(&p, of[k].threshold);
    prune(&p);
    masks_are(&p, of[k].first, of[k].second);
    plant_close(&p);
  }
}
END_TEST

/* Then 3.4 and 5: a deviation of sqrt(36.56 / 6) = 2.47 with zeros, of 4.28 without; the threshold
 * is 1.2 times it. What training moves below it goes in the next round. */
START_TEST(what_is_gone_counts_as_zero) {
  plant p;
  open_nine(&p, "1.2");
  prune(&p);
  masks_are(&p, "000011", "0011");
  PLANT_SET(&p, "linear1.weight", 0, 0, 0, 0, 3.4f, -5);
  PLANT_SET(&p, "linear2.weight", 0, 0, 7, -4);
  prune(&p);
  masks_are(&p, "000011", "0010"); /* sqrt(65 / 4) = 4.03, times 1.2 */
  plant_close(&p);
}
END_TEST

START_TEST(gradients_by_hand) {
  static const float first[] = {1, 2, -3, 4, -5, 6}, second[] = {-4, 3, 2, 1};
  plant p;
  open_two(&p, "method = gradient\nthreshold = 3.5\n");
  memcpy(plant_param(&p, "linear1.weight")->grad, first, sizeof first);
  memcpy(plant_param(&p, "linear2.weight")->grad, second, sizeof second);
  prune(&p);
  masks_are(&p, "000111", "1000");
  plant_close(&p);
}
END_TEST

/* Activations of the two filters are 7 / 8 and 2.5 / 8 (see test_measures.c); whole filters go. */
START_TEST(activations_by_hand) {
  static const struct {
    const char *keys, *mask;
  } of[] = {{"threshold = 0.3\n", "11"},
            {"threshold = 0.5\n", "10"},
            /* sqrt((7^2 + 2.5^2) / 2) / 8 = 0.657 */
            {"threshold_of = deviation\nthreshold = 0.4\n", "11"},
            {"threshold_of = deviation\nthreshold = 0.6\n", "10"}};
  for (int k = 0; k < 4; k++) {
    scene s;
    char ini[512];
    snprintf(ini, sizeof ini,
             "[model]\narch = custom\nlayers =\n conv 2 1x1 nobias\n relu\n global_avgpool\n"
             "[prune]\nstructure = filter\nmethod = activation\ndistribution = threshold\n%s",
             of[k].keys);
    scene_open(&s, (esp_shape){1, 2, 2}, 2, ini);
    PLANT_SET(&s.p, "conv1.weight", 1, -0.5f);
    scene_limit(&s, 1, 2);
    scene_image(&s, 0, 0, (float[]){1, 2, -1, 0});
    scene_image(&s, 0, 1, (float[]){3, -4, 0, 1});
    ck_assert_int_eq(scene_round(&s, s.p.config.prune.sparsity), 0);
    plant_mask_is(&s.p, "conv1.weight", of[k].mask);
    scene_close(&s);
  }
}
END_TEST

/* Up to 8 in four changes: 0, 2, 4, 6, 8, or 0, 37/64, 7/8, 63/64 and all of 8. */
START_TEST(a_threshold_grows_while_training) {
  static const struct {
    const char *schedule, *mask[5];
  } of[] = {{"linear", {"11111111", "01111111", "00011111", "00000111", "00000001"}},
            {"cubic", {"11111111", "00001111", "00000011", "00000001", "00000001"}}};
  for (int k = 0; k < 2; k++) {
    plant p;
    char ini[256];
    snprintf(ini, sizeof ini,
             "method = magnitude\nschedule = %s\ndistribution = threshold\nthreshold = 8\n",
             of[k].schedule);
    eight_open(&p, ini);
    for (int step = 0; step <= 4; step++) {
      take_step(&p, step, 4, 0.0, 0.0);
      plant_mask_is(&p, "linear1.weight", of[k].mask[step]);
    }
    plant_close(&p);
  }
}
END_TEST

/* Rounds between trainings have all of it each; no sparsity is asked for. */
START_TEST(rounds_have_the_whole_threshold) {
  plant p;
  open_two(&p, "method = magnitude\nthreshold = 0.35\nrounds = 3\n");
  ck_assert(esp_pruner_by_threshold(p.pruner));
  for (int round = 1; round <= 3; round++)
    ck_assert_double_eq(esp_pruner_round_sparsity(p.pruner, round), p.config.prune.sparsity);
  plant_close(&p);
}
END_TEST

/* Scores dealt out at random: as many go in each layer. */
START_TEST(shuffled_scores_keep_the_count) {
  plant p;
  open_two(&p, "method = magnitude\nthreshold = 0.35\nshuffle = yes\n");
  prune(&p);
  ck_assert_uint_eq(plant_param(&p, "linear1.weight")->mask->kept, 3);
  ck_assert_uint_eq(plant_param(&p, "linear2.weight")->mask->kept, 4);
  plant_close(&p);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("threshold");
  TCase *t = tcase_create("threshold");
  tcase_add_test(t, absolute_by_hand);
  tcase_add_test(t, the_best_of_a_layer_stay);
  tcase_add_test(t, deviations_by_hand);
  tcase_add_test(t, what_is_gone_counts_as_zero);
  tcase_add_test(t, gradients_by_hand);
  tcase_add_test(t, activations_by_hand);
  tcase_add_test(t, a_threshold_grows_while_training);
  tcase_add_test(t, rounds_have_the_whole_threshold);
  tcase_add_test(t, shuffled_scores_keep_the_count);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return suite_run(suite());
}
