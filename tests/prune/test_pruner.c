/* The pruner at work: exact counts, masks that never leak, and methods that bring weights back. */
#include "plant.h"
#include "prune/pruner.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static esp_error err = {.text = ""};

static const esp_shape input = {3, 6, 6};
static const char net[] =
    "[model]\narch = custom\nlayers =\n conv 8 3x3\n bn\n relu\n conv 8 3x3 groups 2\n relu\n"
    " conv 6 1x1\n"
    " global_avgpool\n linear classes\n";

/* The network of 216 + 288 + 48 + 60 weights and 8 + 6 filters (the grouped ones are left
 * alone). */
static void open_net(plant *p, const char *prune) {
  char ini[2048];
  snprintf(ini, sizeof ini, "%s[prune]\n%s", net, prune);
  plant_open(p, input, 10, ini);
}

/* One layer of 2 x 4 weights. */
static void open_eight(plant *p, const char *prune) {
  char ini[512];
  snprintf(ini, sizeof ini, "[model]\narch = custom\nlayers = linear classes nobias\n[prune]\n%s",
           prune);
  plant_open(p, (esp_shape){4, 1, 1}, 2, ini);
}

static bool step(plant *p, int64_t number, int64_t begin, int64_t end) {
  bool changed;
  esp_status status = esp_pruner_step(p->pruner, number, begin, end, &changed, &err);
  ck_assert_msg(status == ESP_OK, "step %d: %s", (int)number, err.text);
  return changed;
}

