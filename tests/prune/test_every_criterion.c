/* What holds for every criterion there is. */
#include "scores.h"

#include <espalier/file.h>

#include <float.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* ---- every criterion ---- */

static const char net[] =
    "[model]\narch = custom\nlayers =\n conv 8 3x3\n bn\n relu\n"
    " residual\n  conv 8 3x3\n  bn\n  relu\n  conv 8 3x3 groups 2 nobias\n  bn\n end\n relu\n"
    " conv 6 1x1\n bn\n gelu\n dropout 0.3\n global_avgpool\n flatten\n linear classes\n"
    "[train]\naverage = 0.9\n[prune]\nsparsity = 0.9\n";

/* The combinations of criterion, structure and time that are allowed, by number. */
typedef struct choice {
  const esp_criterion *criterion;
  const char *structure, *at;
} choice;

static bool choice_at(int number, choice *c) {
  static const char *const structures[] = {"weight", "filter", "channel", "block"};
  const esp_criterion *k = esp_criterion_at((size_t)number / 8);
  *c = (choice){k, structures[number % 4], number / 4 % 2 ? "init" : "rounds"};
  return k != NULL;
}

static bool allowed(const choice *c) {
  const bool whole = strcmp(c->structure, "filter") == 0 || strcmp(c->structure, "channel") == 0;
  return (whole || !c->criterion->channels) &&
         !(c->criterion->needs == ESP_NEEDS_MOVEMENT && strcmp(c->at, "init") == 0);
}

static int choices(void) {
  int n = 0;
  while (esp_criterion_at((size_t)n)) n++;
  return 8 * n;
}

static void open_choice(scene *s, const choice *c, const char *more) {
  char ini[2048];
  snprintf(ini, sizeof ini, "%smethod = %s\nstructure = %s\nat = %s\n%s", net, c->criterion->name,
           c->structure, c->at, more);
  scene_open(s, (esp_shape){3, 6, 6}, 5, ini);
}

/* A step of training, which moves statistics and movement too. */
static void train(scene *s, uint64_t number) {
  bool changed;
  esp_graph_forward(s->graph, &s->batch[number % SCENE_BATCHES],
                    (esp_pass){.training = true, .dropout_key = number});
  esp_graph_backward(s->graph);
  ck_assert(esp_pruner_step(s->p.pruner, (int64_t)number, 0, -1, &changed, &err) == ESP_OK);
  esp_optimiser_step(&s->p.model->params, &s->p.config.train, 0.05);
}

/* All that a network is; pruned ones left out. */
static size_t values_of(const scene *s, float *to) {
  size_t n = 0;
  for (int k = 0; k < s->p.model->params.count; k++) {
    const esp_param *p = s->p.model->params.item[k];
    for (size_t i = 0; i < p->count; i++) {
      const bool there = !p->mask || p->mask->keep[i];
      to[n++] = there ? p->value[i] : 0.0f;
      to[n++] = there && p->momentum ? p->momentum[i] : 0.0f;
      to[n++] = there && p->average ? p->average[i] : 0.0f;
      to[n++] = p->movement ? p->movement[i] : 0.0f;
    }
  }
  return n;
}
enum { VALUES_MAX = 8192 };

/* A round touches nothing but masks and what they zero: with the mask applied, all is as before. */
static void touches_nothing_else(scene *s, double sparsity, const char *what) {
  static float before[VALUES_MAX], after[VALUES_MAX];
  esp_params *ps = &s->p.model->params;
  size_t n = values_of(s, before), at = 0;
  ck_assert_uint_le(n, VALUES_MAX);
  scene_round(s, sparsity);
  values_of(s, after);
  for (int k = 0; k < ps->count; k++)
    for (size_t i = 0; i < ps->item[k]->count; i++, at += 4)
      if (!ps->item[k]->mask || ps->item[k]->mask->keep[i])
        ck_assert_msg(memcmp(before + at, after + at, 4 * sizeof(float)) == 0, "%s: %s[%zu]", what,
                      ps->item[k]->name, i);
}

