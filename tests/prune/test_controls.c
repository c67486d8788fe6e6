/* What stands around the criteria: LAMP, floors, shuffling, when the schedule runs, early-bird
 * tickets. */
#include "prune/pruner.h"
#include "scene.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static esp_error err = {.text = ""};

/* Weights 0.1 to 1 in two layers of 6 and 4; linear2 has the four largest. */
static void open_two(plant *p, const char *prune) {
  char ini[2048];
  snprintf(ini, sizeof ini,
           "[model]\narch = custom\nlayers =\n linear 2 nobias\n linear classes nobias\n[prune]\n"
           "method = magnitude\n%s",
           prune);
  plant_open(p, (esp_shape){3, 1, 1}, 2, ini);
  PLANT_SET(p, "linear1.weight", 0.1f, -0.5f, 0.3f, 0.2f, -0.4f, 0.6f);
  PLANT_SET(p, "linear2.weight", 0.7f, 0.9f, -1.0f, 0.8f);
}

static void two_become(const char *prune, double sparsity, int floored, const char *first,
                       const char *second) {
  plant p;
  int is;
  open_two(&p, prune);
  ck_assert_msg(esp_pruner_prune(p.pruner, sparsity, &is, &err) == ESP_OK, "%s", err.text);
  plant_mask_is(&p, "linear1.weight", first);
  plant_mask_is(&p, "linear2.weight", second);
  ck_assert_msg(is == floored, "%s: %d floored", prune, is);
  plant_close(&p);
}

/* Squares, largest first, over their running sums. linear1: 36 / 36, 25 / 61 = 0.41,
 * 16 / 77 = 0.208, 9 / 86, 4 / 90, 1 / 91. linear2: 1, 81 / 181 = 0.448, 64 / 245 = 0.261,
 * 49 / 294 = 0.167. */
START_TEST(lamp_by_hand) {
  two_become("distribution = lamp\n", 0.8, 0, "000001", "0010");
  two_become("distribution = lamp\n", 0.7, 0, "000001", "0110"); /* 0.448 before 0.41 */
  two_become("distribution = lamp\n", 0.6, 0, "010001", "0110");
  two_become("distribution = lamp\n", 0.5, 0, "010001", "0111");
  two_become("distribution = lamp\n", 0.4, 0, "010011", "0111");
  two_become("distribution = lamp\n", 0.3, 0, "010011", "1111");
  two_become("distribution = lamp\n", 0.9, 1, "000001",
             "0010"); /* of two bests the second is floored */
}
END_TEST

/* What is gone takes no part: linear1 pruned to its best two, LAMP is 1 and 0.41 there, and layers
 * of zeros get zeros, not numbers that are none. */
START_TEST(lamp_leaves_out_what_is_gone) {
  plant p;
  int floored;
  open_two(&p, "distribution = lamp\n");
  PLANT_SET(&p, "linear2.weight", 0, 0, 0, 0);
  ck_assert(esp_pruner_prune(p.pruner, 0.5, &floored, &err) == ESP_OK);
  plant_mask_is(&p, "linear1.weight",
                "011011"); /* 1, 0.41, 0.208, 9 / 86; linear2's best is floored */
  plant_mask_is(&p, "linear2.weight", "1000");
  ck_assert(esp_pruner_prune(p.pruner, 0.8, &floored, &err) == ESP_OK);
  plant_mask_is(&p, "linear1.weight", "000001");
  plant_mask_is(&p, "linear2.weight", "1000");
  plant_close(&p);
}
END_TEST

/* Half of each layer stays at least: 3 of 6 and 2 of 4. Global magnitude at 0.5 would keep 0.6 and
 * all of linear2; the floor gives linear1 its next best two, and linear2 pays with its worst
 * two. */
START_TEST(floors_hold_and_the_others_pay) {
  two_become("layer_floor = 0.5\n", 0.5, 1, "010011", "0110");
  two_become("layer_floor = 0.5\n", 0.4, 1, "010011", "0111");
  two_become("layer_floor = 0.5\n", 0.9, 2, "010011", "0110"); /* more stay than asked for */
  two_become("layer_floor = 0.3\n", 0.6, 1, "010001", "0110"); /* 1.8 is 2 of 6, 1.2 is 2 of 4 */
  two_become("layer_floor = 0.5\nallow_empty = yes\n", 0.9, 2, "010011", "0110");
  /* Shares: 1 of 6 and of 4 asked for in ERK and uniform, 3 and 2 kept; at 0.5 nothing has to be
   * done. */
  two_become("layer_floor = 0.5\ndistribution = uniform\n", 0.8, 2, "010011", "0110");
  two_become("layer_floor = 0.5\ndistribution = uniform\n", 0.5, 0, "010011", "0110");
  two_become("layer_floor = 0.5\ndistribution = lamp\n", 0.5, 1, "010011", "0110");
}
END_TEST