static int prune(plant *p, double sparsity) {
  int floored;
  esp_status status = esp_pruner_prune(p->pruner, sparsity, &floored, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
  return floored;
}

static size_t pruned(const plant *p) {
  return esp_pruner_count(p->pruner).pruned;
}

/* Round to the nearest, halves to even, in other words than the pruner's. */
static size_t half_even(double x) {
  const double whole = floor(x), part = x - whole;
  const bool up = part > 0.5 || (part == 0.5 && fmod(whole, 2.0) == 1.0);
  return (size_t)whole + up;
}

/* What must be pruned at that sparsity when no layer may be emptied. */
static size_t expected_at(const plant *p, double sparsity) {
  const size_t n = esp_pruner_count(p->pruner).units, kept = n - half_even(sparsity * (double)n);
  const size_t layers = (size_t)p->pruner->pools;
  return n - (kept < layers ? layers : kept);
}

/* All masks one after the other, to compare with later. */
static size_t masks_of(const plant *p, uint8_t *keep) {
  size_t n = 0;
  for (int k = 0; k < p->model->params.count; k++) {
    const esp_mask *m = p->model->params.item[k]->mask;
    if (!m) continue;
    memcpy(keep + n, m->keep, m->count);
    n += m->count;
  }
  return n;
}
enum { MASKS_MAX = 4096 };

static void nothing_returned(const plant *p, const uint8_t *before, const char *when) {
  uint8_t now[MASKS_MAX];
  const size_t n = masks_of(p, now);
  for (size_t i = 0; i < n; i++)
    if (now[i] > before[i]) ck_abort_msg("%s: weight %zu came back", when, i);
}

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
          esp_sgd_step(&p.model->params, &p.config.train, p.config.train.lr);
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

/* ---- the invariant ---- */

/* momentum, nesterov, weight decay, on everything, clip norm, clip value, average */
static const char *const optimisers[] = {
    "momentum = 0\nweight_decay = 0\n",
    "momentum = 0.9\nweight_decay = 0.01\naverage = 0.9\n",
    "momentum = 0.9\nnesterov = yes\nweight_decay = 0.1\ndecay_all = yes\n",
    "momentum = 0.99\nnesterov = yes\nweight_decay = 0\nclip_norm = 1\naverage = 0.99\n",
    "momentum = 0.5\nweight_decay = 1\nclip_value = 0.1\naverage = 0.5\n",
    "momentum = 0.9\nweight_decay = 5e-4\nclip_norm = 1000\nclip_value = 100\n",
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
      number, 1.0 + 0.01 * (double)(number % 7), 1e-3, o->momentum, o->weight_decay, o->average};
  esp_pruner_pre_forward(p->pruner, &now);
  const bool changed = step(p, number, begin, end);
  if (poisoned) poison(p); /* after what ranks weights by their gradients */
  ck_assert(esp_pruner_post_backward(p->pruner, &now, &err) == ESP_OK);
  esp_sgd_step(&p->model->params, o, now.lr);
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
 * them; and where it grows weights, which then take part in the step. */
START_TEST(dense_gradients_are_asked_for_where_needed) {
  static const struct {
    const char *prune;
    bool at_changes, between;
  } needs[] = {{"method = magnitude\nschedule = cubic\n", false, false},
               {"method = saliency\nschedule = cubic\n", true, false},
               {"method = set\n", true, false},
               {"method = rigl\n", true, false},
               {"method = surgery\n", true, true}};
  for (int m = 0; m < 5; m++) {
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
  esp_sgd_step(&p->model->params, &p->config.train, 1.0);
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
  esp_sgd_step(&p.model->params, &p.config.train, 1.0);
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

/* Of 4 weights the fraction 0.5 moves: the 2 largest stay as they are, 2 others are at 0. Returns
 * where. */
static void half_moves(plant *p, size_t old[8], size_t grown[2]) {
  size_t now[8], fresh = 0;
  const esp_param *w = plant_param(p, "linear1.weight");
  ck_assert_uint_eq(there(p, now), 4);
  for (size_t i = 0; i < 4; i++) {
    if (now[i] == old[2] || now[i] == old[3]) {
      ck_assert(fabsf(w->value[now[i]]) == (float)(now[i] + 1) &&
                w->momentum[now[i]] == w->value[now[i]]);
    } else {
      ck_assert_uint_lt(fresh, 2);
      grown[fresh++] = now[i];
      ck_assert(w->value[now[i]] == 0.0f && w->momentum[now[i]] == 0.0f);
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
    plant_close(&p);
  }
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
      esp_sgd_step(&p.model->params, &p.config.train, 1e-3);
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
  Suite *s = suite_create("pruner");
  TCase *counts = tcase_create("counts"), *invariant = tcase_create("invariant"),
        *training = tcase_create("training");
  tcase_set_timeout(counts, 60);
  tcase_add_test(counts, counts_are_exact_at_every_sparsity);
  tcase_add_test(counts, per_layer_counts_are_exact);
  tcase_add_test(counts, what_is_pruned_stays_pruned);
  tcase_add_test(counts, rounding_the_shares_brings_nothing_back);
  tcase_add_test(counts, asking_for_less_brings_nothing_back);
  tcase_add_test(counts, scores_that_are_not_numbers_bring_nothing_back);
  tcase_set_timeout(invariant, 60);
  tcase_add_loop_test(invariant, masks_hold_after_every_step, 0, METHODS);
  tcase_add_test(invariant, loaded_values_are_masked_again);
  tcase_add_test(invariant, new_values_respect_masks);
  tcase_add_test(invariant, a_freed_pruner_leaves_the_network_dense);
  tcase_add_test(invariant, generations_rise);
  tcase_add_test(invariant, skipped_layers_stay_dense);
  tcase_add_loop_test(invariant, choices_that_do_not_go_together, 0, sizeof wrong / sizeof *wrong);
  tcase_set_timeout(training, 60);
  tcase_add_test(training, masks_change_at_the_right_steps);
  tcase_add_test(training, sparsity_is_exact_after_every_change);
  tcase_add_test(training, a_period_of_one_step);
  tcase_add_test(training, no_window_no_change);
  tcase_add_test(training, dense_gradients_are_asked_for_where_needed);
  tcase_add_test(training, surgery_splices_back_what_grows);
  tcase_add_test(training, surgery_keeps_the_state_within_the_band);
  tcase_add_test(training, surgery_ends_with_the_plain_invariant);
  tcase_add_test(training, set_drops_the_smallest_and_grows_at_random);
  tcase_add_test(training, rigl_grows_where_the_gradient_is_largest);
  tcase_add_test(training, rigl_moves_less_and_less);
  tcase_add_test(training, moving_weights_stay_in_their_layer);
  suite_add_tcase(s, counts);
  suite_add_tcase(s, invariant);
  suite_add_tcase(s, training);
  return s;
}

int main(void) {
  return suite_run(suite());
}
