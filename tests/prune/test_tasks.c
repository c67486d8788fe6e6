/* Several tasks: the loss and its gradient by hand, and what they do to scores; retraining without
 * labels. */
#include "scene.h"
#include "suite.h"

#include <espalier/train.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 4, GROUPS = 2, OUTPUTS = CLASSES + GROUPS, HIDDEN = 3, IMAGES = 8 };
static const int group_of[CLASSES] = {0, 1, 1, 0};

/* One batch of 8 images in all, and that network with its heads. */
static void open_tasks(scene *s, const char *weights, const char *more) {
  char ini[512];
  snprintf(
      ini, sizeof ini,
      "[data]\ntasks =\n  pair: 0 3 | 1 2\ntask_weights = %s\n[model]\narch = custom\nlayers =\n"
      "  flatten\n  linear 3 nobias\n  tanh\n  linear classes\n[prune]\n%s\n",
      weights, more);
  scene_open(s, (esp_shape){2, 1, 1}, CLASSES, ini);
  scene_limit(s, 1, IMAGES);
}

static double forward(scene *s) {
  return esp_graph_forward(s->graph, &s->batch[0], (esp_pass){.training = true}).loss_sum;
}

/* -log softmax at `right` of n logits, and what softmax says of each. */
static double cross_entropy(const double *x, int n, int right, double *share) {
  double sum = 0.0;
  for (int c = 0; c < n; c++) sum += exp(x[c]);
  for (int c = 0; c < n; c++) share[c] = exp(x[c]) / sum;
  return -log(share[right]);
}

/* The loss of the batch in double, and its gradient at the biases of both heads. */
static double by_hand(const scene *s, double of_class, double of_pair, double *gradient) {
  const esp_value *logits = esp_graph_output(s->graph);
  double loss = 0.0;
  memset(gradient, 0, OUTPUTS * sizeof *gradient);
  for (int i = 0; i < IMAGES; i++) {
    const int label = s->label[0][i];
    double x[OUTPUTS], share[OUTPUTS];
    for (int c = 0; c < OUTPUTS; c++) x[c] = (double)esp_value_at(logits, i, c, 0, 0);
    loss += of_class * cross_entropy(x, CLASSES, label, share);
    loss += of_pair * cross_entropy(x + CLASSES, GROUPS, group_of[label], share + CLASSES);
    share[label] -= 1.0;
    share[CLASSES + group_of[label]] -= 1.0;
    for (int c = 0; c < OUTPUTS; c++)
      gradient[c] += (c < CLASSES ? of_class : of_pair) * share[c] / IMAGES;
  }
  return loss;
}

START_TEST(loss_and_gradient_by_hand) {
  scene s;
  double gradient[OUTPUTS];
  open_tasks(&s, "0.5 2", "");
  const double loss = forward(&s), expected = by_hand(&s, 0.5, 2.0, gradient);
  ck_assert_msg(fabs(loss - expected) < 1e-5, "%.9g, expected %.9g", loss, expected);
  esp_graph_backward(s.graph);
  const float *classes = plant_param(&s.p, "heads.branch1.class.linear1.bias")->grad;
  const float *pair = plant_param(&s.p, "heads.branch2.pair.linear1.bias")->grad;
  for (int c = 0; c < OUTPUTS; c++)
    ck_assert(fabs((double)(c < CLASSES ? classes[c] : pair[c - CLASSES]) - gradient[c]) < 1e-6);
  scene_close(&s);
}
END_TEST

START_TEST(accuracy_of_each_task) {
  scene s;
  esp_metrics m = {0};
  int right[2] = {0, 0};
  open_tasks(&s, "", "");
  const esp_outcome outcome = esp_graph_forward(s.graph, &s.batch[0], (esp_pass){0});
  esp_metrics_add(&m, s.graph, &s.batch[0], outcome, NULL);
  for (int i = 0; i < IMAGES; i++) {
    const esp_value *logits = esp_graph_output(s.graph);
    int best = 0;
    for (int c = 1; c < CLASSES; c++)
      if (esp_value_at(logits, i, c, 0, 0) > esp_value_at(logits, i, best, 0, 0)) best = c;
    right[0] += best == s.label[0][i];
    right[1] += (esp_value_at(logits, i, CLASSES + 1, 0, 0) >
                 esp_value_at(logits, i, CLASSES, 0, 0)) == group_of[s.label[0][i]];
  }
  ck_assert_int_eq(m.count, IMAGES);
  ck_assert_int_eq(m.top1, right[0]);
  ck_assert_int_eq(m.right[0], right[0]);
  ck_assert_int_eq(m.right[1], right[1]);
  scene_close(&s);
}
END_TEST

enum { TRUNK = 2 * HIDDEN };

