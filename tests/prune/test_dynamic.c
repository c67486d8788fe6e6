/* Methods that change masks while training, against tiny cases worked by hand. (Surgery, SET and
 * RigL: in test_pruner.c.) */
#include "eight.h"
#include "suite.h"

#include <stdlib.h>

static void clear_gradients(const plant *p) {
  for (int k = 0; k < p->model->params.count; k++) {
    const esp_param *w = p->model->params.item[k];
    if (w->grad) memset(w->grad, 0, w->count * sizeof(float));
  }
}

/* The mask is drawn once, differs between seeds, and stays. */
START_TEST(static_masks_stay) {
  bool differs = false;
  uint8_t first[8];
  for (int seed = 0; seed < 8; seed++) {
    char ini[64];
    plant p;
    uint8_t begun[8];
    snprintf(ini, sizeof ini, "method = static\n[run]\nseed = %d\n", seed);
    eight_open(&p, ini);
    take_step(&p, 0, 6, 0.0, 1.0);
    const esp_mask *m = eight(&p)->mask;
    ck_assert_uint_eq(m->kept, 4);
    memcpy(begun, m->keep, 8);
    const uint64_t generation = m->generation;
    for (int s = 1; s <= 6; s++) take_step(&p, s, 6, 0.1, 1.0);
    ck_assert_mem_eq(m->keep, begun, 8);
    ck_assert_uint_eq(m->generation, generation); /* nothing is rebuilt for it */
    if (seed == 0) memcpy(first, begun, 8);
    differs |= memcmp(first, begun, 8) != 0;
    plant_close(&p);
  }
  ck_assert(differs);
}
END_TEST

/* Steps 0 to 4 ask for 0, 4 (3.5 of 8, to even), 4, 4 and 4. Weight 0 grows from 1 to 5.5 behind
 * the mask and then beats the 5: no band holds it back, as surgery's would. */
START_TEST(dpf_chooses_afresh_from_the_dense_weights) {
  plant p;
  eight_open(&p, "method = dpf\n");
  take_step(&p, 0, 4, 0.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "11111111");
  eight(&p)->grad[0] = -4.5f;
  take_step(&p, 1, 4, 1.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "00001111");
  ck_assert(eight(&p)->shadow[0] == 5.5f && eight(&p)->value[0] == 0.0f);
  take_step(&p, 2, 4, 0.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "10000111");
  FLOATS_ARE(eight(&p)->value, 5.5f, 0, 0, 0, 0, -6, 7, -8);
  plant_close(&p);
}
END_TEST

/* Compressed, all, compressed, all, compressed. What comes back starts from 0 and may stay if it
 * grows. */
START_TEST(acdc_takes_turns) {
  plant p;
  eight_open(&p, "method = acdc\n");
  take_step(&p, 0, 4, 0.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "00001111");
  eight(&p)->grad[0] = -9.0f;
  take_step(&p, 1, 4, 1.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "11111111");
  FLOATS_ARE(eight(&p)->value, 9, 0, 0, 0, 5, -6, 7, -8);
  clear_gradients(&p);
  take_step(&p, 2, 4, 1.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "10000111");
  take_step(&p, 3, 4, 1.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "11111111");
  take_step(&p, 4, 4, 1.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "10000111");
  plant_close(&p);
}
END_TEST

/* The period's length in changes may be even: the last phase is compressed all the same, and keeps
 * what it had. */
START_TEST(acdc_ends_compressed) {
  plant p;
  eight_open(&p, "method = acdc\n");
  for (int s = 0; s <= 5; s++) take_step(&p, s, 5, 0.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "00001111");
  plant_close(&p);
}
END_TEST

/* Half-way 0.875 of the sparsity is asked for: 4 of 8 go (3.5, to even). Of the 4 left the share
 * 1 * (1 + cos(pi / 2)) / 2 moves: the 5 and the -6 make room for the largest gradients among those
 * absent, at 1 and 2. */
START_TEST(granet_prunes_and_regrows) {
  plant p;
  eight_open(&p, "method = granet\ndrop_fraction = 1\n");
  take_step(&p, 0, 2, 0.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "11111111");
  const float grad[] = {0.5f, -3, 2, 1, 1, 1, 100, 100};
  memcpy(eight(&p)->grad, grad, sizeof grad);
  take_step(&p, 1, 2, 0.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "01100011");
  FLOATS_ARE(eight(&p)->value, 0, 0, 0, 0, 0, 0, 7, -8);
  plant_close(&p);
}
END_TEST

/* Of 8 weights 4 are used and 2 more explored; weights 0 and 1 rest, whatever their gradient and
 * momentum. Decay is 1/4 for those used and 1/4 / D = 1/2 for those explored. */
START_TEST(topkast_explores_more_than_it_uses) {
  plant p;
  eight_open(&p, "method = topkast\nexplore = 0.25\n");
  p.config.train.weight_decay = 0.25;
  p.config.train.momentum = 0.5;
  eight(&p)->momentum[0] = 5.0f;
  eight(&p)->grad[0] = eight(&p)->grad[1] = 100.0f;
  eight(&p)->grad[2] = -1.0f;
  take_step(&p, 0, 4, 1.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "00001111");
  FLOATS_ARE(eight(&p)->shadow, 1, -2, 2.5f, -2, 3.75f, -4.5f, 5.25f, -6);
  FLOATS_ARE(eight(&p)->value, 0, 0, 0, 0, 3.75f, -4.5f, 5.25f, -6);
  ck_assert(eight(&p)->momentum[0] == 0.0f && eight(&p)->momentum[2] == 0.5f);
  plant_close(&p);
}
END_TEST

