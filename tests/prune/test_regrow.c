/* Methods that bring weights back: surgery, SET and RigL. */
#include "nets.h"

/* ---- surgery ---- */

static const char surgery[] = "method = surgery\nsparsity = 0.5\nevery = 1\nsplice_margin = ";
static const float one_to_eight[] = {1, -2, 3, -4, 5, -6, 7, -8};

/* Moves the shadow of a weight by `by`, with a step of the optimiser: momentum 0, rate 1, gradient
 * -by. */
static void grow(plant *p, size_t index, float by) {
  esp_param *w = plant_param(p, "linear1.weight");
  memset(w->grad, 0, w->count * sizeof(float));
  w->grad[index] = -by;
  p->config.train.momentum = p->config.train.weight_decay = 0.0;
  esp_optimiser_step(&p->model->params, &p->config.train, 1.0);
  plant_check(p, "moved");
}

/* Steps 0 to 4: no sparsity, 0.5 * (1 - 0.5^3) = 0.4375 of 8 = 3.5, rounded 4, then 4 of 8. */
static void open_surgery(plant *p, const char *margin) {
  char ini[128];
  snprintf(ini, sizeof ini, "%s%s\n", surgery, margin);
  open_eight(p, ini);
  plant_set(p, "linear1.weight", 8, one_to_eight);
  ck_assert(step(p, 0, 0, 4));
  plant_mask_is(p, "linear1.weight", "11111111");
  step(p, 1, 0, 4);
  plant_mask_is(p, "linear1.weight", "00001111");
  plant_check(p, "pruned");
  ck_assert_mem_eq(plant_param(p, "linear1.weight")->shadow, one_to_eight, sizeof one_to_eight);
}

/* Weight 0 grows from 1 to 9 behind its mask. With the band of 10 %: 0.9 * 9 = 8.1 against
 * 1.1 * 5 = 5.5, so it comes back, as 9, and the 5 goes, into the shadow. */
START_TEST(surgery_splices_back_what_grows) {
  plant p;
  open_surgery(&p, "0.1");
  esp_param *w = plant_param(&p, "linear1.weight");
  grow(&p, 0, 8.0f);
  ck_assert(w->value[0] == 0.0f && w->shadow[0] == 9.0f);
  step(&p, 2, 0, 4);
  plant_mask_is(&p, "linear1.weight", "10000111");
  ck_assert(w->value[0] == 9.0f && w->value[4] == 0.0f && w->shadow[4] == 5.0f);
  plant_check(&p, "spliced");
  step(&p, 3, 0, 4);
  plant_mask_is(&p, "linear1.weight", "10000111");
  step(&p, 4, 0, 4);
  ck_assert_ptr_null(w->shadow);
  static const float value[] = {9, 0, 0, 0, 0, -6, 7, -8};
  ck_assert_mem_eq(w->value, value, sizeof value);
  ck_assert(esp_pruner_holds(p.pruner));
  plant_check(&p, "finished");
  plant_close(&p);
}
END_TEST

/* Weight 0 grows to 5.8, above the smallest that is there, 5. Within the band both keep their
 * state: 0.9 * 5.8 = 5.22 < 1.1 * 5 = 5.5. Without one it comes back. */
START_TEST(surgery_keeps_the_state_within_the_band) {
  static const char *const margin[] = {"0.1", "0"}, *const mask[] = {"00001111", "10000111"};
  for (int i = 0; i < 2; i++) {
    plant p;
    open_surgery(&p, margin[i]);
    grow(&p, 0, 4.8f);
    step(&p, 2, 0, 4);
    plant_mask_is(&p, "linear1.weight", mask[i]);
    plant_check(&p, margin[i]);
    plant_close(&p);
  }
}
END_TEST

/* The momentum behind the mask goes on while there is a shadow, and ends with it. */
START_TEST(surgery_ends_with_the_plain_invariant) {
  plant p;
  open_surgery(&p, "0.1");
  esp_param *w = plant_param(&p, "linear1.weight");
  for (size_t i = 0; i < 8; i++) w->grad[i] = 1e-3f;
  p.config.train.momentum = 0.9;
  p.config.train.weight_decay = 0.0;
  esp_optimiser_step(&p.model->params, &p.config.train, 1.0);
  ck_assert(w->momentum[0] == 1e-3f && w->shadow[0] == 1.0f - 1e-3f && w->value[0] == 0.0f);
  esp_pruner_finish(p.pruner);
  ck_assert_ptr_null(w->shadow);
  ck_assert(w->momentum[0] == 0.0f && w->momentum[7] == 1e-3f);
  ck_assert(esp_pruner_holds(p.pruner));
  plant_check(&p, "finished");
  esp_pruner_finish(p.pruner); /* harmless */
  plant_close(&p);
}
END_TEST

/* ---- SET and RigL ---- */

/* Gives what is there value and momentum index + 1, with changing sign. */
static void mark(const plant *p) {
  esp_param *w = plant_param(p, "linear1.weight");
  for (size_t i = 0; i < w->count; i++)
    if (w->mask->keep[i]) w->value[i] = w->momentum[i] = (i % 2 ? -1.0f : 1.0f) * (float)(i + 1);
}