/* With explicit shares the layer below its floor keeps more, and nobody pays. */
START_TEST(floors_in_explicit_shares) {
  two_become("layer_floor = 0.5\ndistribution = per-layer\nlayers = *1 0.9\n", 0.9, 1, "010011",
             "1111");
}
END_TEST

/* Exact counts above the floors at every sparsity, whatever the distribution, and floors at all of
 * them. */
START_TEST(floors_at_every_sparsity) {
  static const char *const distributions[] = {"global", "uniform", "erk", "lamp"};
  for (int d = 0; d < 4; d++)
    for (int i = 0; i <= 20; i++) {
      char ini[512];
      plant p;
      int floored;
      snprintf(
          ini, sizeof ini,
          "[model]\narch = custom\nlayers =\n linear 40\n linear 7\n linear 3\n linear classes\n"
          "[prune]\nmethod = magnitude\nlayer_floor = 0.2\ndistribution = %s\n",
          distributions[d]);
      plant_open(&p, (esp_shape){20, 1, 1}, 10, ini);
      ck_assert(esp_pruner_prune(p.pruner, i / 20.0, &floored, &err) == ESP_OK);
      size_t kept = 0, floors = 0;
      for (int l = 0; l < p.model->layers; l++) {
        const esp_mask *m = p.model->layer[l].weight->mask;
        const size_t least = (size_t)ceil(0.2 * (double)m->count - 1e-9);
        ck_assert_uint_ge(m->kept, least);
        kept += m->kept;
        floors += least;
      }
      const size_t all = 800 + 280 + 21 + 30,
                   asked = all - (size_t)nearbyint(i / 20.0 * (double)all);
      ck_assert_uint_eq(kept, asked > floors ? asked : floors);
      plant_close(&p);
    }
}
END_TEST

/* ---- shuffling ---- */

static const char wide[] =
    "[model]\narch = custom\nlayers =\n linear 40\n linear 30\n linear classes\n[prune]\n"
    "method = magnitude\n"
    "sparsity = 0.9\n";

static void open_wide(plant *p, const char *more) {
  char ini[512];
  snprintf(ini, sizeof ini, "%s%s", wide, more);
  plant_open(p, (esp_shape){20, 1, 1}, 10, ini);
}

/* As many in each layer as without, round after round; elsewhere; nothing comes back. */
START_TEST(shuffling_keeps_densities_alone) {
  plant p, q;
  int floored;
  open_wide(&p, "");
  open_wide(&q, "shuffle = yes\n");
  size_t same = 0, kept = 0;
  for (int l = 0; l < 3; l++)
    memcpy(q.model->layer[l].weight->value, p.model->layer[l].weight->value,
           p.model->layer[l].weight->count * sizeof(float));
  ck_assert(esp_pruner_prune(p.pruner, 0.7, &floored, &err) == ESP_OK);
  ck_assert(esp_pruner_prune(q.pruner, 0.7, &floored, &err) == ESP_OK);
  for (int l = 0; l < 3; l++) {
    const esp_mask *a = p.model->layer[l].weight->mask, *b = q.model->layer[l].weight->mask;
    ck_assert_uint_eq(a->kept, b->kept);
    for (size_t i = 0; i < a->count; i++) same += a->keep[i] && b->keep[i];
    kept += a->kept;
  }
  /* Two random choices of 3 in 10 share 3 of their 10: 0.3 of what is kept, give or take. */
  ck_assert_msg(same > kept / 5 && same < kept / 2, "%zu of %zu", same, kept);
  uint8_t before[800];
  memcpy(before, q.model->layer[0].weight->mask->keep, sizeof before);
  ck_assert(esp_pruner_prune(q.pruner, 0.9, &floored, &err) == ESP_OK);
  for (size_t i = 0; i < sizeof before; i++)
    ck_assert(q.model->layer[0].weight->mask->keep[i] <= before[i]);
  ck_assert_uint_eq(esp_pruner_count(q.pruner).pruned, (size_t)nearbyint(0.9 * 2300));
  plant_close(&p);
  plant_close(&q);
}
END_TEST

