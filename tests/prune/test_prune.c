/* The catalogue of pruning, entry by entry, against tiny cases worked by hand; and the exact
 * selection. */
#include "plant.h"
#include "base/select.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- selection ---- */

static void select_is(size_t n, const float *score, const char *expected) {
  uint8_t keep[16];
  char is[17] = "";
  size_t k = 0;
  for (size_t i = 0; i < n; i++) k += expected[i] == '1';
  esp__select_top(score, n, k, keep);
  for (size_t i = 0; i < n; i++) is[i] = (char)('0' + keep[i]);
  ck_assert_str_eq(is, expected);
}
#define SELECT(expected, ...) \
  select_is(sizeof((float[]){__VA_ARGS__}) / sizeof(float), (float[]){__VA_ARGS__}, expected)

START_TEST(select_by_hand) {
  SELECT("01010", 1, 5, 2, 4, 3);
  SELECT("11000", 7, 7, 7, 7, 7);           /* equal scores: the lower index stays */
  SELECT("01100", 1, 2, 2, 2, 1);           /* also among the equal ones at the edge */
  SELECT("0100", -3, -1, -2, -4);           /* negative scores rank like others */
  SELECT("1100", 0.0f, -0.0f, -0.0f, 0.0f); /* the two zeros are equal */
  SELECT("0101", -1e-45f, -0.0f, 0.0f, 1e-45f);
  SELECT("0", 1);
  SELECT("1", 1);
  SELECT("000", 1, 2, 3);
  SELECT("111", 1, NAN, -INFINITY);
}
END_TEST

START_TEST(select_ranks_what_is_not_finite) {
  SELECT("0100", 3e38f, INFINITY, 1, 2);
  SELECT("0011", NAN, NAN, -INFINITY, -1); /* not a number is the lowest, below -infinity */
  SELECT("1000", NAN, NAN, NAN, NAN);
  SELECT("1010", -NAN, NAN, -INFINITY, NAN);
}
END_TEST

START_TEST(select_among_100000_equal) {
  enum { N = 100000 };
  static float score[N];
  static uint8_t keep[N];
  for (size_t i = 0; i < N; i++) score[i] = 0.25f;
  static const size_t wanted[] = {0, 1, 2, 12345, 50000, N - 1, N};
  for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
    size_t wrong = 0;
    esp__select_top(score, N, wanted[w], keep);
    for (size_t i = 0; i < N; i++) wrong += keep[i] != (i < wanted[w]);
    ck_assert_uint_eq(wrong, 0);
  }
}
END_TEST

static const float *sorting;
static int better_first(const void *a, const void *b) {
  const size_t i = *(const size_t *)a, k = *(const size_t *)b;
  const float x = sorting[i], y = sorting[k];
  if (isnan(x) != isnan(y)) return isnan(x) ? 1 : -1;
  if (x > y || x < y) return x > y ? -1 : 1;
  return i < k ? -1 : 1;
}

/* Random scores, many of them equal or not finite, sorted or not, against qsort. */
START_TEST(select_agrees_with_qsort) {
  enum { N = 300 };
  static const float special[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 1.0f, -1.0f, 1e-42f, 2.0f};
  float score[N];
  size_t order[N];
  uint8_t keep[N];
  for (uint64_t round = 0; round < 400; round++) {
    const size_t n = 1 + esp_random_below(round, 1000, N);
    for (size_t i = 0; i < n; i++) {
      if (round % 4 == 0) score[i] = special[esp_random_below(round, i, 9)];
      if (round % 4 == 1) score[i] = (float)esp_random_normal(round, i);
      if (round % 4 == 2) score[i] = (float)i; /* the best stand last */
      if (round % 4 == 3) score[i] = (float)(i < n / 2 ? i : n - i);
      order[i] = i;
    }
    sorting = score;
    qsort(order, n, sizeof *order, better_first);
    const size_t k = esp_random_below(round, 1001, (uint32_t)n + 1);
    esp__select_top(score, n, k, keep);
    for (size_t i = 0; i < n; i++)
      ck_assert_msg(keep[order[i]] == (i < k), "round %d: n %zu, k %zu, rank %zu", (int)round, n, k,
                    i);
  }
}
END_TEST

/* ---- criteria ---- */

