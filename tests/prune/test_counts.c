/* Exact counts, whatever the sparsity, the structure and the order of rounds. */
#include "nets.h"

/* ---- exact counts ---- */

static const char *const distributions[] = {"global", "uniform", "erk"};
/* Of the network above: its units, and the layers or groups of layers they are in. */
static const struct {
  const char *name;
  size_t units, layers;
} structures[] = {{"weight", 612, 4}, {"filter", 14, 2}, {"channel", 6, 1}, {"block", 46, 4}};
enum { STRUCTURES = sizeof structures / sizeof *structures };
static const char *const criteria[] = {"magnitude", "random", "saliency"};

static void count_is_exact(const char *distribution, int u, double s, bool allow_empty) {
  char ini[256];
  plant p;
  snprintf(ini, sizeof ini,
           "method = magnitude\ndistribution = %s\nstructure = %s\nallow_empty = %d\n"
           "[train]\naverage = 0.9\n",
           distribution, structures[u].name, allow_empty);
  open_net(&p, ini);
  const int floored = prune(&p, s);
  const size_t n = esp_pruner_count(p.pruner).units, layers = structures[u].layers;
  ck_assert_uint_eq(n, structures[u].units);
  ck_assert_uint_eq((size_t)p.pruner->pools, layers);
  size_t kept = n - half_even(s * (double)n);
  if (!allow_empty && kept < layers) kept = layers;
  ck_assert_msg(n - pruned(&p) == kept, "%s %s %g: %zu stay of %zu, expected %zu", distribution,
                structures[u].name, s, n - pruned(&p), n, kept);
  for (int i = 0; i < p.model->layers; i++) {
    const esp_param *w = p.model->layer[i].weight;
    if (!allow_empty) ck_assert_uint_gt(esp_param_kept(w), 0);
  }
  ck_assert(allow_empty ? floored == 0 : floored >= 0 && floored <= (int)layers);
  ck_assert(esp_pruner_holds(p.pruner));
  plant_check(&p, "pruned");
  plant_close(&p);
}

START_TEST(counts_are_exact_at_every_sparsity) {
  for (int d = 0; d < 3; d++)
    for (int u = 0; u < STRUCTURES; u++)
      for (int allow_empty = 0; allow_empty < 2; allow_empty++) {
        for (int i = 0; i <= 20; i++) count_is_exact(distributions[d], u, i / 20.0, allow_empty);
        /* 612 and 14 times sixteenths end in halves */
        for (int i = 1; i < 16; i++) count_is_exact(distributions[d], u, i / 16.0, allow_empty);
        count_is_exact(distributions[d], u, 0.9967, allow_empty); /* 2 of 612 stay */
      }
}
END_TEST

START_TEST(per_layer_counts_are_exact) {
  for (int i = 0; i <= 20; i++) {
    char ini[256];
    plant p;
    const double a = i / 20.0, b = i / 16.0 < 1.0 ? i / 16.0 : 1.0;
    snprintf(ini, sizeof ini,
             "method = random\ndistribution = per-layer\nallow_empty = yes\nlayers =\n conv* %.2f\n"
             " conv3 %.4f\n",
             a, b);
    open_net(&p, ini);
    prune(&p, p.config.prune.sparsity);
    const size_t expected = half_even(a * 216) + half_even(a * 288) + half_even(b * 48);
    ck_assert_msg(pruned(&p) == expected, "%g and %g: %zu, expected %zu", a, b, pruned(&p),
                  expected);
    ck_assert_uint_eq(plant_param(&p, "linear1.weight")->mask->kept, 60);
    plant_close(&p);
  }
}
END_TEST