/* The weights that are there, in order. */
static size_t there(const plant *p, size_t *index) {
  const esp_mask *m = plant_param(p, "linear1.weight")->mask;
  size_t n = 0;
  for (size_t i = 0; i < m->count; i++)
    if (m->keep[i]) index[n++] = i;
  return n;
}

/* Of 4 weights the fraction 0.5 moves: the 2 largest stay as they are, 2 others are there. Returns
 * where. What was dropped and grows at once has not changed; what is new is at 0, and waits for the
 * gradient of the next batch. */
static void half_moves(plant *p, const size_t old[8], size_t grown[2]) {
  size_t now[8], fresh = 0;
  const esp_param *w = plant_param(p, "linear1.weight");
  ck_assert_uint_eq(there(p, now), 4);
  for (size_t i = 0; i < 4; i++) {
    bool was = false;
    for (size_t k = 0; k < 4; k++) was |= now[i] == old[k];
    ck_assert_float_eq(fabsf(w->value[now[i]]), was ? (float)(now[i] + 1) : 0.0f);
    ck_assert_float_eq(w->momentum[now[i]], w->value[now[i]]);
    if (!was) ck_assert_float_eq(w->grad[now[i]], 0.0f);
    if (now[i] != old[2] && now[i] != old[3]) {
      ck_assert_uint_lt(fresh, 2);
      grown[fresh++] = now[i];
    }
  }
  ck_assert_uint_eq(fresh, 2);
  plant_check(p, "moved");
}

/* Over 200 seeds every weight is grown now and then, and about equally often. */
START_TEST(set_drops_the_smallest_and_grows_at_random) {
  int grown_at[8] = {0}, started_at[8] = {0};
  for (int seed = 0; seed < 200; seed++) {
    char ini[128];
    plant p;
    size_t old[8], grown[2];
    snprintf(ini, sizeof ini,
             "method = set\nsparsity = 0.5\nevery = 1\ndrop_fraction = 0.5\n[run]\nseed = %d\n",
             seed);
    open_eight(&p, ini);
    step(&p, 0, 0, 9);
    ck_assert_uint_eq(there(&p, old), 4);
    for (size_t i = 0; i < 4; i++) started_at[old[i]]++;
    mark(&p);
    plant_wild_gradients(&p, (esp_key)seed);
    step(&p, 1, 0, 9);
    half_moves(&p, old, grown);
    grown_at[grown[0]]++;
    grown_at[grown[1]]++;
    plant_close(&p);
  }
  for (int i = 0; i < 8; i++)
    ck_assert_msg(started_at[i] >= 70 && started_at[i] <= 130, "%d", started_at[i]);
  /* The lower half is smaller, so it is dropped and grown again more often: 400 times in all. */
  for (int i = 0; i < 8; i++)
    ck_assert_msg(grown_at[i] >= 15 && grown_at[i] <= 100, "%d", grown_at[i]);
}
END_TEST

/* At t = 1/2 the cosine has halved the fraction of 1: 2 of 4 move, to where the gradient is
 * largest, whatever its sign and wherever weights are already. */
START_TEST(rigl_grows_where_the_gradient_is_largest) {
  for (int seed = 0; seed < 20; seed++) {
    char ini[128];
    plant p;
    size_t old[8], absent[4], grown[2], n = 0;
    snprintf(ini, sizeof ini,
             "method = rigl\nsparsity = 0.5\nevery = 1\ndrop_fraction = 1\n[run]\nseed = %d\n",
             seed);
    open_eight(&p, ini);
    step(&p, 0, 0, 2);
    ck_assert_uint_eq(there(&p, old), 4);
    mark(&p);
    esp_param *w = plant_param(&p, "linear1.weight");
    for (size_t i = 0; i < 8; i++) {
      w->grad[i] = w->mask->keep[i] ? 0.5f : 1.0f;
      if (!w->mask->keep[i]) absent[n++] = i;
    }
    w->grad[old[3]] = 100.0f; /* there already: grows nothing */
    w->grad[absent[1]] = -3.0f;
    w->grad[absent[3]] = seed % 2 ? 2.0f : INFINITY; /* more than those that stay */
    step(&p, 1, 0, 2);
    half_moves(&p, old, grown);
    ck_assert_uint_eq(grown[0], absent[1]);
    ck_assert_uint_eq(grown[1], absent[3]);
    ck_assert_float_eq(w->grad[old[3]], 100.0f); /* what was there moves in this step too */
    plant_close(&p);
  }
}
END_TEST

/* Half-way a falling share of 1 has become a half, for SET too, and one of a half that stays is a
 * half still, for RigL too: 2 of 4 move. */
START_TEST(the_share_that_moves_falls_or_stays_as_asked) {
  static const char *const cases[] = {
      "method = set\ndrop_schedule = cosine\ndrop_fraction = 1\n",
      "method = rigl\ndrop_schedule = constant\ndrop_fraction = 0.5\n"};
  for (int i = 0; i < 2; i++) {
    char ini[128];
    plant p;
    size_t old[8], grown[2];
    snprintf(ini, sizeof ini, "%ssparsity = 0.5\nevery = 1\n", cases[i]);
    open_eight(&p, ini);
    step(&p, 0, 0, 2);
    ck_assert_uint_eq(there(&p, old), 4);
    mark(&p);
    plant_wild_gradients(&p, 1);
    step(&p, 1, 0, 2);
    half_moves(&p, old, grown);
    plant_close(&p);
  }
}
END_TEST