#define FIND(type)                                                     \
  static const type *find_##type(const char *name) {                   \
    size_t i = 0;                                                      \
    while (type##_at(i) && strcmp(type##_at(i)->name, name) != 0) i++; \
    ck_assert_msg(type##_at(i) != NULL, "no %s", name);                \
    return type##_at(i);                                               \
  }
FIND(esp_criterion)
FIND(esp_distribution)
FIND(esp_prune_schedule)

START_TEST(magnitude_is_the_absolute_value) {
  float value[4] = {-2.0f, 0.5f, -0.0f, 3.0f}, shadow[4] = {1.0f, -7.0f, 4.0f, -3.0f}, score[4];
  esp_param p = {.count = 4, .value = value};
  const esp_criterion *c = find_esp_criterion("magnitude");
  ck_assert(c->needs == ESP_NEEDS_NOTHING);
  c->score(&p, &(esp_prune_ctx){0}, score);
  ck_assert(score[0] == 2.0f && score[1] == 0.5f && score[2] == 0.0f && score[3] == 3.0f);
  p.shadow = shadow; /* the dense weight behind the mask is what counts */
  c->score(&p, &(esp_prune_ctx){0}, score);
  ck_assert(score[0] == 1.0f && score[1] == 7.0f && score[2] == 4.0f && score[3] == 3.0f);
}
END_TEST

START_TEST(saliency_is_the_product_with_the_gradient) {
  float value[4] = {-2.0f, 0.5f, 4.0f, 0.0f}, grad[4] = {3.0f, -0.25f, 0.0f, 1e30f}, score[4];
  const esp_param p = {.count = 4, .value = value, .grad = grad};
  const esp_criterion *c = find_esp_criterion("saliency");
  ck_assert(c->needs == ESP_NEEDS_GRADIENT);
  c->score(&p, &(esp_prune_ctx){0}, score);
  ck_assert(score[0] == 6.0f && score[1] == 0.125f && score[2] == 0.0f && score[3] == 0.0f);
}
END_TEST

START_TEST(random_is_uniform_and_a_function_of_the_key) {
  enum { N = 100000, BINS = 20 };
  static float score[N], again[N], other[N];
  const esp_param p = {.count = N};
  const esp_criterion *c = find_esp_criterion("random");
  ck_assert(c->needs == ESP_NEEDS_NOTHING);
  c->score(&p, &(esp_prune_ctx){.key = 5}, score);
  c->score(&p, &(esp_prune_ctx){.key = 5}, again);
  c->score(&p, &(esp_prune_ctx){.key = 6}, other);
  ck_assert_mem_eq(score, again, sizeof score);
  double count[BINS] = {0}, chi = 0.0, product = 0.0;
  for (size_t i = 0; i < N; i++) {
    ck_assert(score[i] >= 0.0f && score[i] < 1.0f);
    count[(size_t)(score[i] * BINS)]++;
    product += ((double)score[i] - 0.5) * ((double)other[i] - 0.5);
  }
  for (int b = 0; b < BINS; b++) chi += pow(count[b] - N / BINS, 2.0) / (N / BINS);
  ck_assert_msg(chi < 50.0, "chi squared %g with 19 degrees of freedom", chi); /* p < 2e-4 */
  /* correlation of two keys: standard deviation 1 / sqrt(N) */
  ck_assert(fabs(product / N * 12.0) < 4.0 / sqrt(N));
}
END_TEST

/* ---- structures ---- */

static const char filters[] =
    "[model]\narch = custom\nlayers =\n"
    " conv 3 1x1 nobias\n bn\n conv 3 1x1 groups 3 bias\n conv 2 1x1 bias\n linear classes\n"
    "[prune]\nmethod = magnitude\nstructure = filter\n";

/* Filters score the mean of |w|: conv1 2.5, 1.5, 2 and conv3 1, 3. Of 5, 2 go: conv3's first,
 * conv1's second, though no weight of conv1 is larger than its first. */
START_TEST(filters_go_with_bias_and_batch_norm) {
  plant p;
  esp_error err;
  int floored;
  plant_open(&p, (esp_shape){2, 1, 1}, 2, filters);
  PLANT_SET(&p, "conv1.weight", 2, 3, -3, 0, -2, 2);
  PLANT_SET(&p, "conv3.weight", 1, 1, 1, 0, 4, -5);
  PLANT_SET(&p, "conv3.bias", 6, 7);
  PLANT_SET(&p, "bn1.shift", 1, 2, 3);
  ck_assert(esp_pruner_prune(p.pruner, 0.4, &floored, &err) == ESP_OK);
  plant_mask_is(&p, "conv1.weight", "110011");
  plant_mask_is(&p, "bn1.scale", "101");
  plant_mask_is(&p, "bn1.shift", "101");
  plant_mask_is(&p, "conv3.weight", "000111");
  plant_mask_is(&p, "conv3.bias", "01");
  plant_check(&p, "pruned");
  ck_assert(plant_param(&p, "bn1.shift")->value[1] == 0.0f &&
            plant_param(&p, "bn1.shift")->value[2] == 3.0f);
  ck_assert(plant_param(&p, "conv3.bias")->value[0] == 0.0f);
  static const char *const dense[] = {"conv2.weight", "conv2.bias", "linear1.weight",
                                      "linear1.bias", "bn1.mean"};
  for (size_t i = 0; i < 5; i++)
    ck_assert_msg(!plant_param(&p, dense[i])->mask, "%s has a mask", dense[i]);
  const esp_pruned c = esp_pruner_count(p.pruner);
  ck_assert_uint_eq(c.pruned, 2);
  ck_assert_uint_eq(c.units, 5);
  plant_close(&p);
}
END_TEST

/* ---- distributions ---- */

/* Weights 0.1 to 1 in two layers of 6 and 4; linear2 has the four largest. */
static void open_two(plant *p, const char *prune) {
  char ini[512];
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
  esp_error err = {.text = ""};
  open_two(&p, prune);
  ck_assert_msg(esp_pruner_prune(p.pruner, sparsity, &is, &err) == ESP_OK, "%s", err.text);
  plant_mask_is(&p, "linear1.weight", first);
  plant_mask_is(&p, "linear2.weight", second);
  ck_assert_int_eq(is, floored);
  plant_close(&p);
}

START_TEST(global_is_one_ranking) {
  two_become("", 0.0, 0, "111111", "1111");
  two_become("", 0.3, 0, "010011", "1111"); /* 0.1, 0.2, 0.3 go */
  /* 4 stay, all in linear2: linear1 gets its best, 0.6, back and linear2 pays with its worst,
   * 0.7. */
  two_become("", 0.6, 1, "000001", "0111");
  two_become("allow_empty = yes\n", 0.6, 0, "000000", "1111");
  two_become("", 1.0, 2, "000001", "0010"); /* the best of each */
  two_become("allow_empty = yes\n", 1.0, 0, "000000", "0000");
}
END_TEST

START_TEST(uniform_is_the_same_share_everywhere) {
  two_become("distribution = uniform\n", 0.5, 0, "010011", "0110");
  /* 6 of 10 stay: 3.6 and 2.4 of the layers; the larger remainder is rounded up. */
  two_become("distribution = uniform\n", 0.4, 0, "011011", "0110");
  /* 1 of 10 stays: 0.6 and 0.4, so linear1's best; linear2 keeps its best because no layer is
   * emptied. */
  two_become("distribution = uniform\n", 0.9, 1, "000001", "0010");
  two_become("distribution = uniform\nallow_empty = yes\n", 0.9, 0, "000001", "0000");
}
END_TEST

static const char erk[] =
    "[model]\narch = custom\nlayers =\n conv 2 3x3 pad 0 nobias\n linear 20 nobias\n"
    " linear classes nobias\n"
    "[prune]\nmethod = magnitude\ndistribution = erk\n";

/* Sum and product of the shapes: conv (2, 2, 3, 3) 10 and 36, linear (20, 2) 22 and 40, linear (28,
 * 20) 48 and 560; 636 weights, of which 159 stay at sparsity 0.75. A layer keeps epsilon * sum.
 * With all three epsilon = 159 / 80, so linear1 would keep 43.7 of 40: it is dense, and the others
 * share 119 at epsilon = 119 / 58: 20.517 and 98.483, which Hamilton's method rounds to 21 and
 * 98. */
START_TEST(erk_by_hand) {
  plant p;
  esp_error err;
  int floored;
  plant_open(&p, (esp_shape){2, 3, 3}, 28, erk);
  esp_layer_budget share[3];
  for (int i = 0; i < 3; i++)
    share[i] = (esp_layer_budget){&p.model->layer[i], p.model->layer[i].weight->count, 1.0};
  const esp_distribution *d = find_esp_distribution("erk");
  ck_assert(d->share(&p.config.prune, 0.75, share, 3, &err) == ESP_OK);
  ck_assert_double_eq_tol(share[0].density, 119.0 / 58.0 * 10.0 / 36.0, 1e-12);
  ck_assert(share[1].density == 1.0);
  ck_assert_double_eq_tol(share[2].density, 119.0 / 58.0 * 48.0 / 560.0, 1e-12);
  ck_assert(esp_pruner_prune(p.pruner, 0.75, &floored, &err) == ESP_OK);
  ck_assert_uint_eq(plant_param(&p, "conv1.weight")->mask->kept, 21);
  ck_assert_uint_eq(plant_param(&p, "linear1.weight")->mask->kept, 40);
  ck_assert_uint_eq(plant_param(&p, "linear2.weight")->mask->kept, 98);
  plant_close(&p);
}
END_TEST

/* At sparsity 0.5, 318 stay: epsilon = 318 / 80 makes linear1 dense, then 278 / 58 makes conv1
 * (47.9 of 36) dense too, and 242 are left for linear2. At 0 all are dense, at 1 none is there. */
START_TEST(erk_caps_layer_after_layer) {
  plant p;
  esp_error err;
  plant_open(&p, (esp_shape){2, 3, 3}, 28, erk);
  const esp_distribution *d = find_esp_distribution("erk");
  static const double sparsity[] = {0.5, 0.0, 1.0},
                      density[][3] = {{1.0, 1.0, 242.0 / 560.0}, {1.0, 1.0, 1.0}, {0.0, 0.0, 0.0}};
  for (int k = 0; k < 3; k++) {
    esp_layer_budget share[3];
    for (int i = 0; i < 3; i++)
      share[i] = (esp_layer_budget){&p.model->layer[i], p.model->layer[i].weight->count, 0.5};
    ck_assert(d->share(&p.config.prune, sparsity[k], share, 3, &err) == ESP_OK);
    for (int i = 0; i < 3; i++) ck_assert_double_eq_tol(share[i].density, density[k][i], 1e-12);
  }
  plant_close(&p);
}
END_TEST

START_TEST(per_layer_is_what_was_listed) {
  /* 0.5 of 6 and of 4 */
  two_become("distribution = per-layer\nsparsity = 0.5\nlayers =\n *1 0.5\n linear2 0.5\n", 0.5, 0,
             "010011", "0110");
  /* The last line that matches counts; a layer that no line names stays dense. */
  two_become("distribution = per-layer\nlayers =\n linear1 1\n\n linear* 0.25\n linear1 0.5\n", 0.9,
             0, "010011", "0111");
  two_become("distribution = per-layer\nlayers = linear2 0.75\n", 0.9, 0, "111111", "0010");
  /* Half of 3 is 1.5 removed, half of 1 is 0.5: halves round to even, 2 and 0. */
  two_become("distribution = per-layer\nlayers =\n linear1 0.25\n linear2 0.125\n", 0.9, 0,
             "011011", "1111");
  /* Half-way to the final sparsity every layer is half-way to its own. */
  two_become("distribution = per-layer\nsparsity = 0.8\nlayers =\n linear1 0.6666667\n linear2 1\n",
             0.4, 0, "011011", "0110");
}
END_TEST

static const struct {
  const char *layers, *says;
} wrong_layers[] = {
    {"", "expected lines"},
    {"linear1", "layers:1: 'linear1': expected"},
    {"linear1 0.5\nlinear2 1.5", "layers:2: 'linear2 1.5': expected"},
    {"linear1 -0.1", "layers:1:"},
    {"linear1 nan", "layers:1:"},
    {"linear1 0.5 0.6", "layers:1:"},
    {"linear1 0.5x", "layers:1:"},
    {"linear1 \n0.5", "layers:1:"}, /* the number must be in the line */
    {"linear1 0.5\nconv1 0.5", "layers:2: 'conv1 0.5' matches no layer"},
    {"linear 0.5", "matches no layer"},
    {"0.5", "layers:1:"},
};

START_TEST(per_layer_errors) {
  plant p;
  esp_error err = {.text = ""};
  int floored;
  open_two(&p, "distribution = per-layer\nlayers = linear1 0.5\n");
  ck_assert(esp_prune_keys_set(&p.config.prune, "layers", wrong_layers[_i].layers, &err) == ESP_OK);
  ck_assert(esp_pruner_prune(p.pruner, 0.9, &floored, &err) == ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, wrong_layers[_i].says) != NULL, "'%s': %s",
                wrong_layers[_i].layers, err.text);
  plant_mask_is(&p, "linear1.weight", "111111"); /* nothing happened */
  plant_close(&p);
}
END_TEST

