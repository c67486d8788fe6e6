/* The invariant, what a pruner covers, and when masks change in training. */
#include "nets.h"

#include <math.h>

/* ---- the invariant ---- */

/* With momentum, nesterov, weight decay, on everything, clip norm, clip value, average; others than
 * sgd. */
static const char *const optimisers[] = {
    "momentum = 0\nweight_decay = 0\n",
    "momentum = 0.9\nweight_decay = 0.01\naverage = 0.9\n",
    "momentum = 0.9\nnesterov = yes\nweight_decay = 0.1\ndecay_all = yes\n",
    "momentum = 0.99\nnesterov = yes\nweight_decay = 0\nclip_norm = 1\naverage = 0.99\n",
    "momentum = 0.5\nweight_decay = 1\nclip_value = 0.1\naverage = 0.5\n",
    "momentum = 0.9\nweight_decay = 5e-4\nclip_norm = 1000\nclip_value = 100\n",
    "optimiser = adam\nweight_decay = 0.01\naverage = 0.9\n",
    "optimiser = adamw\nbeta1 = 0\nbeta2 = 0.9\nweight_decay = 0.1\nclip_norm = 1\n",
    "optimiser = rmsprop\nalpha = 0.9\nweight_decay = 0.01\nclip_value = 0.1\n",
};
static const char *const methods[] = {
    "method = magnitude\nschedule = cubic\n",
    "method = random\nschedule = cubic\ndistribution = erk\n",
    "method = saliency\nschedule = cubic\ndistribution = uniform\n",
    "method = magnitude\nschedule = cubic\nstructure = filter\n",
    "method = saliency\nschedule = cubic\nstructure = filter\ndistribution = uniform\n",
    "method = magnitude\nschedule = cubic\nstructure = channel\n",
    "method = saliency\nschedule = cubic\nstructure = block\nblock_inputs = 3\n",
    "method = random\nschedule = cubic\ndistribution = uniform\nstructure = hybrid\n"
    "structures =\n conv2 weight\n conv1 filter\n conv3 channel\n",
    "method = movement\nschedule = cubic\n",
    "method = taylor\nschedule = cubic\nstructure = filter\n",
    "method = fisher\nschedule = cubic\nlayer_floor = 0.02\nshuffle = yes\n",
    "method = magnitude\nschedule = cubic\ndistribution = lamp\n",
    "method = surgery\n",
    "method = surgery\ndistribution = uniform\nsplice_margin = 0\n",
    "method = set\n",
    "method = set\ndistribution = erk\ndrop_fraction = 1\n",
    "method = rigl\n",
    "method = rigl\ndistribution = uniform\n",
    "method = static\ndistribution = erk\n",
    "method = dpf\n",
    "method = acdc\n",
    "method = acdc\ndistribution = uniform\n",
    "method = granet\n",
    "method = granet\ndistribution = erk\ndrop_fraction = 1\n",
    "method = topkast\n",
    "method = topkast\ndistribution = uniform\nexplore = 1\n",
    "method = soft\nstructure = filter\n",
    "method = soft\ndistribution = uniform\n",
    "method = soft\nstructure = channel\n",
    "method = grow\n",
    "method = grow\nstructure = filter\ndistribution = uniform\nstall = 1\n",
    "method = grow\nstructure = channel\nstall = 1\n",
    "method = dpf\ndistribution = lamp\n",
    "method = topkast\ndistribution = lamp\n",
    "method = edge-popup\n",
    "method = edge-popup\ndistribution = uniform\n",
    "method = soft-movement\nstrength = 1\n",
    "method = str\nstrength = 0.1\n",
    "method = str\ndistribution = uniform\n",
};
enum {
  OPTIMISERS = sizeof optimisers / sizeof *optimisers,
  METHODS = sizeof methods / sizeof *methods
};

/* Gradients that are not even finite, where nothing is: they must go nowhere. */
static void poison(const plant *p) {
  for (int k = 0; k < p->model->params.count; k++) {
    const esp_param *w = p->model->params.item[k];
    for (size_t i = 0; w->mask && !w->shadow && i < w->count; i++)
      if (!w->mask->keep[i] && i % 5 == 0) w->grad[i] = i % 2 ? NAN : -INFINITY;
  }
}

/* What the training step does around the optimiser's; the gradients are there. */
static bool whole_step(plant *p, int64_t number, int64_t begin, int64_t end, bool poisoned) {
  const esp_train_options *o = &p->config.train;
  const esp_step_ctx now = {
      number, 1.0 + 0.01 * (double)(number % 7), 1e-3, o->momentum, o->weight_decay, o->average,
      o,      p->model->params.updates + 1};
  esp_pruner_pre_forward(p->pruner, &now);
  const bool changed = step(p, number, begin, end);
  if (poisoned) poison(p); /* after what ranks weights by their gradients */
  ck_assert(esp_pruner_post_backward(p->pruner, &now, &err) == ESP_OK);
  esp_optimiser_step(&p->model->params, o, now.lr);
  esp_pruner_post_step(p->pruner, &now);
  return changed;
}