/* ---- whole filters ---- */

/* Eight filters of 4 weights, filter f of size f + 1, and a batch norm. */
static void open_filters(plant *p, const char *prune) {
  char ini[512];
  snprintf(ini, sizeof ini,
           "[model]\narch = custom\nlayers =\n conv 8 1x1\n bn\n global_avgpool\n linear classes\n"
           "[train]\nmomentum = 0\nweight_decay = 0\n[prune]\nstructure = filter\nsparsity = 0.5\n"
           "every = 1\n%s",
           prune);
  plant_open(p, (esp_shape){4, 2, 2}, 2, ini);
  esp_param *w = plant_param(p, "conv1.weight");
  for (size_t i = 0; i < w->count; i++) w->value[i] = (i % 2 ? -1.0f : 1.0f) * (float)(i / 4 + 1);
}

static size_t filters_of(const plant *p) {
  const esp_pruned c = esp_pruner_count(p->pruner);
  return c.units - c.pruned;
}

/* The four small filters become 0 but keep their place, batch norm included; the first grows to be
 * the largest. Only the last change prunes. */
START_TEST(soft_filters_go_on_learning) {
  plant p;
  open_filters(&p, "method = soft\n");
  esp_param *w = plant_param(&p, "conv1.weight");
  take_step(&p, 0, 2, 0.0, 1.0);
  ck_assert_uint_eq(filters_of(&p), 8);
  for (size_t i = 0; i < w->count; i++) ck_assert((w->value[i] == 0.0f) == (i < 16));
  ck_assert(plant_param(&p, "bn1.scale")->value[0] == 1.0f);
  for (size_t i = 0; i < 4; i++) w->grad[i] = -10.0f;
  take_step(&p, 1, 2, 1.0, 1.0);
  ck_assert(w->value[0] == 10.0f);
  clear_gradients(&p);
  take_step(&p, 2, 2, 1.0, 1.0);
  ck_assert_uint_eq(filters_of(&p), 4);
  ck_assert(w->value[0] == 10.0f && w->value[16] == 0.0f && w->value[20] != 0.0f);
  ck_assert(plant_param(&p, "bn1.scale")->value[4] == 0.0f);
  plant_close(&p);
}
END_TEST

/* What has begun can learn: a filter of zeros behind a scale of 0 could not. */
static void each_filter_is_whole_or_gone(const plant *p) {
  const esp_param *w = plant_param(p, "conv1.weight"), *scale = plant_param(p, "bn1.scale");
  for (size_t i = 0; i < w->count; i++) {
    const bool there = w->mask->keep[i];
    ck_assert((w->value[i] != 0.0f) == there && (scale->value[i / 4] != 0.0f) == there);
  }
}

/* From 2 filters of the 4 allowed. The loss 1.0 is the first and best, 0.5 is better. Then it
 * stalls: one filter goes and two begin; again (1 of 3, to 4); and at the limit as many begin as
 * go. */
START_TEST(grow_follows_the_loss) {
  static const double loss[] = {0.0, 1.0, 0.5, 0.499, 0.6, 0.6, 0.3};
  static const size_t filters[] = {2, 2, 2, 3, 4, 4, 4};
  plant p;
  open_filters(&p, "method = grow\ndrop_fraction = 0.5\nstall = 0.02\n");
  /* The loss of a step is seen after its change: the next one judges it. */
  for (int s = 0; s < 7; s++) {
    take_step(&p, s, 20, 0.0, s < 6 ? loss[s + 1] : 0.3);
    ck_assert_msg(filters_of(&p) == filters[s], "step %d: %zu filters", s, filters_of(&p));
    each_filter_is_whole_or_gone(&p);
  }
  plant_close(&p);
}
END_TEST

/* The one that goes is the smaller one. */
START_TEST(grow_drops_the_smallest) {
  plant p;
  open_filters(&p, "method = grow\ndrop_fraction = 0.5\nstall = 1\n");
  const esp_param *w = plant_param(&p, "conv1.weight");
  take_step(&p, 0, 20, 0.0, 1.0);
  size_t large = 7;
  while (!w->mask->keep[4 * large]) large--;
  p.config.prune.sparsity = 0.75; /* two filters at most: one goes, one begins */
  take_step(&p, 1, 20, 0.0, 1.0);
  ck_assert_uint_eq(filters_of(&p), 2);
  take_step(&p, 2, 20, 0.0, 1.0);
  ck_assert_uint_eq(filters_of(&p), 2);
  ck_assert(w->mask->keep[4 * large] && w->value[4 * large] == (float)(large + 1));
  plant_close(&p);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("dynamic");
  TCase *all = tcase_create("by hand");
  tcase_set_timeout(all, 60);
  tcase_add_test(all, static_masks_stay);
  tcase_add_test(all, dpf_chooses_afresh_from_the_dense_weights);
  tcase_add_test(all, acdc_takes_turns);
  tcase_add_test(all, acdc_ends_compressed);
  tcase_add_test(all, granet_prunes_and_regrows);
  tcase_add_test(all, topkast_explores_more_than_it_uses);
  tcase_add_test(all, soft_filters_go_on_learning);
  tcase_add_test(all, grow_follows_the_loss);
  tcase_add_test(all, grow_drops_the_smallest);
  suite_add_tcase(s, all);
  return s;
}

int main(void) {
  return suite_run(suite());
}