/* Exact counts, nothing comes back, the invariant, and kept weights as they were, round after
 * round. */
START_TEST(every_criterion_prunes_exactly) {
  choice c;
  scene s;
  if (!choice_at(_i, &c) || !allowed(&c)) return;
  open_choice(&s, &c, "");
  const size_t units = esp_pruner_count(s.p.pruner).units;
  for (int round = 1; round <= 4; round++) {
    for (uint64_t step = 0; step < 3; step++) train(&s, step);
    uint8_t *before = malloc(units);
    scene_recall(&s);
    memcpy(before, s.p.pruner->keep, units);
    touches_nothing_else(&s, 0.2 * round, c.criterion->name);
    scene_recall(&s);
    for (size_t u = 0; u < units; u++) ck_assert(s.p.pruner->keep[u] <= before[u]);
    free(before);
    ck_assert_uint_eq(esp_pruner_count(s.p.pruner).pruned,
                      (size_t)nearbyint(0.2 * round * (double)units));
    ck_assert(esp_pruner_holds(s.p.pruner));
    plant_check(&s.p, c.criterion->name);
  }
  scene_close(&s);
}
END_TEST

static void hash_masks(const scene *s, char hex[65]) {
  esp_sha256 sha;
  esp_sha256_start(&sha);
  for (int k = 0; k < s->p.model->params.count; k++) {
    const esp_mask *m = s->p.model->params.item[k]->mask;
    if (m) esp_sha256_add(&sha, m->keep, m->count);
  }
  esp_sha256_end(&sha, hex);
}

/* One thread or three, kernels that skip what is pruned or not: the same masks. */
START_TEST(every_criterion_is_repeatable) {
  choice c;
  char hex[3][65];
  if (!choice_at(_i, &c) || !allowed(&c)) return;
  for (int k = 0; k < 3; k++) {
    scene s;
    omp_set_num_threads(k == 1 ? 3 : 1);
    open_choice(&s, &c, "");
    esp_graph_sparse(s.graph, k == 2 ? ESP_SPARSE_ON : ESP_SPARSE_OFF);
    for (uint64_t step = 0; step < 3; step++) train(&s, step);
    scene_round(&s, 0.5);
    train(&s, 4);
    scene_round(&s, 0.75);
    hash_masks(&s, hex[k]);
    scene_close(&s);
  }
  omp_set_num_threads(1);
  ck_assert_msg(strcmp(hex[0], hex[1]) == 0 && strcmp(hex[0], hex[2]) == 0, "%s, %s, %s",
                c.criterion->name, c.structure, c.at);
}
END_TEST

/* Another seed: `random` is the only one for which it changes which weights go (and the predictor,
 * for which it chooses the trials), as the weights are the same. */
START_TEST(only_random_criteria_depend_on_the_key) {
  choice c;
  char hex[2][65];
  if (!choice_at(_i, &c) || !allowed(&c) || strcmp(c.criterion->name, "predictor") == 0) return;
  for (int k = 0; k < 2; k++) {
    scene s;
    open_choice(&s, &c, "");
    train(&s, 1);
    s.p.pruner->key = (esp_key)k;
    scene_round(&s, 0.5);
    hash_masks(&s, hex[k]);
    scene_close(&s);
  }
  const bool same = strcmp(hex[0], hex[1]) == 0, chance = strcmp(c.criterion->name, "random") == 0;
  ck_assert_msg(same != chance, "%s, %s", c.criterion->name, c.structure);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("every criterion");
  TCase *tc = tcase_create("every criterion");
  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, every_criterion_prunes_exactly, 0, choices());
  tcase_add_loop_test(tc, every_criterion_is_repeatable, 0, choices());
  tcase_add_loop_test(tc, only_random_criteria_depend_on_the_key, 0, choices());
  suite_add_tcase(s, tc);
  return s;
}

int main(void) {
  return suite_run(suite());
}