/* Every place is equally likely: of 8 weights 4 stay, 500 times, about 250 times each. */
START_TEST(shuffling_is_fair) {
  int count[8] = {0};
  for (int seed = 0; seed < 500; seed++) {
    char ini[256];
    plant p;
    int floored;
    snprintf(ini, sizeof ini,
             "[run]\nseed = %d\n[model]\narch = custom\nlayers = linear classes nobias\n"
             "[prune]\nmethod = magnitude\nshuffle = yes\n",
             seed);
    plant_open(&p, (esp_shape){4, 1, 1}, 2, ini);
    ck_assert(esp_pruner_prune(p.pruner, 0.5, &floored, &err) == ESP_OK);
    for (int i = 0; i < 8; i++) count[i] += p.model->layer[0].weight->mask->keep[i];
    plant_close(&p);
  }
  for (int i = 0; i < 8; i++)
    ck_assert_msg(count[i] > 205 && count[i] < 295, "%d: %d", i, count[i]);
}
END_TEST

/* ---- which layers ---- */

START_TEST(first_and_last_stand_for_places) {
  static const struct {
    const char *skip;
    bool mask[3];
  } of[] = {{"first", {false, true, true}},
            {"last", {true, true, false}},
            {"first last", {false, true, false}},
            {"linear2 last", {true, false, false}}};
  for (int k = 0; k < 4; k++) {
    plant p;
    char ini[64];
    snprintf(ini, sizeof ini, "skip = %s\n", of[k].skip);
    open_wide(&p, ini);
    for (int l = 0; l < 3; l++)
      ck_assert((p.model->layer[l].weight->mask != NULL) == of[k].mask[l]);
    plant_close(&p);
  }
}
END_TEST

START_TEST(patterns_name_groups_of_layers) {
  plant p;
  int floored;
  plant_open(&p, (esp_shape){3, 8, 8}, 10,
             "[model]\narch = resnet8\n[prune]\nmethod = magnitude\ndistribution = per-layer\n"
             "layers =\n layer3.* 0.5\n *shortcut* 0\n");
  ck_assert(esp_pruner_prune(p.pruner, p.config.prune.sparsity, &floored, &err) == ESP_OK);
  const size_t pruned = (64 * 32 * 9 + 64 * 64 * 9) / 2;
  ck_assert_uint_eq(esp_pruner_count(p.pruner).pruned, pruned);
  plant_close(&p);
}
END_TEST

/* ---- when ---- */

static double at(const char *schedule, const esp_prune_options *opt, double t) {
  for (size_t i = 0; esp_prune_schedule_at(i); i++)
    if (strcmp(esp_prune_schedule_at(i)->name, schedule) == 0)
      return esp_prune_schedule_at(i)->sparsity(opt, t);
  ck_abort_msg("no %s", schedule);
}

START_TEST(schedules_by_hand) {
  esp_prune_options opt = {.sparsity = 0.75};
  plant_keys(&opt, (const char *const[][2]){{"sparsities", "0.25 0.5 0.75"}}, 1);
  ck_assert(at("linear", &opt, 0.0) == 0.0 && at("linear", &opt, 0.5) == 0.375);
  ck_assert(at("linear", &opt, 1.0) == 0.75);
  ck_assert(at("exponential", &opt, 0.0) == 0.0 && at("exponential", &opt, 1.0) == 0.75);
  ck_assert_double_eq_tol(at("exponential", &opt, 0.5), 0.5, 1e-12); /* 1/2 * 1/2 */
  static const double expected[] = {0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75};
  for (int i = 0; i <= 6; i++) ck_assert_msg(at("list", &opt, i / 6.0) == expected[i], "%d", i);
  esp_prune_keys_close(&opt);
}
END_TEST

/* Any schedule in rounds of any number, at their ends exactly what was asked for. */
START_TEST(rounds_of_a_list) {
  plant p;
  char list[512] = "";
  for (int n = 1; n <= 20; n++) {
    char ini[1024];
    snprintf(list + strlen(list), 16, " %g", n / 64.0);
    snprintf(ini, sizeof ini, "schedule = list\nsparsities = %s\nsparsity = %g\n", list, n / 64.0);
    open_two(&p, ini);
    ck_assert(!esp_pruner_in_training(p.pruner));
    ck_assert_int_eq(esp_pruner_rounds(p.pruner), n);
    for (int round = 1; round <= n; round++)
      ck_assert(esp_pruner_round_sparsity(p.pruner, round) == round / 64.0);
    plant_close(&p);
  }
}
END_TEST

