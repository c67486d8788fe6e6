/* Activations, pooling, gates, updates and dropout; which set of kernels a process uses. */
#include "kernels/expf.h"
#include "kernels/formulas.h"

/* ---- exp and the activations ---- */

START_TEST(expf_is_exp) {
  for (int i = 0; i <= 1750000; i++) {
    const float x = -87.0f + 1e-4f * (float)i;
    const double exact = exp((double)x);
    if (!near((double)esp__expf(x), exact, 2e-7 * exact)) ck_abort_msg("exp(%.9g)", (double)x);
  }
  ck_assert(esp__expf(0.0f) == 1.0f);
  ck_assert(esp__expf(-1e30f) == esp__expf(-87.0f) && esp__expf(-87.0f) > 0.0f);
  ck_assert(esp__expf(1e30f) == esp__expf(88.0f) && isfinite(esp__expf(88.0f)));
}
END_TEST

static double exact_relu(double x) {
  return x > 0.0 ? x : 0.0;
}
static double exact_relu6(double x) {
  return fmin(fmax(x, 0.0), 6.0);
}
static double exact_leaky_relu(double x) {
  return x > 0.0 ? x : (double)0.01f * x;
}
static double exact_sigmoid(double x) {
  return 1.0 / (1.0 + exp(-x));
}
static double exact_gelu(double x) {
  return 0.5 * x * (1.0 + tanh(sqrt(2.0 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}

static const struct {
  double (*exact)(double);
  double relative, absolute; /* GELU's 1 + tanh cancels where x is far below 0 */
} functions[ESP_ACTIVATIONS] = {
    [ESP_ACT_RELU] = {exact_relu, 0.0, 0.0},
    [ESP_ACT_RELU6] = {exact_relu6, 0.0, 0.0},
    [ESP_ACT_LEAKY_RELU] = {exact_leaky_relu, 1e-7, 0.0},
    [ESP_ACT_TANH] = {tanh, 1e-6, 0.0},
    [ESP_ACT_SIGMOID] = {exact_sigmoid, 1e-6, 2e-38},
    [ESP_ACT_GELU] = {exact_gelu, 1e-6, 1e-6},
};

enum { POINTS = 4000 };

/* -8 to 8 finely, then ever further out. */
static float point(int i) {
  if (i < POINTS - 200) return -8.0f + 16.0f * (float)i / (float)(POINTS - 200);
  const int far = i - (POINTS - 200);
  return (far % 2 ? -8.0f : 8.0f) * powf(1.3f, (float)(far / 2));
}

START_TEST(activations_are_their_formulas) {
  const esp_activation kind = (esp_activation)_i;
  const esp__extent e = {1, POINTS / ESP_LANES};
  static float x[POINTS], y[POINTS];
  for (int i = 0; i < POINTS; i++) x[i] = point(i);
  scalar()->activate(kind, e, (esp__rows){x, POINTS}, (esp__rows){y, POINTS});
  for (int i = 0; i < POINTS; i++) {
    const double exact = functions[kind].exact((double)x[i]);
    const double allowed = functions[kind].relative * fabs(exact) + functions[kind].absolute;
    if (!near((double)y[i], exact, allowed))
      ck_abort_msg("activation %d of %g: %.9g, expected %.9g", _i, (double)x[i], (double)y[i],
                   exact);
  }
}
END_TEST

START_TEST(slopes_are_derivatives) {
  const esp_activation kind = (esp_activation)_i;
  const esp__extent e = {1, POINTS / ESP_LANES};
  static float x[POINTS], y[POINTS], dy[POINTS], dx[POINTS];
  for (int i = 0; i < POINTS; i++) {
    x[i] = point(i);
    dy[i] = 0.5f;
    dx[i] = 1.0f;
  }
  const esp__rows in = {x, POINTS}, out = {y, POINTS}, up = {dy, POINTS}, down = {dx, POINTS};
  scalar()->activate(kind, e, in, out);
  scalar()->activate_back(kind, e, in, out, up, down, true);
  for (int i = 0; i < POINTS; i++) {
    const double at = (double)x[i], step = 1e-5 * fmax(1.0, fabs(at));
    if (fabs(at) < 1e-3 || fabs(at - 6.0) < 1e-3) continue; /* the kinks of ReLU and ReLU6 */
    const double slope =
        (functions[kind].exact(at + step) - functions[kind].exact(at - step)) / (2.0 * step);
    if (!near((double)dx[i], 1.0 + 0.5 * slope, 2e-6))
      ck_abort_msg("slope of activation %d at %g: %.9g, expected %.9g", _i, at, (double)dx[i] - 1.0,
                   0.5 * slope);
  }
}
END_TEST

/* ---- pooling ---- */

enum { PLANE = 6, POOLED = 3 }; /* windows of 3, stride 2, padding 1 */

/* The window's largest pixel, the first in row order of equal ones. */
static size_t winner(const float *x, int row, int column, int lane) {
  size_t best = SIZE_MAX;
  for (int i = 2 * row - 1; i < 2 * row + 2; i++)
    for (int j = 2 * column - 1; j < 2 * column + 2; j++) {
      if (i < 0 || i >= PLANE || j < 0 || j >= PLANE) continue;
      const size_t at = (size_t)((i * PLANE + j) * ESP_LANES + lane);
      if (best == SIZE_MAX || x[at] > x[best]) best = at;
    }
  return best;
}

START_TEST(one_winner_takes_the_gradient) {
  enum { IN = PLANE * PLANE * ESP_LANES, OUT = POOLED * POOLED * ESP_LANES };
  static const float few[] = {-2.0f, -1.0f, 0.0f, -0.0f};
  const esp__pool k = {{PLANE, PLANE}, {POOLED, POOLED}, 3, 3, 2, 1};
  static float x[IN], dx[IN], expected[IN], y[OUT], dy[OUT];
  for (uint64_t i = 0; i < IN; i++) x[i] = few[esp_random_below(8, i, 4)];
  for (int i = 0; i < OUT; i++) dy[i] = (float)(i % 7 + 1);
  for (int i = 0; i < OUT; i++) {
    const int lane = i % ESP_LANES, pixel = i / ESP_LANES;
    expected[winner(x, pixel / POOLED, pixel % POOLED, lane)] += dy[i];
  }
  const esp__rows in = {x, PLANE * ESP_LANES}, down = {dx, PLANE * ESP_LANES};
  const esp__rows out = {y, POOLED * ESP_LANES}, up = {dy, POOLED * ESP_LANES};
  scalar()->maxpool(&k, in, out);
  scalar()->maxpool_back(&k, in, out, up, down);
  for (int i = 0; i < IN; i++)
    ck_assert_msg(dx[i] == expected[i], "%d: %g, expected %g", i, (double)dx[i],
                  (double)expected[i]);
}
END_TEST

/* ---- gates ---- */

/* Image 0: two of equal size compete for the last place. Image 1: one number is above 0. Image 2:
 * all are alike. */
START_TEST(top_k_keeps_the_largest) {
  enum { CHANNELS = 5 };
  static const float in[3][CHANNELS] = {{2, 3, -1, 2, 0.5f},
                                        {-2, 0, 4, -0.0f, -9},
                                        {1, 1, 1, 1, 1}},
                     out[3][CHANNELS] = {{2, 3, 0, 0, 0}, {0, 0, 4, 0, 0}, {1, 1, 0, 0, 0}};
  float x[CHANNELS * ESP_LANES] = {0}, y[CHANNELS * ESP_LANES];
  for (int i = 0; i < 3; i++)
    for (int c = 0; c < CHANNELS; c++) x[c * ESP_LANES + i] = in[i][c];
  scalar()->top_k(CHANNELS, 2, (esp__rows){x, ESP_LANES}, (esp__rows){y, ESP_LANES});
  for (int i = 0; i < 3; i++)
    for (int c = 0; c < CHANNELS; c++)
      ck_assert_msg(y[c * ESP_LANES + i] == out[i][c], "image %d, channel %d: %g", i, c,
                    (double)y[c * ESP_LANES + i]);
}
END_TEST

START_TEST(images_are_summed_apart) {
  enum { ROWS = 3, WIDTH = 7, FLOATS = ROWS * WIDTH * ESP_LANES };
  static float x[FLOATS], y[FLOATS];
  float mean[ESP_LANES], dot[ESP_LANES];
  uint32_t count[ESP_LANES];
  fill(x, FLOATS, 21);
  fill(y, FLOATS, 22);
  for (int i = 0; i < FLOATS; i += 3) x[i] = i % 2 ? 0.0f : -0.0f;
  const esp__extent e = {ROWS, WIDTH};
  const esp__rows from = {x, WIDTH * ESP_LANES}, with = {y, WIDTH * ESP_LANES};
  scalar()->mean_abs(e, from, mean);
  scalar()->dot_images(e, from, with, dot);
  scalar()->count_images(e, from, ESP_LANES, count);
  for (int l = 0; l < ESP_LANES; l++) {
    double size = 0, product = 0;
    uint32_t nonzero = 0;
    for (int p = l; p < FLOATS; p += ESP_LANES) {
      size += fabs((double)x[p]) / (ROWS * WIDTH);
      product += (double)x[p] * (double)y[p];
      nonzero += x[p] != 0.0f;
    }
    ck_assert(near((double)mean[l], size, 1e-6) && near((double)dot[l], product, 1e-5));
    ck_assert_uint_eq(count[l], nonzero);
  }
}
END_TEST

/* ---- updates ---- */

/* Numbers that binary fractions hold exactly, so that the results by hand are exact too. */
START_TEST(sgd_by_hand) {
  const float grad[4] = {2.0f, -16.0f, 1.0f, 4.0f};
  const uint8_t keep[4] = {1, 1, 0, 1};
  /* clipped: g = 1, -4, -, 2; with decay 0.5 w: 2, -3, -, 1;  v = 0.5 v + g: 4, -3, 0, 1.5 */
  const float velocity_after[4] = {4.0f, -3.0f, 0.0f, 1.5f};
  const float plain[4] = {1.0f, 2.75f, 0.0f, -2.375f};      /* w - 0.25 v */
  const float nesterov[4] = {1.0f, 3.125f, 0.0f, -2.4375f}; /* w - 0.25 (g + 0.5 v) */
  for (int kind = 0; kind < 2; kind++) {
    float weight[4] = {2.0f, 2.0f, 7.0f, -2.0f}, velocity[4] = {4.0f, 0.0f, 3.0f, 1.0f};
    const esp__sgd k = {0.25f, 0.5f, 0.5f, 4.0f, 0.5f, kind == 1};
    scalar()->sgd(&k, 4, grad, keep, velocity, weight);
    for (int i = 0; i < 4; i++) {
      ck_assert_msg(velocity[i] == velocity_after[i], "velocity %d: %g", i, (double)velocity[i]);
      ck_assert_msg(weight[i] == (kind ? nesterov : plain)[i], "weight %d: %g", i,
                    (double)weight[i]);
    }
  }
}
END_TEST

START_TEST(sgd_without_mask_or_clip) {
  const float grad[2] = {64.0f, -2.0f};
  float weight[2] = {1.0f, 1.0f}, velocity[2] = {0.0f, 8.0f};
  const esp__sgd k = {0.5f, 0.25f, 0.0f, 0.0f, 1.0f, false};
  scalar()->sgd(&k, 2, grad, NULL, velocity, weight);
  ck_assert(velocity[0] == 64.0f && velocity[1] == 0.0f);
  ck_assert(weight[0] == -31.0f && weight[1] == 1.0f);
}
END_TEST

/* Exactly +0 also when the pruned weight, its velocity or its gradient were negative or large. */
START_TEST(a_pruned_weight_stays_zero) {
  const float zero = 0.0f, values[3] = {-0.0f, -1e30f, 1e30f};
  const uint8_t keep = 0;
  const esp__sgd k = {0.1f, 0.9f, 0.1f, 0.0f, 1.0f, true};
  const esp__kernels *kernels;
  for (size_t isa = 0; (kernels = esp__kernels_at(isa)); isa++)
    for (int i = 0; i < 27; i++) {
      float weight = values[i % 3], velocity = values[i / 3 % 3];
      kernels->sgd(&k, 1, &values[i / 9], &keep, &velocity, &weight);
      ck_assert_mem_eq(&weight, &zero, sizeof zero);
      ck_assert_mem_eq(&velocity, &zero, sizeof zero);
    }
}
END_TEST

/* Half the gradients, clipped to 4, are 1 and 4; with half the weights 2 and 3. The moments become
 * 2, 1.5 and 4, 9, so a quarter of the root and 0.5 is 1 and 1.25. Of half the weight goes a
 * quarter of the first by that: 1 - 0.5 and -1 - 0.3. The pruned one keeps nothing, whatever
 * comes. */
START_TEST(adam_by_hand) {
  const float grad[3] = {2.0f, 16.0f, INFINITY};
  const uint8_t keep[3] = {1, 1, 0};
  float weight[3] = {2.0f, -2.0f, 5.0f}, m[3] = {2.0f, 0.0f, 1.0f}, v[3] = {4.0f, 9.0f, NAN};
  const esp__adam k = {.lr = 0.25f,
                       .beta1 = 0.5f,
                       .rest1 = 0.5f,
                       .beta2 = 0.75f,
                       .rest2 = 0.25f,
                       .root = 0.25f,
                       .epsilon = 0.5f,
                       .decay = 0.5f,
                       .shrink = 0.5f,
                       .clip = 4.0f,
                       .scale = 0.5f};
  scalar()->adam(&k, 3, grad, keep, m, v, weight);
  ck_assert(m[0] == 2.0f && m[1] == 1.5f && v[0] == 4.0f && v[1] == 9.0f);
  ck_assert(weight[0] == 0.5f && near((double)weight[1], -1.3, 1e-7));
  ck_assert(m[2] == 0.0f && v[2] == 0.0f && weight[2] == 0.0f);
}
END_TEST

/* As above, but the first moments are 1 + 2 / 2.5 and 3 / 3.5; a quarter of them goes. */
START_TEST(rmsprop_by_hand) {
  const float grad[3] = {2.0f, 16.0f, NAN};
  const uint8_t keep[3] = {1, 1, 0};
  float weight[3] = {2.0f, -2.0f, 5.0f}, m[3] = {2.0f, 0.0f, 1.0f}, v[3] = {4.0f, 9.0f, 1.0f};
  const esp__rmsprop k = {.lr = 0.25f,
                          .momentum = 0.5f,
                          .alpha = 0.75f,
                          .rest = 0.25f,
                          .epsilon = 0.5f,
                          .decay = 0.5f,
                          .clip = 4.0f,
                          .scale = 0.5f};
  scalar()->rmsprop(&k, 3, grad, keep, m, v, weight);
  ck_assert(v[0] == 4.0f && v[1] == 9.0f);
  ck_assert(near((double)m[0], 1.8, 1e-7) && near((double)m[1], 3.0 / 3.5, 1e-7));
  ck_assert(near((double)weight[0], 1.55, 1e-7) &&
            near((double)weight[1], -2.0 - 0.75 / 3.5, 1e-6));
  ck_assert(m[2] == 0.0f && v[2] == 0.0f && weight[2] == 0.0f);
}
END_TEST

START_TEST(shadows_and_averages) {
  const float shadow[3] = {1.0f, -2.0f, 3.0f};
  const uint8_t keep[3] = {1, 0, 1};
  float value[3] = {9.0f, 9.0f, 9.0f}, average[3] = {2.0f, 4.0f, -1.0f};
  scalar()->apply_mask(3, shadow, keep, value);
  ck_assert(value[0] == 1.0f && value[1] == 0.0f && !signbit(value[1]) && value[2] == 3.0f);
  scalar()->average(3, 0.75f, shadow, average);
  ck_assert(average[0] == 1.75f && average[1] == 2.5f && average[2] == 0.0f);
}
END_TEST

/* ---- weights that are noise ---- */

/* Noise is that of random.h, so that a run's bits are those of its key; where log v = -10 + rise
 * and m = 1, log alpha is log v, and exceeds 3 from a rise of 13 on. */
START_TEST(noise_is_that_of_the_key) {
  enum { N = 37 };
  float rise[N], mean[N], value[N], at_rest[N];
  for (int i = 0; i < N; i++) rise[i] = 0.5f * (float)i, mean[i] = 1.0f;
  scalar()->noisy_draw(N, 11, rise, mean, value);
  scalar()->noisy_still(N, rise, mean, at_rest);
  for (int i = 0; i < N; i++) {
    const float deviation = esp__expf(0.5f * (rise[i] - 10.0f));
    ck_assert_float_eq(value[i], 1.0f + deviation * (float)esp_random_normal(11, (uint64_t)i));
    ck_assert_float_eq(at_rest[i], i <= 26 ? 1.0f : 0.0f);
  }
}
END_TEST

/* ---- dropout ---- */

START_TEST(dropout_drops_its_share) {
  enum { N = 16 * 1000 };
  static float x[N], y[N];
  for (int i = 0; i < N; i++) x[i] = 1.0f;
  const esp__extent e = {10, 100};
  const size_t stride = 100 * ESP_LANES;
  scalar()->drop(e, (esp__rows){x, stride}, (esp__rows){y, stride}, 7, 1 << 22, 2.0f, false);
  int dropped = 0, others = 0;
  for (int i = 0; i < N; i++) {
    dropped += y[i] == 0.0f;
    others += y[i] == 2.0f;
  }
  ck_assert_int_eq(dropped + others, N);
  ck_assert_msg(near(dropped, N / 4, 4.0 * sqrt(N * 3.0 / 16.0)), "%d of %d", dropped, N);
}
END_TEST

/* ---- the choice of a set ---- */

START_TEST(environment_chooses) {
  esp_error err;
  const esp__kernels *k = esp__kernels_at((size_t)_i);
  if (!k) return;
  setenv("ESPALIER_ISA", k->isa, 1);
  ck_assert_int_eq(esp__kernels_check(&err), ESP_OK);
  ck_assert_ptr_eq(esp__kernels_active(), k);
}
END_TEST

START_TEST(environment_is_checked) {
  esp_error err;
  setenv("ESPALIER_ISA", "sse9", 1);
  ck_assert_int_eq(esp__kernels_check(&err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, "sse9"));
  ck_assert_ptr_nonnull(strstr(err.text, "scalar"));
  unsetenv("ESPALIER_ISA");
  ck_assert_int_eq(esp__kernels_check(&err), ESP_OK);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("formulas");
  TCase *all = tcase_create("formulas");
  tcase_set_timeout(all, 60);
  tcase_add_test(all, expf_is_exp);
  tcase_add_loop_test(all, activations_are_their_formulas, 0, ESP_ACTIVATIONS);
  tcase_add_loop_test(all, slopes_are_derivatives, 0, ESP_ACTIVATIONS);
  tcase_add_test(all, one_winner_takes_the_gradient);
  tcase_add_test(all, top_k_keeps_the_largest);
  tcase_add_test(all, images_are_summed_apart);
  tcase_add_test(all, sgd_by_hand);
  tcase_add_test(all, sgd_without_mask_or_clip);
  tcase_add_test(all, adam_by_hand);
  tcase_add_test(all, rmsprop_by_hand);
  tcase_add_test(all, a_pruned_weight_stays_zero);
  tcase_add_test(all, shadows_and_averages);
  tcase_add_test(all, noise_is_that_of_the_key);
  tcase_add_test(all, dropout_drops_its_share);
  tcase_add_loop_test(all, environment_chooses, 0, 3);
  tcase_add_test(all, environment_is_checked);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}