/* grow meets the sparsity or stays above it. */
static void check_sparsity(const plant *p, const char *when, double sparsity) {
  const size_t is = pruned(p), wanted = expected_at(p, sparsity);
  ck_assert_msg(is == wanted || (is > wanted && strstr(when, "grow")), "%s: %zu, expected %zu",
                when, is, wanted);
}

static void all_finite(const plant *p, const char *when) {
  for (int k = 0; k < p->model->params.count; k++) {
    const esp_param *w = p->model->params.item[k];
    for (size_t i = 0; i < w->count; i++)
      if (!isfinite(w->value[i])) ck_abort_msg("%s: %s[%zu]", when, w->name, i);
  }
}

START_TEST(masks_hold_after_every_step) {
  char ini[512], when[640];
  plant p;
  for (int o = 0; o < OPTIMISERS; o++) {
    snprintf(ini, sizeof ini, "%severy = 3\n[train]\n%s", methods[_i], optimisers[o]);
    open_net(&p, ini);
    for (int s = 0; s < 40; s++) {
      snprintf(when, sizeof when, "%sstep %d", ini, s);
      plant_wild_gradients(&p, esp_key_of(3, (uint64_t)s));
      whole_step(&p, s, 5, 31, !strstr(ini, "clip_norm"));
      ck_assert_msg(esp_pruner_holds(p.pruner), "%s", when);
      plant_check(&p, when);
      all_finite(&p, when);
    }
    check_sparsity(&p, ini, 0.9);
    for (int k = 0; k < p.model->params.count; k++)
      ck_assert_ptr_null(p.model->params.item[k]->shadow);
    plant_close(&p);
  }
}
END_TEST

START_TEST(loaded_values_are_masked_again) {
  plant p;
  open_net(
      &p,
      "method = magnitude\nstructure = filter\ndistribution = uniform\n[train]\naverage = 0.9\n");
  prune(&p, 0.5);
  for (int k = 0; k < p.model->params.count; k++) {
    const esp_param *w = p.model->params.item[k];
    if (!w->mask) continue;
    for (size_t i = 0; i < w->count; i++) w->value[i] = w->momentum[i] = w->average[i] = 3.0f;
    ck_assert(!esp_pruner_holds(p.pruner));
    esp_pruner_apply(p.pruner);
    ck_assert(esp_pruner_holds(p.pruner));
    for (size_t i = 0; i < w->count; i++)
      ck_assert(w->value[i] == (w->mask->keep[i] ? 3.0f : 0.0f) && w->momentum[i] == w->value[i]);
    size_t gone = 0;
    while (w->mask->keep[gone]) gone++;
    w->momentum[gone] = 1e-40f; /* the smallest leak is one */
    ck_assert(!esp_pruner_holds(p.pruner));
    w->momentum[gone] = 0.0f;
  }
  plant_check(&p, "applied");
  plant_close(&p);
}
END_TEST

START_TEST(new_values_respect_masks) {
  plant p;
  open_net(&p, "method = magnitude\n[train]\naverage = 0.9\n");
  prune(&p, 0.8);
  esp_model_initialise(p.model, 99);
  plant_check(&p, "drawn anew");
  ck_assert(esp_pruner_holds(p.pruner));
  plant_close(&p);
}
END_TEST

START_TEST(a_freed_pruner_leaves_the_network_dense) {
  plant p;
  open_net(&p, "method = surgery\n");
  step(&p, 0, 0, 10);
  step(&p, 5, 0, 5);
  esp_pruner_free(p.pruner);
  p.pruner = NULL;
  for (int k = 0; k < p.model->params.count; k++) {
    ck_assert_ptr_null(p.model->params.item[k]->mask);
    ck_assert_ptr_null(p.model->params.item[k]->shadow);
  }
  esp_pruner_free(NULL);
  plant_close(&p);
}
END_TEST

/* Every change of a mask raises its generation: kernels that cache a sparse form rely on it. */
START_TEST(generations_rise) {
  plant p;
  open_net(&p, "method = magnitude\n");
  const esp_mask *m = plant_param(&p, "conv1.weight")->mask;
  uint64_t last = m->generation;
  for (int i = 1; i < 5; i++) {
    prune(&p, i / 5.0);
    ck_assert_uint_gt(m->generation, last);
    last = m->generation;
  }
  plant_close(&p);
}
END_TEST

