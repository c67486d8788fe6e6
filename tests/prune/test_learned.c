/* Methods that learn which weights to use, against tiny cases worked by hand. */
#include "eight.h"
#include "suite.h"

#include <math.h>

/* ---- edge-popup ---- */

static void set_scores(const plant *p, const float *score) {
  memcpy(eight(p)->shadow, score, 8 * sizeof *score);
}

/* The weights are those drawn at the start, to the bit, wherever the scores wander. */
START_TEST(edge_popup_freezes_the_weights) {
  plant p;
  eight_open(&p, "method = edge-popup\n");
  for (int s = 0; s <= 20; s++) {
    plant_wild_gradients(&p, (esp_key)s);
    take_step(&p, s, 20, s < 20 ? 0.1 : 0.0, 1.0);
    ck_assert_uint_eq(eight(&p)->mask->kept, 4);
    for (int i = 0; i < 8; i++)
      ck_assert(eight(&p)->value[i] == (eight(&p)->mask->keep[i] ? one_to_eight[i] : 0.0f));
  }
  plant_close(&p);
}
END_TEST

/* Scores begin uniform within 1 / sqrt(4 inputs). Then ds = g w sign(s), decay on top: 1/2 s; and
 * the mask follows |s|. */
START_TEST(edge_popup_learns_scores_through_the_mask) {
  static const float score[] = {0.5f, 0.125f, -0.75f, 0.25f, 0, -0.5f, 1, -1};
  plant p;
  eight_open(&p, "method = edge-popup\n");
  take_step(&p, 0, 9, 0.0, 1.0);
  for (int i = 0; i < 8; i++)
    ck_assert(fabsf(eight(&p)->shadow[i]) <= 0.5f && eight(&p)->shadow[i] != 0.0f);
  set_scores(&p, score);
  p.config.train.weight_decay = 0.5;
  memset(eight(&p)->grad, 0, 8 * sizeof(float));
  eight(&p)->grad[1] = 1.0f;  /* of weight -2 with a positive score: ds = -2 + 1/16 */
  eight(&p)->grad[2] = 0.25f; /* of weight 3 with a negative one: ds = -3/4 - 3/8 */
  take_step(&p, 1, 9, 1.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "10100011"); /* of the scores before the step */
  FLOATS_ARE(eight(&p)->shadow, 0.25f, 2.0625f, 0.375f, 0.125f, 0, -0.25f, 0.5f, -0.5f);
  take_step(&p, 2, 9, 0.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "01100011");
  FLOATS_ARE(eight(&p)->value, 0, -2, 3, 0, 0, 0, 7, -8);
  plant_close(&p);
}
END_TEST

/* The momentum of the weights is none for the scores, nor that of the scores one for the
 * weights. */
START_TEST(momentum_does_not_change_hands) {
  plant p;
  eight_open(&p, "method = edge-popup\nend_epoch = 1\n");
  p.config.train.momentum = 0.5;
  for (int i = 0; i < 8; i++) eight(&p)->momentum[i] = 100.0f;
  take_step(&p, 0, 2, 1.0, 1.0);
  for (int i = 0; i < 8; i++) ck_assert(eight(&p)->momentum[i] == 0.0f);
  eight(&p)->grad[3] = eight(&p)->grad[7] = 1.0f;
  take_step(&p, 1, 2, 1.0, 1.0);
  ck_assert(fabsf(eight(&p)->momentum[7]) == 8.0f);
  memset(eight(&p)->grad, 0, 8 * sizeof(float));
  take_step(&p, 2, 2, 1.0, 1.0); /* the end: from here on weights are trained */
  for (int i = 0; i < 8; i++)
    ck_assert(eight(&p)->value[i] == (eight(&p)->mask->keep[i] ? one_to_eight[i] : 0.0f));
  plant_close(&p);
}
END_TEST

/* The average takes in the weights, once a step, and nothing of the scores. */
START_TEST(averages_are_of_the_weights) {
  plant p;
  eight_open(&p, "method = edge-popup\n[train]\naverage = 0.5\n");
  memcpy(eight(&p)->average, one_to_eight, sizeof one_to_eight);
  take_step(&p, 0, 9, 0.0, 1.0);
  const uint8_t *keep = eight(&p)->mask->keep;
  for (int i = 0; i < 8; i++)
    ck_assert(eight(&p)->average[i] == (keep[i] ? one_to_eight[i] : 0.0f));
  for (int i = 0; i < 8; i++) eight(&p)->average[i] = 0.0f;
  take_step(&p, 1, 9, 0.0, 1.0);
  for (int i = 0; i < 8; i++)
    ck_assert(eight(&p)->average[i] == (keep[i] ? 0.5f * one_to_eight[i] : 0.0f));
  plant_close(&p);
}
END_TEST

/* ---- soft movement ---- */

/* g w is 1 and -1 in two of eight weights, of root mean square 1/2, so their scores move by
 * 2 lr = 3, one down past the threshold of -2.197. Weights out of the mask rest, though their
 * scores go on: g w is that of weight 0 alone then, so its score rises by sqrt(8). At the end the
 * four best scores stay, ties by index. */