/* Both weights that go have the largest gradients of what is not there, so they come back as they
 * were, momentum too, and nothing has moved. */
START_TEST(rigl_brings_back_what_it_just_dropped) {
  plant p;
  size_t old[8], now[8];
  open_eight(&p, "method = rigl\nsparsity = 0.5\nevery = 1\ndrop_fraction = 1\n");
  step(&p, 0, 0, 2);
  ck_assert_uint_eq(there(&p, old), 4);
  mark(&p);
  esp_param *w = plant_param(&p, "linear1.weight");
  for (size_t i = 0; i < 8; i++) w->grad[i] = w->mask->keep[i] ? 2.0f : 1.0f;
  float value[8], grad[8];
  memcpy(value, w->value, sizeof value);
  memcpy(grad, w->grad, sizeof grad);
  step(&p, 1, 0, 2);
  ck_assert_uint_eq(there(&p, now), 4);
  ck_assert_mem_eq(now, old, 4 * sizeof *now);
  ck_assert_mem_eq(w->value, value, sizeof value);
  ck_assert_mem_eq(w->momentum, value, sizeof value);
  ck_assert_mem_eq(w->grad, grad, sizeof grad);
  plant_close(&p);
}
END_TEST

/* 1000 of 2000 weights are there and 0.3 (1 + cos(pi t)) / 2 of them move: at t = 1/4 0.2561, at
 * 1/2 0.15, at 3/4 0.0439, at 1 none. */
START_TEST(rigl_moves_less_and_less) {
  static const size_t expected[] = {256, 150, 43, 0};
  plant p;
  plant_open(&p, (esp_shape){200, 1, 1}, 10,
             "[model]\narch = custom\nlayers = linear classes nobias\n"
             "[prune]\nmethod = rigl\nsparsity = 0.5\nevery = 1\ndrop_fraction = 0.3\n");
  esp_param *w = plant_param(&p, "linear1.weight");
  step(&p, 0, 0, 4);
  for (int s = 1; s <= 4; s++) {
    uint8_t before[2000];
    size_t fresh = 0;
    ck_assert_uint_eq(w->mask->kept, 1000);
    memcpy(before, w->mask->keep, sizeof before);
    for (size_t i = 0; i < w->count; i++) {
      w->grad[i] = before[i] ? 0.0f : 1.0f; /* so that nothing comes back that just went */
      if (before[i]) w->value[i] = w->momentum[i] = 1.0f;
    }
    step(&p, s, 0, 4);
    for (size_t i = 0; i < w->count; i++) fresh += w->mask->keep[i] > before[i];
    ck_assert_uint_eq(fresh, expected[s - 1]);
    plant_check(&p, "moved");
  }
  plant_close(&p);
}
END_TEST

START_TEST(moving_weights_stay_in_their_layer) {
  static const char *const moving[] = {"method = set\ndistribution = erk\n",
                                       "method = rigl\ndistribution = erk\n",
                                       "method = set\ndistribution = global\ndrop_fraction = 1\n",
                                       "method = rigl\ndistribution = uniform\n"};
  for (int m = 0; m < 4; m++) {
    char ini[256];
    plant p;
    size_t kept[4];
    snprintf(ini, sizeof ini, "%severy = 1\nsparsity = 0.7\n", moving[m]);
    open_net(&p, ini);
    for (int s = 0; s <= 20; s++) {
      plant_wild_gradients(&p, (esp_key)s);
      step(&p, s, 0, 20);
      esp_optimiser_step(&p.model->params, &p.config.train, 1e-3);
      for (int i = 0; i < 4; i++) {
        if (s == 0) kept[i] = p.model->layer[i].weight->mask->kept;
        ck_assert_msg(p.model->layer[i].weight->mask->kept == kept[i], "%s step %d layer %d",
                      moving[m], s, i);
      }
    }
    plant_close(&p);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("regrow");
  TCase *tc = tcase_create("regrow");
  tcase_set_timeout(tc, 60);
  tcase_add_test(tc, surgery_splices_back_what_grows);
  tcase_add_test(tc, surgery_keeps_the_state_within_the_band);
  tcase_add_test(tc, surgery_ends_with_the_plain_invariant);
  tcase_add_test(tc, set_drops_the_smallest_and_grows_at_random);
  tcase_add_test(tc, rigl_grows_where_the_gradient_is_largest);
  tcase_add_test(tc, the_share_that_moves_falls_or_stays_as_asked);
  tcase_add_test(tc, rigl_brings_back_what_it_just_dropped);
  tcase_add_test(tc, rigl_moves_less_and_less);
  tcase_add_test(tc, moving_weights_stay_in_their_layer);
  suite_add_tcase(s, tc);
  return s;
}

int main(void) {
  return suite_run(suite());
}