/* ---- choices ---- */

START_TEST(skipped_layers_stay_dense) {
  plant p;
  open_net(&p, "method = magnitude\nskip = conv1 lin*\n");
  prune(&p, 0.5);
  ck_assert_uint_eq(esp_pruner_count(p.pruner).units, 288 + 48);
  ck_assert_uint_eq(pruned(&p), 168);
  ck_assert_ptr_null(plant_param(&p, "conv1.weight")->mask);
  ck_assert_ptr_null(plant_param(&p, "linear1.weight")->mask);
  plant_close(&p);
}
END_TEST

static size_t kept(const plant *p, const char *name) {
  return esp_param_kept(plant_param(p, name));
}
static size_t share_of(double share, size_t all) {
  return (size_t)lround(share * (double)all);
}

/* Two rounds to 36 % and 75 %: of what is left a fifth goes in each, or a half. What goes
 * altogether goes in step with the network, half of which is asked for. */
START_TEST(layers_lose_the_same_share_in_each_round) {
  plant p;
  open_net(&p,
           "method = magnitude\nsparsity = 0.51\ndistribution = per-layer\n"
           "layers =\n  conv1 0.36\n  conv2 0.75\n  linear1 1\n");
  const size_t first = kept(&p, "conv1.weight"), second = kept(&p, "conv2.weight"),
               last = kept(&p, "linear1.weight");
  prune(&p, 0.3); /* 1 - sqrt(1 - 0.51) */
  ck_assert_uint_eq(kept(&p, "conv1.weight"), first - share_of(0.2, first));
  ck_assert_uint_eq(kept(&p, "conv2.weight"), second / 2);
  ck_assert_uint_eq(kept(&p, "linear1.weight"), last - share_of(0.3 / 0.51, last));
  prune(&p, 0.51);
  ck_assert_uint_eq(kept(&p, "conv1.weight"), first - share_of(0.36, first));
  ck_assert_uint_eq(kept(&p, "conv2.weight"), second / 4);
  ck_assert_uint_eq(kept(&p, "linear1.weight"), 1); /* which no layer is without */
  plant_close(&p);
}
END_TEST

static const struct {
  const char *prune, *says;
} wrong[] = {
    {"method = rigl\nstructure = filter\n", "rigl"},
    {"method = surgery\nstructure = filter\n", "structure = weight"},
    {"method = magnitude\nskip = *\n", "no layer to prune"},
    {"method = magnitude\nstructure = filter\nskip = conv*\n", "no layer to prune"},
    {"method = surgery\nskip = linear1 conv9\n", "skip: 'conv9' matches no layer"},
    {"method = magnitude\ndistribution = per-layer\nlayers = conv1 0.5 %\n",
     "layers:1: 'conv1 0.5 %'"},
};

START_TEST(choices_that_do_not_go_together) {
  plant p;
  esp_pruner *pruner = NULL;
  char ini[128];
  snprintf(ini, sizeof ini, "%s", wrong[_i].prune);
  open_net(&p, "method = none\n");
  esp_config other;
  snprintf(ini, sizeof ini, "[prune]\n%s", wrong[_i].prune);
  ck_assert(esp_config_parse(&other, "x", ini, 0, NULL, &err) == ESP_OK);
  ck_assert(esp_pruner_new(&pruner, &other.prune, p.model, 1, &err) == ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, wrong[_i].says) != NULL, "%s", err.text);
  ck_assert_ptr_null(plant_param(&p, "conv1.weight")->mask);
  esp_config_free(&other);
  plant_close(&p);
}
END_TEST

/* ---- in training ---- */

/* Every 5 steps from 3, and at 17, the end. */
START_TEST(masks_change_at_the_right_steps) {
  for (int m = 0; m < METHODS; m++) {
    char ini[256];
    plant p;
    uint64_t changes = 0;
    snprintf(ini, sizeof ini, "%severy = 5\n", methods[m]);
    open_net(&p, ini);
    ck_assert(esp_pruner_in_training(p.pruner));
    ck_assert_int_eq(esp_pruner_rounds(p.pruner), 1);
    for (int s = 0; s < 30; s++) {
      const bool due = s == 3 || s == 8 || s == 13 || s == 17;
      plant_wild_gradients(&p, (esp_key)s);
      ck_assert_msg(step(&p, s, 3, 17) == due, "%sstep %d", ini, s);
      changes += due;
      ck_assert_uint_eq(esp_pruner_changes(p.pruner), changes);
    }
    plant_close(&p);
  }
}
END_TEST

static double cubic(double t) {
  return t < 1.0 ? 0.9 * (1.0 - (1.0 - t) * (1.0 - t) * (1.0 - t)) : 0.9;
}

