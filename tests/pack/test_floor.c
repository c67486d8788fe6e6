/* Masks and indices of five networks take at most 3 % more than their zeroth-order entropy: the
 * coder learns its probabilities while it goes, and that costs little. Weights are normal, 90 % of
 * each layer are pruned by magnitude, and those that stay share 32 values. */
#include "suite.h"

#include "pack/tensor.h"

#include <espalier/model.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 16 }; /* of each sign */

static const struct {
  const char *arch, *layers;
  esp_shape input;
  double width;
} networks[] = {
    {"custom",
     "conv 16 3x3\nbn\nrelu\nmaxpool 2\nconv 32 3x3\nbn\nrelu\nmaxpool 2\nrepeat 2\nconv 64 3x3\n"
     "bn\nrelu\nend\nmaxpool 2\nflatten\nlinear 10\n",
     {1, 28, 28},
     1},
    {"custom", "flatten\nlinear 300\nrelu\nlinear 100\nrelu\nlinear 10\n", {1, 28, 28}, 1},
    {"lenet5-caffe", "", {1, 28, 28}, 1},
    {"resnet20", "", {3, 32, 32}, 1},
    {"vgg11", "", {3, 32, 32}, 0.25},
};

static esp_model *model_of(int i) {
  const esp_model_options o = {.arch = (char *)(uintptr_t)networks[i].arch,
                               .input = (char *)(uintptr_t) "",
                               .layers = (char *)(uintptr_t)networks[i].layers,
                               .weights = (char *)(uintptr_t) "",
                               .shortcut = (char *)(uintptr_t) "projection",
                               .width = networks[i].width};
  esp_model *m;
  esp_error err = {.text = ""};
  const esp_status status = esp_model_new(&m, &o, networks[i].input, 10, 5, &err);
  ck_assert_msg(status == ESP_OK, "%s", err.text);
  return m;
}

static double deviation(const esp_param *w) {
  double sum = 0.0;
  for (size_t i = 0; i < w->count; i++) sum += (double)w->value[i] * (double)w->value[i];
  return sqrt(sum / (double)w->count);
}

/* 1.645 deviations are exceeded by a tenth; four by hardly any. Counts each value. */
static void prune_and_share(esp_param *w, double count[2 * LEVELS + 1]) {
  const double sd = deviation(w), least = 1.645 * sd, step = (4.0 - 1.645) * sd / LEVELS;
  for (size_t i = 0; i < w->count; i++) {
    const double size = fabs((double)w->value[i]);
    int level = size < least ? 0 : 1 + (int)((size - least) / step);
    if (level > LEVELS) level = LEVELS;
    const double value = level ? least + (level - 0.5) * step : 0.0;
    w->value[i] = copysignf((float)value, level ? w->value[i] : 0.0f);
    count[w->value[i] < 0.0f ? LEVELS + level : level]++;
  }
}

/* n log2 n - sum of c log2 c: n times the entropy. */
static double entropy_bits(const double *count, int n) {
  double all = 0.0, bits = 0.0;
  for (int i = 0; i < n; i++) {
    all += count[i];
    if (count[i] > 0.0) bits -= count[i] * log2(count[i]);
  }
  return all > 0.0 ? bits + all * log2(all) : 0.0;
}

static double floor_bits(const double count[2 * LEVELS + 1]) {
  double both[2] = {count[0], 0.0};
  for (int i = 1; i <= 2 * LEVELS; i++) both[1] += count[i];
  return entropy_bits(both, 2) + entropy_bits(count + 1, 2 * LEVELS);
}

static double coded_bits(const esp_param *w) {
  static esp__tensor_models models;
  int64_t shape[4];
  esp__coder c;
  for (int i = 0; i < w->rank; i++) shape[i] = w->shape[i];
  esp__coder_encode(&c);
  ck_assert(esp__code_tensor(&c, &models, shape, w->rank, NULL, w->value));
  ck_assert(esp__coder_end(&c));
  const double bits = 8.0 * (double)c.out_bytes;
  const struct esp__tensor_bits *spent = &models.spent;
  ck_assert_double_eq_tol(spent->mask + spent->table + spent->values, bits, 16.0);
  free(c.out);
  return spent->mask + spent->values;
}

START_TEST(near_the_floor) {
  esp_model *m = model_of(_i);
  double coded = 0.0, least = 0.0;
  for (int i = 0; i < m->layers; i++) {
    double count[2 * LEVELS + 1] = {0.0};
    prune_and_share(m->layer[i].weight, count);
    least += floor_bits(count);
    coded += coded_bits(m->layer[i].weight);
  }
  ck_assert_msg(coded <= 1.03 * least, "network %d: %.0f bytes, floor %.0f", _i, coded / 8.0,
                least / 8.0);
  esp_model_free(m);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("floor");
  TCase *t = tcase_create("floor");
  tcase_add_loop_test(t, near_the_floor, 0, sizeof networks / sizeof *networks);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return suite_run(suite());
}