START_TEST(at_says_when) {
  static const struct {
    const char *prune;
    bool training, init;
    int rounds;
  } of[] = {{"schedule = cubic\nrounds = 4\n", true, false, 1},
            {"schedule = cubic\nat = rounds\nrounds = 4\n", false, false, 4},
            {"schedule = iterative\nat = training\n", true, false, 1},
            {"schedule = iterative\nat = init\nrounds = 7\n", false, true, 7},
            {"schedule = linear\nat = init\nrounds = 2\n", false, true, 2}};
  for (int k = 0; k < 5; k++) {
    plant p;
    open_two(&p, of[k].prune);
    ck_assert(esp_pruner_in_training(p.pruner) == of[k].training);
    ck_assert(esp_pruner_at_init(p.pruner) == of[k].init);
    ck_assert_int_eq(esp_pruner_rounds(p.pruner), of[k].rounds);
    ck_assert(esp_pruner_round_sparsity(p.pruner, of[k].rounds) == 0.9);
    plant_close(&p);
  }
}
END_TEST

/* Epochs of 10 steps: every 0.5 epochs is every 5 steps; less than a step is every step. */
START_TEST(changes_by_epoch) {
  static const struct {
    const char *prune;
    int every;
  } of[] = {{"every_epochs = 0.5\n", 5}, {"every_epochs = 0.01\n", 1}, {"every = 4\n", 4}};
  for (int k = 0; k < 3; k++) {
    plant p;
    char ini[128];
    snprintf(ini, sizeof ini, "schedule = linear\n%s", of[k].prune);
    open_two(&p, ini);
    esp_pruner_set_epoch(p.pruner, 10);
    for (int step = 0; step <= 20; step++) {
      bool changed;
      ck_assert(esp_pruner_step(p.pruner, step, 0, 20, &changed, &err) == ESP_OK);
      ck_assert(changed == (step % of[k].every == 0 || step == 20));
    }
    plant_close(&p);
  }
}
END_TEST

/* ---- early birds ---- */

/* Ten weights, half of which would go. The first call has nothing to compare with; then two calls
 * with the same choice must follow. Where two weights change places a fifth of the units differ. */