/* A random network trains on between the rounds; scores are new each time. */
START_TEST(what_is_pruned_stays_pruned) {
  char ini[256];
  plant p;
  uint8_t before[MASKS_MAX];
  for (int c = 0; c < 3; c++)
    for (int d = 0; d < 3; d++)
      for (int u = 0; u < STRUCTURES; u++) {
        snprintf(ini, sizeof ini,
                 "method = %s\ndistribution = %s\nstructure = %s\nsparsity = 0.95\nrounds = 12\n",
                 criteria[c], distributions[d], structures[u].name);
        open_net(&p, ini);
        for (int round = 1; round <= 12; round++) {
          const double s = esp_pruner_round_sparsity(p.pruner, round);
          plant_wild_gradients(&p, esp_key_of(7, (uint64_t)round));
          masks_of(&p, before);
          prune(&p, s);
          nothing_returned(&p, before, ini);
          ck_assert_uint_eq(pruned(&p), expected_at(&p, s));
          p.config.train.lr = 1e-3;
          esp_optimiser_step(&p.model->params, &p.config.train, p.config.train.lr);
          plant_check(&p, ini);
        }
        ck_assert_uint_eq(esp_pruner_changes(p.pruner), 12);
        plant_close(&p);
      }
}
END_TEST

/* Filters of 6, 6 and 2: of 11 to keep the layers get 4.71, 4.71 and 1.57, rounded 5, 5, 1; of 10
 * 4.29, 4.29 and 1.43, which would be 4, 4, 2: the smallest layer would get one back (the paradox
 * of Alabama). */
START_TEST(rounding_the_shares_brings_nothing_back) {
  static const char *const shares[] = {"uniform", "erk"};
  uint8_t before[MASKS_MAX];
  for (int d = 0; d < 2; d++) {
    char ini[512];
    plant p;
    snprintf(ini, sizeof ini,
             "[model]\narch = custom\nlayers =\n conv 6 3x3\n conv 6 3x3\n conv 2 3x3\n"
             " global_avgpool\n linear classes\n[prune]\nmethod = magnitude\nstructure = filter\n"
             "distribution = %s\n",
             shares[d]);
    plant_open(&p, (esp_shape){3, 6, 6}, 2, ini);
    for (int gone = 0; gone <= 11; gone++) {
      masks_of(&p, before);
      prune(&p, gone / 14.0);
      ck_assert_uint_eq(pruned(&p), (size_t)gone);
      nothing_returned(&p, before, shares[d]);
    }
    plant_close(&p);
  }
}
END_TEST

START_TEST(asking_for_less_brings_nothing_back) {
  char ini[128];
  uint8_t before[MASKS_MAX];
  for (int d = 0; d < 3; d++) {
    plant p;
    snprintf(ini, sizeof ini, "method = magnitude\ndistribution = %s\n", distributions[d]);
    open_net(&p, ini);
    prune(&p, 0.5);
    masks_of(&p, before);
    prune(&p, 0.25);
    nothing_returned(&p, before, distributions[d]);
    ck_assert_uint_eq(pruned(&p), 306);
    plant_close(&p);
  }
}
END_TEST

/* Scores that are not numbers rank lowest, but above what is gone already. */
START_TEST(scores_that_are_not_numbers_bring_nothing_back) {
  char ini[128];
  uint8_t before[MASKS_MAX];
  for (int d = 0; d < 3; d++)
    for (int u = 0; u < STRUCTURES; u++) {
      plant p;
      snprintf(ini, sizeof ini, "method = saliency\ndistribution = %s\nstructure = %s\n",
               distributions[d], structures[u].name);
      open_net(&p, ini);
      plant_wild_gradients(&p, 1);
      prune(&p, 0.5);
      masks_of(&p, before);
      for (int k = 0; k < p.model->params.count; k++)
        for (size_t i = 0; p.model->params.item[k]->grad && i < p.model->params.item[k]->count; i++)
          p.model->params.item[k]->grad[i] = i % 3 ? NAN : INFINITY;
      prune(&p, 0.75);
      nothing_returned(&p, before, ini);
      ck_assert_uint_eq(pruned(&p), expected_at(&p, 0.75));
      plant_check(&p, ini);
      plant_close(&p);
    }
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("counts");
  TCase *tc = tcase_create("counts");
  tcase_set_timeout(tc, 60);
  tcase_add_test(tc, counts_are_exact_at_every_sparsity);
  tcase_add_test(tc, per_layer_counts_are_exact);
  tcase_add_test(tc, what_is_pruned_stays_pruned);
  tcase_add_test(tc, rounding_the_shares_brings_nothing_back);
  tcase_add_test(tc, asking_for_less_brings_nothing_back);
  tcase_add_test(tc, scores_that_are_not_numbers_bring_nothing_back);
  suite_add_tcase(s, tc);
  return s;
}

int main(void) {
  return suite_run(suite());
}