/* ---- schedules ---- */

START_TEST(one_shot_removes_all_at_once) {
  const esp_prune_options opt = {.sparsity = 0.7};
  const esp_prune_schedule *s = find_esp_prune_schedule("one-shot");
  ck_assert(!s->in_training);
  ck_assert(s->sparsity(&opt, 1.0) == 0.7);
}
END_TEST

/* 0.1 = 0.79433^10 stays after ten rounds that each keep the same share. */
START_TEST(iterative_in_ten_rounds) {
  static const double after[] = {0.0,          0.2056717653, 0.3690426555, 0.4988127663,
                                 0.6018928294, 0.6837722340, 0.7488113568, 0.8004737685,
                                 0.8415106808, 0.8741074588, 0.9};
  plant p;
  plant_open(&p, (esp_shape){3, 1, 1}, 2,
             "[model]\narch = custom\nlayers = linear classes\n"
             "[prune]\nmethod = random\nschedule = iterative\nsparsity = 0.9\nrounds = 10\n");
  ck_assert_int_eq(esp_pruner_rounds(p.pruner), 10);
  ck_assert(!esp_pruner_in_training(p.pruner));
  for (int round = 0; round <= 10; round++)
    ck_assert_double_eq_tol(esp_pruner_round_sparsity(p.pruner, round), after[round], 1e-9);
  ck_assert(esp_pruner_round_sparsity(p.pruner, 10) == 0.9); /* exactly */
  plant_close(&p);
  const esp_prune_options all = {.sparsity = 1.0};
  ck_assert(find_esp_prune_schedule("iterative")->sparsity(&all, 0.5) == 1.0);
}
END_TEST