START_TEST(early_birds_wait_until_it_settles) {
  scene s;
  static const bool settled[] = {false, false, true, false, false, true, true};
  scene_open(
      &s, (esp_shape){5, 1, 1}, 2,
      "[model]\narch = custom\nlayers = linear classes nobias\n"
      "[prune]\nmethod = magnitude\nsparsity = 0.5\nearly_bird = 2\nearly_bird_distance = 0.1\n");
  PLANT_SET(&s.p, "linear1.weight", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  for (int call = 0; call < 7; call++) {
    bool is;
    if (call == 3) PLANT_SET(&s.p, "linear1.weight", 1, 2, 3, 4, 6.5f, 5.5f, 7, 8, 9, 10);
    ck_assert(esp_pruner_settled(s.p.pruner, &s.probe, call, &is, &err) == ESP_OK);
    ck_assert_msg(is == settled[call], "call %d", call);
  }
  ck_assert_uint_eq(esp_pruner_count(s.p.pruner).pruned, 0); /* it only looks */
  ck_assert_uint_eq(esp_pruner_changes(s.p.pruner), 0);
  size_t count;
  const uint8_t *notes = esp_pruner_mask_history(s.p.pruner, &count);
  ck_assert_uint_eq(count, 10);
  ck_assert_uint_eq(notes[0], 0);
  ck_assert_uint_eq(notes[4], 15); /* kept in the last four */
  ck_assert_uint_eq(notes[5], 0x70);
  ck_assert_uint_eq(notes[9], 0x7f);
  scene_close(&s);
}
END_TEST

/* ---- what does not go together ---- */

static const struct {
  const char *prune, *says;
} wrong[] = {
    {"method = fpgm\n", "structure of whole channels, such as filter, not weight"},
    {"method = fpgm\nstructure = block\n", "structure of whole channels"},
    {"method = hrank\nstructure = filter\nschedule = cubic\n", "batches of its own"},
    {"method = wanda\nat = training\n", "batches of its own"},
    {"method = synflow\nschedule = linear\n", "batches of its own"},
    {"method = taylor\nper = image\nschedule = cubic\n", "the gradient of its step"},
    {"method = fisher\nper = image\nat = init\n", "an image alone has none"},
    {"method = movement\nat = init\n", "gathered while training"},
    {"method = movement\ndistribution = lamp\n", "can be negative"},
    {"method = grasp\ndistribution = lamp\n", "can be negative"},
    {"method = bn-scale\nstructure = filter\n", "'conv2' has none"},
    {"method = magnitude\nschedule = list\n", "expected sparsities that end with sparsity = 0.9"},
    {"method = magnitude\nschedule = list\nsparsities = 0.5 0.8\n", "end with sparsity = 0.9"},
    {"method = magnitude\nschedule = list\nsparsities = 0.5 0.4 0.9\n", "0.4 after 0.5"},
    {"method = str\ndistribution = lamp\n", "can be negative"},
    {"method = soft\nstructure = n:m\nsparsity = 0.5\n", "ranks units"},
    {"method = dpf\nshuffle = yes\n", "shuffle"},
    {"method = snip\nat = init\nregulariser = l1\n", "acts before the first round"},
    {"method = rigl\nat = init\n", "prunes in training"},
    {"method = set\nat = rounds\n", "prunes in training"},
    {"method = magnitude\nschedule = cubic\nearly_bird = 3\n", "early_bird"},
    {"method = surgery\nearly_bird = 3\n", "early_bird"},
    {"method = magnitude\nschedule = feedback\n", "the most rounds that there may be"},
    {"method = magnitude\nschedule = feedback\nrounds = 5\nat = training\n", "have been retrained"},
    {"method = magnitude\nschedule = feedback\nrounds = 5\nat = init\n", "have been retrained"},
    {"method = magnitude\nschedule = cubic\ndistribution = genetic\n",
     "tries out trained networks"},
    {"method = snip\nat = init\ndistribution = swarm\n", "tries out trained networks"},
    {"method = rigl\ndistribution = swarm\n", "tries out trained networks"},
    {"method = magnitude\nearly_bird = 3\ndistribution = swarm\n", "no early_bird"},
    {"method = magnitude\nstructure = n:m\ndistribution = genetic\nsparsity = 0.5\n",
     "ranks them, not n:m"},
    {"method = magnitude\nearly_bird = 3\nretrain = weight-rewind\nrewind_epoch = 1\n",
     "rewind_epoch = 1"},
};

START_TEST(choices_that_do_not_go_together) {
  plant p;
  esp_pruner *pruner = NULL;
  char ini[256];
  esp_config other;
  plant_open(
      &p, (esp_shape){3, 6, 6}, 4,
      "[model]\narch = custom\nlayers =\n conv 4 3x3\n bn\n relu\n conv 4 3x3\n global_avgpool\n"
      " linear classes\n[prune]\nmethod = none\n");
  snprintf(ini, sizeof ini, "[prune]\n%s", wrong[_i].prune);
  ck_assert_msg(esp_config_parse(&other, "x", ini, 0, NULL, &err) == ESP_OK, "%s", err.text);
  ck_assert(esp_pruner_new(&pruner, &other.prune, p.model, 1, &err) == ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, wrong[_i].says) != NULL, "%s", err.text);
  esp_config_free(&other);
  plant_close(&p);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("controls");
  TCase *t = tcase_create("controls");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, lamp_by_hand);
  tcase_add_test(t, lamp_leaves_out_what_is_gone);
  tcase_add_test(t, floors_hold_and_the_others_pay);
  tcase_add_test(t, floors_in_explicit_shares);
  tcase_add_test(t, floors_at_every_sparsity);
  tcase_add_test(t, shuffling_keeps_densities_alone);
  tcase_add_test(t, shuffling_is_fair);
  tcase_add_test(t, first_and_last_stand_for_places);
  tcase_add_test(t, patterns_name_groups_of_layers);
  tcase_add_test(t, schedules_by_hand);
  tcase_add_test(t, rounds_of_a_list);
  tcase_add_test(t, at_says_when);
  tcase_add_test(t, changes_by_epoch);
  tcase_add_test(t, early_birds_wait_until_it_settles);
  tcase_add_loop_test(t, choices_that_do_not_go_together, 0, sizeof wrong / sizeof *wrong);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return suite_run(suite());
}