/* After change number `s` of 0 to 16: as the schedule, at twice its pace, by turns, only at the
 * end, or 0.9 throughout. Methods whose sparsity comes as it may before the end: -1. */
static double sparsity_after(const char *ini, int s) {
  if (strstr(ini, "cubic") || strstr(ini, "granet")) return cubic(s / 16.0);
  if (strstr(ini, "surgery") || strstr(ini, "dpf")) return cubic(s / 8.0);
  if (strstr(ini, "acdc")) return s == 16 || s % 2 == 0 ? 0.9 : 0.0;
  if (strstr(ini, "method = soft\n")) return s == 16 ? 0.9 : 0.0;
  if (strstr(ini, "soft-movement") || strstr(ini, "str\n")) return s == 16 ? 0.9 : -1.0;
  return 0.9;
}

START_TEST(sparsity_is_exact_after_every_change) {
  for (int m = 0; m < METHODS; m++) {
    char ini[256];
    plant p;
    snprintf(ini, sizeof ini, "%severy = 1\n", methods[m]);
    open_net(&p, ini);
    for (int s = 0; s <= 16; s++) {
      const double expected = sparsity_after(methods[m], s);
      plant_wild_gradients(&p, (esp_key)s);
      ck_assert(whole_step(&p, s, 0, 16, false));
      if (expected >= 0.0) check_sparsity(&p, ini, expected);
    }
    plant_close(&p);
  }
}
END_TEST

/* A pruning period of one step reaches the sparsity too. */
START_TEST(a_period_of_one_step) {
  for (int m = 0; m < METHODS; m++) {
    plant p;
    open_net(&p, methods[m]);
    plant_wild_gradients(&p, 1);
    ck_assert(!step(&p, 3, 4, 4) && step(&p, 4, 4, 4) && !step(&p, 5, 4, 4));
    check_sparsity(&p, methods[m], 0.9);
    plant_check(&p, methods[m]);
    plant_close(&p);
  }
}
END_TEST

START_TEST(no_window_no_change) {
  plant p;
  open_net(&p, "method = set\n");
  for (int s = 0; s < 3; s++) ck_assert(!step(&p, s, 0, -1));
  ck_assert_uint_eq(pruned(&p), 0);
  plant_close(&p);
}
END_TEST

/* Gradients of pruned weights are needed behind a shadow, until it is gone; where a change looks at
 * them; and where it brings weights back that take part in the step, which those of SET do not. */
START_TEST(dense_gradients_are_asked_for_where_needed) {
  static const struct {
    const char *prune;
    bool at_changes, between;
  } needs[] = {{"method = magnitude\nschedule = cubic\n", false, false},
               {"method = saliency\nschedule = cubic\n", true, false},
               {"method = set\n", false, false},
               {"method = acdc\n", true, false},
               {"method = rigl\n", true, false},
               {"method = surgery\n", true, true}};
  for (int m = 0; m < 6; m++) {
    char ini[128];
    plant p;
    snprintf(ini, sizeof ini, "%severy = 4\n", needs[m].prune);
    open_net(&p, ini);
    for (int s = 0; s < 15; s++) {
      const bool due = s == 2 || s == 6 || s == 10 || s == 11, over = s > 11;
      ck_assert_msg(esp_pruner_needs_dense(p.pruner, s, 2, 11) ==
                        (due ? needs[m].at_changes : !over && needs[m].between),
                    "%s step %d", ini, s);
      plant_wild_gradients(&p, (esp_key)s);
      step(&p, s, 2, 11);
    }
    plant_close(&p);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("pruner");
  TCase *tc = tcase_create("pruner");
  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, masks_hold_after_every_step, 0, METHODS);
  tcase_add_test(tc, loaded_values_are_masked_again);
  tcase_add_test(tc, new_values_respect_masks);
  tcase_add_test(tc, a_freed_pruner_leaves_the_network_dense);
  tcase_add_test(tc, generations_rise);
  tcase_add_test(tc, skipped_layers_stay_dense);
  tcase_add_test(tc, layers_lose_the_same_share_in_each_round);
  tcase_add_loop_test(tc, choices_that_do_not_go_together, 0, sizeof wrong / sizeof *wrong);
  tcase_add_test(tc, masks_change_at_the_right_steps);
  tcase_add_test(tc, sparsity_is_exact_after_every_change);
  tcase_add_test(tc, a_period_of_one_step);
  tcase_add_test(tc, no_window_no_change);
  tcase_add_test(tc, dense_gradients_are_asked_for_where_needed);
  suite_add_tcase(s, tc);
  return s;
}

int main(void) {
  return suite_run(suite());
}