/* The gradient of the trunk when the tasks have these weights. */
static void trunk_gradient(const char *weights, float *gradient) {
  scene s;
  open_tasks(&s, weights, "");
  forward(&s);
  esp_graph_backward(s.graph);
  memcpy(gradient, plant_param(&s.p, "linear1.weight")->grad, TRUNK * sizeof *gradient);
  scene_close(&s);
}

/* The half of the trunk with the largest |w (a g1 + b g2)|, a digit a weight. */
static void best_half(const esp_param *w, float gradient[2][TRUNK], double a, double b,
                      char *digits) {
  double score[TRUNK];
  for (int k = 0; k < TRUNK; k++)
    score[k] =
        fabs((double)w->value[k] * (a * (double)gradient[0][k] + b * (double)gradient[1][k]));
  for (int k = 0; k < TRUNK; k++) {
    int better = 0;
    for (int other = 0; other < TRUNK; other++) better += score[other] > score[k];
    digits[k] = better < TRUNK / 2 ? '1' : '0';
  }
  digits[TRUNK] = '\0';
}

/* The scores that choose a mask are those of the weighted sum. Neither task alone would choose the
 * same. */
START_TEST(masks_by_the_weighted_sum) {
  static const double alone[2][2] = {{1, 0}, {0, 1}};
  scene s;
  float gradient[2][TRUNK];
  char digits[TRUNK + 1], other[TRUNK + 1];
  trunk_gradient("1 0", gradient[0]);
  trunk_gradient("0 1", gradient[1]);
  open_tasks(&s, "1 0.75", "method = saliency\nskip = heads*\nsaliency_batches = 1");
  const esp_param *w = plant_param(&s.p, "linear1.weight");
  best_half(w, gradient, 1.0, 0.75, digits);
  for (int i = 0; i < 2; i++) {
    best_half(w, gradient, alone[i][0], alone[i][1], other);
    ck_assert_str_ne(digits, other);
  }
  scene_round(&s, 0.5);
  for (int k = 0; k < TRUNK; k++)
    ck_assert(fabs((double)w->grad[k] - ((double)gradient[0][k] + 0.75 * (double)gradient[1][k])) <
              1e-5);
  plant_mask_is(&s.p, "linear1.weight", digits);
  scene_close(&s);
}
END_TEST

/* A batch without labels trains towards the teacher as one with any labels does. */
START_TEST(imitation_reads_no_labels) {
  scene s, teacher;
  float gradient[2][TRUNK];
  open_tasks(&s, "1 0.5", "");
  open_tasks(&teacher, "1 0.5", "");
  plant_param(&teacher.p, "linear1.weight")->value[0] += 1.0f;
  esp_graph_forward(teacher.graph, &s.batch[0], (esp_pass){0});
  esp_graph_match_logits(s.graph, teacher.graph);
  for (int with = 0; with < 2; with++) {
    s.batch[0].labels = with ? s.label[0] : NULL;
    ck_assert(forward(&s) > 0.0);
    esp_graph_backward(s.graph);
    memcpy(gradient[with], plant_param(&s.p, "linear1.weight")->grad, sizeof gradient[with]);
  }
  ck_assert_mem_eq(gradient[0], gradient[1], sizeof gradient[0]);
  plant_param(&teacher.p, "linear1.weight")->value[0] -= 1.0f;
  esp_graph_forward(teacher.graph, &s.batch[0], (esp_pass){0});
  ck_assert(forward(&s) == 0.0);
  scene_close(&s);
  scene_close(&teacher);
}
END_TEST

static const esp_batch *no_images(void *user) {
  (void)user;
  ck_abort_msg("an image was asked for");
  return NULL;
}

/* SynFlow makes its own input. */
START_TEST(pruned_without_images) {
  scene s;
  int floored;
  open_tasks(&s, "",
             "method = synflow\nskip = heads*\nat = init\nschedule = exponential\nrounds = 5");
  s.probe.next = no_images;
  for (int round = 1; round <= 5; round++)
    ck_assert(esp_pruner_round(s.p.pruner, &s.probe, 0.1 * round, &floored, NULL) == ESP_OK);
  ck_assert_uint_eq(plant_param(&s.p, "linear1.weight")->mask->kept, TRUNK / 2);
  scene_close(&s);
}
END_TEST

int main(void) {
  Suite *s = suite_create("tasks");
  TCase *t = tcase_create("tasks");
  tcase_add_test(t, loss_and_gradient_by_hand);
  tcase_add_test(t, accuracy_of_each_task);
  tcase_add_test(t, masks_by_the_weighted_sum);
  tcase_add_test(t, imitation_reads_no_labels);
  tcase_add_test(t, pruned_without_images);
  suite_add_tcase(s, t);
  return suite_run(s);
}