START_TEST(soft_movement_prunes_what_moves_to_zero) {
  plant p;
  eight_open(&p, "method = soft-movement\nstrength = 0\n");
  take_step(&p, 0, 3, 0.0, 1.0);
  eight(&p)->grad[0] = 1.0f;
  eight(&p)->grad[7] = 0.125f;
  take_step(&p, 1, 3, 1.5, 1.0);
  plant_mask_is(&p, "linear1.weight", "11111111"); /* the step's scores came after its change */
  FLOATS_ARE(p.pruner->state[0], -3, 0, 0, 0, 0, 0, 0, 3);
  ck_assert(eight(&p)->value[0] == -0.5f);
  memset(eight(&p)->grad, 0, 8 * sizeof(float));
  eight(&p)->grad[0] = 0.125f;
  take_step(&p, 2, 3, 1.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "01111111");
  ck_assert(eight(&p)->shadow[0] == -0.5f);
  ck_assert_float_eq_tol(p.pruner->state[0][0], -3.0f + 2.8284271f, 1e-6f);
  take_step(&p, 3, 3, 0.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "01110001");
  plant_close(&p);
}
END_TEST

/* The penalty alone: sigmoid' is 1/4 at 0, so a score goes down by lr * strength / 4, that of a
 * pruned weight too. */
START_TEST(soft_movement_has_a_penalty) {
  plant p;
  eight_open(&p, "method = soft-movement\nstrength = 16\n");
  take_step(&p, 0, 9, 0.5, 1.0);
  for (int i = 0; i < 8; i++) ck_assert(p.pruner->state[0][i] == 0.0f - 2.0f);
  take_step(&p, 1, 9, 0.5, 1.0);
  plant_mask_is(&p, "linear1.weight", "11111111"); /* -2 is still above */
  take_step(&p, 2, 9, 0.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "10000000"); /* all below; the layer is never emptied */
  plant_close(&p);
}
END_TEST

/* ---- soft thresholds ---- */

/* s = -5 at first: sigmoid = 0.0066929. With strength 1 and rate 1 a step takes s to 0, where the
 * threshold is 1/2; the gradients are 0. */
START_TEST(str_shrinks_by_the_threshold) {
  plant p;
  eight_open(&p, "method = str\nstrength = 1\n");
  PLANT_SET(&p, "linear1.weight", 0.25f, -0.25f, 1, -1, 0.5f, -0.5f, 2, 0);
  take_step(&p, 0, 9, 0.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "11111110");
  ck_assert_float_eq_tol(eight(&p)->value[3], -1.0f + 0.0066928509f, 1e-7f);
  take_step(&p, 1, 9, 1.0, 1.0);
  FLOATS_ARE(eight(&p)->value, 0, 0, 0.5f, -0.5f, 0, 0, 1.5f, 0);
  take_step(&p, 2, 9, 0.0, 1.0);
  plant_mask_is(&p, "linear1.weight", "00110010");
  plant_close(&p);
}
END_TEST

/* The loss sum c value falls along the gradient that the method gives s and the shadow: central
 * differences. */
START_TEST(str_has_the_gradient_of_its_formula) {
  static const float c[] = {1, 2, -1, 0.5f, 3, 1, -2, 1};
  static const float w[] = {0.5f, -0.5f, 0.75f, -0.875f, 0.001f, 0.25f, -0.002f, 1};
  plant p;
  float up[8], down[8];
  double slope = 0.0;
  eight_open(&p, "method = str\nstrength = 0\n");
  plant_set(&p, "linear1.weight", 8, w);
  take_step(&p, 0, 9, 0.0, 1.0);
  float *s = p.pruner->state[0];
  *s = 1e-2f;
  p.pruner->dynamic->hooks->reparametrize(p.pruner, 0, up);
  *s = -1e-2f;
  p.pruner->dynamic->hooks->reparametrize(p.pruner, 0, down);
  for (int i = 0; i < 8; i++) slope += (double)c[i] * ((double)up[i] - (double)down[i]) / 2e-2;
  *s = 0.0f;
  memcpy(eight(&p)->grad, c, sizeof c);
  take_step(&p, 1, 9, 1.0, 1.0);
  ck_assert_msg(fabs(slope) > 1e-3 && fabs(slope + (double)*s) < 1e-3 * fabs(slope),
                "%g, expected %g", -(double)*s, slope);
  FLOATS_ARE(eight(&p)->shadow, -0.5f, -2.5f, 1.75f, -1.375f, 0.001f, -0.75f, -0.002f, 0);
  plant_close(&p);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("learned");
  TCase *all = tcase_create("by hand");
  tcase_set_timeout(all, 60);
  tcase_add_test(all, edge_popup_freezes_the_weights);
  tcase_add_test(all, edge_popup_learns_scores_through_the_mask);
  tcase_add_test(all, momentum_does_not_change_hands);
  tcase_add_test(all, averages_are_of_the_weights);
  tcase_add_test(all, soft_movement_prunes_what_moves_to_zero);
  tcase_add_test(all, soft_movement_has_a_penalty);
  tcase_add_test(all, str_shrinks_by_the_threshold);
  tcase_add_test(all, str_has_the_gradient_of_its_formula);
  suite_add_tcase(s, all);
  return s;
}

int main(void) {
  return suite_run(suite());
}