/* 0.8 (1 - (1 - t)^3) */
START_TEST(cubic_is_fast_at_first) {
  const esp_prune_options opt = {.sparsity = 0.8};
  const esp_prune_schedule *s = find_esp_prune_schedule("cubic");
  ck_assert(s->in_training);
  ck_assert(s->sparsity(&opt, 0.0) == 0.0);
  ck_assert_double_eq_tol(s->sparsity(&opt, 0.5), 0.8 * 0.875, 1e-15);
  ck_assert(s->sparsity(&opt, 1.0) == 0.8);
}
END_TEST

/* ---- the catalogue itself ---- */

START_TEST(methods_are_none_criteria_and_dynamic_ones) {
  size_t i = 0;
  ck_assert_str_eq(esp_prune_method_name(i++), "none");
  for (size_t k = 0; esp_criterion_at(k); k++)
    ck_assert_str_eq(esp_prune_method_name(i++), esp_criterion_at(k)->name);
  for (size_t k = 0; esp_dynamic_at(k); k++)
    ck_assert_str_eq(esp_prune_method_name(i++), esp_dynamic_at(k)->name);
  ck_assert_ptr_null(esp_prune_method_name(i));
  ck_assert_ptr_null(esp_prune_method_name(1000));
  for (size_t k = 1; k < i; k++)
    for (size_t l = 0; l < k; l++)
      ck_assert_str_ne(esp_prune_method_name(k), esp_prune_method_name(l));
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("prune");
  TCase *selection = tcase_create("selection"), *catalogue = tcase_create("catalogue");
  tcase_set_timeout(selection, 60);
  tcase_add_test(selection, select_by_hand);
  tcase_add_test(selection, select_ranks_what_is_not_finite);
  tcase_add_test(selection, select_among_100000_equal);
  tcase_add_test(selection, select_agrees_with_qsort);
  tcase_set_timeout(catalogue, 60);
  tcase_add_test(catalogue, magnitude_is_the_absolute_value);
  tcase_add_test(catalogue, saliency_is_the_product_with_the_gradient);
  tcase_add_test(catalogue, random_is_uniform_and_a_function_of_the_key);
  tcase_add_test(catalogue, filters_go_with_bias_and_batch_norm);
  tcase_add_test(catalogue, global_is_one_ranking);
  tcase_add_test(catalogue, uniform_is_the_same_share_everywhere);
  tcase_add_test(catalogue, erk_by_hand);
  tcase_add_test(catalogue, erk_caps_layer_after_layer);
  tcase_add_test(catalogue, per_layer_is_what_was_listed);
  tcase_add_loop_test(catalogue, per_layer_errors, 0, sizeof wrong_layers / sizeof *wrong_layers);
  tcase_add_test(catalogue, one_shot_removes_all_at_once);
  tcase_add_test(catalogue, iterative_in_ten_rounds);
  tcase_add_test(catalogue, cubic_is_fast_at_first);
  tcase_add_test(catalogue, methods_are_none_criteria_and_dynamic_ones);
  suite_add_tcase(s, selection);
  suite_add_tcase(s, catalogue);
  return s;
}

int main(void) {
  return suite_run(suite());
}
