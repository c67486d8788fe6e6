/* Quantised networks: factors as integers, scales of tensors, and the integers of whole networks
 * against arithmetic written out here. */
#include "suite.h"

#include "autograd/fixed_point.h"

#include <espalier/compress.h>
#include <espalier/model.h>
#include <espalier/optim.h>

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static esp_error err = {.text = ""};

/* ---- factors ---- */

/* 3/4 is (3 * 2^29) / 2^31, 1 is 2^30 / 2^30; what rounds up to 2^31 takes one bit less of
 * shift. */
START_TEST(factors) {
  static const struct {
    double factor;
    int64_t multiplier;
    int shift;
  } cases[] = {{0.75, 3LL << 29, 31}, {1.0, 1LL << 30, 30},
               {0.25, 1LL << 30, 32}, {1.0 - 0x1p-40, 1LL << 30, 30},
               {3.0, 3LL << 29, 29},  {0.0, 0, 1},
               {0x1p-40, 0, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const esp__fixed f = esp__fixed_of(cases[i].factor);
    ck_assert_msg(f.multiplier == cases[i].multiplier && f.shift == cases[i].shift,
                  "%g: %lld >> %d", cases[i].factor, (long long)f.multiplier, f.shift);
  }
  ck_assert_int_eq(esp__fixed_with(0.25, 31), 1LL << 29);
  ck_assert_int_eq(esp__fixed_with(1e300, 1), INT32_MAX);
}
END_TEST

/* Halves go up, also below 0; the ends are 127 and the lower bound. */
START_TEST(rounding) {
  const int64_t half = (int64_t)1 << 30; /* 1/2 in 31 bits of shift */
  ck_assert_int_eq(esp__fixed_round(3 * half, 31, -127), 2);
  ck_assert_int_eq(esp__fixed_round(-3 * half, 31, -127), -1);
  ck_assert_int_eq(esp__fixed_round(-half, 31, -127), 0);
  ck_assert_int_eq(esp__fixed_round(2000 * half, 31, -127), 127);
  ck_assert_int_eq(esp__fixed_round(-2000 * half, 31, -127), -127);
  ck_assert_int_eq(esp__fixed_round(-2000 * half, 31, 0), 0);
}
END_TEST

/* ---- a network worked by hand ---- */

static esp_model *model_of(const char *layers, esp_shape input, int classes) {
  esp_model *m;
  char arch[] = "custom", *text = strdup(layers);
  const esp_model_options o = {.arch = arch, .layers = text, .width = 1.0};
  ck_assert_msg(esp_model_new(&m, &o, input, classes, 1, &err) == ESP_OK, "%s", err.text);
  free(text);
  return m;
}

static void set(esp_model *m, const char *name, const float *value) {
  esp_param *p = esp_params_find(&m->params, name);
  ck_assert_msg(p != NULL, "%s", name);
  memcpy(p->value, value, p->count * sizeof *value);
}
#define SET(m, name, ...) set(m, name, (const float[]){__VA_ARGS__})

/* Runs one image [C][H][W]; a graph of integers, or of floats that are rounded. */
static void run(esp_model *m, const float *pixels, bool simulated, float *logits) {
  const size_t values = (size_t)(m->input.channels * m->input.height * m->input.width);
  float *lanes = calloc(values * ESP_LANES, sizeof *lanes);
  esp_graph *g;
  for (size_t i = 0; i < values; i++) lanes[i * ESP_LANES] = pixels[i];
  m->simulated = simulated;
  ck_assert_msg(esp_model_graph(m, 1, false, (esp_loss_attr){0}, &g, &err) == ESP_OK, "%s",
                err.text);
  const esp_batch batch = {lanes, NULL, 1};
  esp_graph_forward(g, &batch, (esp_pass){0});
  for (int c = 0; c < m->classes; c++) logits[c] = esp_value_at(esp_graph_output(g), 0, c, 0, 0);
  esp_graph_free(g);
  free(lanes);
}

/* Input 0.5 and -1 at scale 1/4: 2 and -4. The hidden layer has steps 1/2 and 1/4, and weights 3, 1
 * and 2, -5. The first sum is 6 - 4 and a bias of 8 (1 at scale 1/8), so 10, which stands for 5/4;
 * the second 4 + 20, so 24, for 3/2. At scale 1/2 they are 2.5, which goes up to 3, and 3. The
 * logits have steps 1 and 1/4: 6 - 3 at scale 1/2 is 1.5, and 3 + 3 and a bias of 4 (0.5 at 1/8) at
 * scale 1/8 is 1.25. */
START_TEST(two_layers_by_hand) {
  float logits[2];
  esp_model *m = model_of("flatten\nquantise\nlinear 2 bits 8\nrelu\nquantise\nlinear 2 bits 4",
                          (esp_shape){2, 1, 1}, 2);
  SET(m, "quantise1.scale", 0.25f);
  SET(m, "linear1.scale", 0.5f, 0.25f);
  SET(m, "linear1.weight", 1.5f, 0.5f, 0.5f, -1.25f);
  SET(m, "linear1.bias", 1.0f, 0.0f);
  SET(m, "quantise2.scale", 0.5f);
  SET(m, "linear2.scale", 1.0f, 0.25f);
  SET(m, "linear2.weight", 2.0f, -1.0f, 0.25f, 0.25f);
  SET(m, "linear2.bias", 0.0f, 0.5f);
  run(m, (const float[]){0.5f, -1.0f}, false, logits);
  ck_assert_msg(logits[0] == 1.5f && logits[1] == 1.25f, "%g %g", (double)logits[0],
                (double)logits[1]);
  esp_model_free(m);
}
END_TEST

/* The sum of a residual is rounded once: 5/4 + 3/8 = 13/8 at scale 1/2 is 3.25, which is 3; if each
 * part were rounded before, 2.5 and 0.75 would be 3 and 1, together 4. */
START_TEST(sums_are_rounded_once) {
  float logits[1];
  esp_model *m = model_of(
      "flatten\nquantise\nresidual\n  linear 1 bits 8\n  quantise\nend\n"
      "quantise\nlinear 1 bits 8",
      (esp_shape){1, 1, 1}, 1);
  SET(m, "quantise1.scale", 0.25f);
  SET(m, "0.linear1.scale", 0.0625f);
  SET(m, "0.linear1.weight", 0.3125f); /* 5 * 5 = 25 at scale 1/64, at 1/8: 3.125, which is 3 */
  SET(m, "0.quantise1.scale", 0.125f);
  SET(m, "quantise2.scale", 0.5f);
  SET(m, "linear1.scale", 1.0f);
  SET(m, "linear1.weight", 1.0f);
  run(m, (const float[]){1.25f}, false, logits);
  ck_assert_msg(logits[0] == 1.5f, "%g", (double)logits[0]);
  esp_model_free(m);
}
END_TEST

/* The mean of 1, 2, 3, 4 quarters is 10 / 16, at scale 1/8 exactly 5. */
START_TEST(means_are_of_integers) {
  float logits[1];
  esp_model *m = model_of("quantise\nglobal_avgpool\nquantise\nflatten\nlinear 1 bits 8",
                          (esp_shape){1, 2, 2}, 1);
  SET(m, "quantise1.scale", 0.25f);
  SET(m, "quantise2.scale", 0.125f);
  SET(m, "linear1.scale", 1.0f);
  SET(m, "linear1.weight", 3.0f);
  run(m, (const float[]){0.25f, 0.5f, 0.75f, 1.0f}, false, logits);
  ck_assert(logits[0] == 15.0f / 8.0f);
  esp_model_free(m);
}
END_TEST

/* ---- the step ---- */

/* Over the batch `user`. */
static esp_status pass_over(void *user, esp_model *m, bool validation, int images, esp_pass pass,
                            esp_error *e) {
  esp_graph *g;
  (void)validation;
  ck_assert(esp_model_graph(m, images, false, (esp_loss_attr){0}, &g, e) == ESP_OK);
  esp_graph_forward(g, user, pass);
  esp_graph_free(g);
  return ESP_OK;
}

/* conv1 makes x and 2 x, its batch norm halves the one and adds 1 to the other; folded, and all of
 * it in 8 bits, the network says what it said before, to the steps' size. Pruned weights are 0. */
START_TEST(folded_and_quantised) {
  char steps[] = "quantise", rule[] = "max", training[] = "training",
       straight[] = "straight-through";
  float lanes[4 * ESP_LANES] = {0}, before[2], after[2];
  const float pixels[4] = {0.5f, -0.25f, 1.0f, 0.125f};
  const float *const pixel = pixels;
  esp_model *m =
      model_of("conv 2 1x1\nbn\nrelu\nglobal_avgpool\nflatten\nlinear 2", (esp_shape){1, 2, 2}, 2);
  SET(m, "conv1.weight", 1.0f, 2.0f);
  SET(m, "bn1.scale", 0.5f, 1.0f);
  SET(m, "bn1.shift", 0.0f, 1.0f);
  SET(m, "linear1.weight", 1.0f, 0.0f, -0.5f, 0.25f);
  SET(m, "linear1.bias", 0.25f, 0.0f);
  run(m, pixels, false, before);
  esp_compress_options o = {.steps = steps,
                            .quantise_bits = 8,
                            .quantise_rule = rule,
                            .quantise_from = training,
                            .quantise_training = straight,
                            .quantise_images = 1};
  for (int i = 0; i < 4; i++) lanes[i * ESP_LANES] = pixel[i];
  esp_batch batch = {lanes, NULL, 1};
  esp_compress_ctx ctx = {.model = m, .before = m, .images = {pass_over, &batch}, .opt = &o};
  const esp_compress_step *step = esp_compress_step_find("quantise");
  int *from = NULL;
  ck_assert_msg(step->check(&ctx, &err) == ESP_OK, "%s", err.text);
  ck_assert_msg(step->replace(&ctx, &ctx.model, &from, &err) == ESP_OK, "%s", err.text);
  ck_assert_ptr_null(from); /* the same layers */
  ck_assert_str_eq(
      ctx.model->text,
      "quantise\nconv 2 1x1 bits 8\nrelu\nquantise\nglobal_avgpool\nquantise\nflatten\n"
      "linear 2 bits 8\n");
  ck_assert_msg(step->make(&ctx, &err) == ESP_OK, "%s", err.text);
  run(ctx.model, pixels, false, after);
  for (int c = 0; c < 2; c++)
    ck_assert_msg(fabsf(before[c] - after[c]) < 0.02f, "%g %g", (double)before[c],
                  (double)after[c]);
  run(ctx.model, pixels, true, before); /* floats that are rounded: near, too */
  for (int c = 0; c < 2; c++) ck_assert(fabsf(before[c] - after[c]) < 0.01f);
  ck_assert(esp_params_find(&ctx.model->params, "linear1.weight")->value[1] == 0.0f);
  ck_assert(esp_params_find(&ctx.model->params, "conv1.bias")->value[1] == 1.0f);
  esp_model_free(ctx.model);
  esp_model_free(m);
}
END_TEST

/* What the step makes of the model, calibrated on one image that is 1 in its first pixel. */
static esp_model *quantised(esp_model *m, int bits, const char *rule) {
  char steps[] = "quantise", from[] = "training", straight[] = "straight-through";
  esp_compress_options o = {.steps = steps,
                            .quantise_bits = bits,
                            .quantise_rule = (char *)(uintptr_t)rule,
                            .quantise_from = from,
                            .quantise_training = straight,
                            .quantise_images = 1};
  float *lanes = calloc((size_t)m->input.channels * ESP_LANES, sizeof *lanes);
  esp_batch batch = {lanes, NULL, 1};
  esp_compress_ctx ctx = {.model = m, .before = m, .images = {pass_over, &batch}, .opt = &o};
  const esp_compress_step *step = esp_compress_step_find("quantise");
  int *layers = NULL;
  lanes[0] = 1.0f;
  ck_assert_msg(step->replace(&ctx, &ctx.model, &layers, &err) == ESP_OK, "%s", err.text);
  ck_assert_msg(step->make(&ctx, &err) == ESP_OK, "%s", err.text);
  free(lanes);
  return ctx.model;
}

/* 2048 weights of 1 would be 127 each, and add up to 2048 * 127 * 127, which is 33 million. With a
 * step twice as large they stay below 15/16 of 2^24, with integers that are not smaller than they
 * need be: 60 of 60.5. */
START_TEST(sums_that_fit) {
  esp_model *m = model_of("flatten\nlinear 1", (esp_shape){2048, 1, 1}, 1);
  for (int i = 0; i < 2048; i++) m->layer[0].weight->value[i] = 1.0f;
  esp_model *small = quantised(m, 8, "max");
  const float q = small->layer[0].weight->value[0] / small->layer[0].step->value[0];
  ck_assert_msg(q == 60.0f, "%g", (double)q);
  esp_model_free(small);
  esp_model_free(m);
}
END_TEST

/* The bias of an output without weights is all that it puts out, and stays. */
START_TEST(biases_without_weights) {
  float logits[2];
  esp_model *m = model_of("flatten\nlinear 2", (esp_shape){1, 1, 1}, 2);
  SET(m, "linear1.weight", 0.5f, 0.0f);
  SET(m, "linear1.bias", 0.0f, -3.0f);
  esp_model *small = quantised(m, 8, "max");
  run(small, (const float[]){1.0f}, false, logits);
  ck_assert_msg(fabsf(logits[0] - 0.5f) < 0.01f && fabsf(logits[1] + 3.0f) < 1e-4f, "%g %g",
                (double)logits[0], (double)logits[1]);
  esp_model_free(small);
  esp_model_free(m);
}
END_TEST

/* A step that was learned down to almost nothing grows until the bias is an integer that a sum can
 * hold: 1 at scale 1/4 times 10^-7 would be 40 million. */
START_TEST(biases_that_fit) {
  float logits[1];
  esp_model *m = model_of("flatten\nquantise\nlinear 1 bits 8", (esp_shape){1, 1, 1}, 1);
  const esp_compress_ctx ctx = {.model = m};
  SET(m, "quantise1.scale", 0.25f);
  SET(m, "linear1.scale", 1e-7f);
  SET(m, "linear1.weight", 1e-7f);
  SET(m, "linear1.bias", 1.0f);
  esp_compress_step_find("quantise")->hold(&ctx);
  run(m, (const float[]){1.0f}, false, logits);
  ck_assert_msg(fabsf(logits[0] - 1.0f) < 1e-5f, "%g", (double)logits[0]);
  esp_model_free(m);
}
END_TEST

/* Weights that are there have a mean magnitude of 2, so 4 / sqrt(7) is the step, to 10 bits; a
 * pixel's 1 is the mean of 4, so 2 / 4 / sqrt(127) is the scale. */
START_TEST(steps_of_mean_magnitudes) {
  esp_model *m = model_of("flatten\nlinear 1", (esp_shape){4, 1, 1}, 1);
  SET(m, "linear1.weight", 1.0f, -3.0f, 0.0f, 2.0f);
  esp_model *small = quantised(m, 4, "mean");
  const esp_param *scale = esp_params_find(&small->params, "quantise1.scale");
  ck_assert_double_eq_tol((double)small->layer[0].step->value[0], 4.0 / sqrt(7.0), 1e-3);
  ck_assert_double_eq_tol((double)scale->value[0], 0.5 / sqrt(127.0), 1e-4);
  esp_model_free(small);
  esp_model_free(m);
}
END_TEST

/* The optimiser moves fine weights, and rounds what the network computes with; a pruned weight has
 * neither. At rate 1, gradients of 0.3 take 1 to 0.7, with step 1/2 rounded 1/2, then to 0.4. */
START_TEST(fine_weights_move) {
  esp_model *m = model_of("flatten\nquantise\nlinear 1 bits 8", (esp_shape){2, 1, 1}, 1);
  esp_param *w = m->layer[0].weight;
  uint8_t keep[] = {1, 0};
  const esp_mask mask = {.keep = keep, .kept = 1};
  const esp_train_options o = {.momentum = 0.0};
  SET(m, "linear1.scale", 0.5f);
  SET(m, "linear1.weight", 1.0f, 0.0f);
  w->mask = &mask;
  w->fine = calloc(2, sizeof *w->fine);
  w->fine[0] = 1.0f;
  for (int i = 0; i < 2; i++) {
    w->grad[0] = 0.3f;
    w->grad[1] = 9.0f;
    esp_optimiser_step(&m->params, &o, 1.0);
    ck_assert_msg(w->value[0] == 0.5f && w->value[1] == 0.0f && w->fine[1] == 0.0f, "%g",
                  (double)w->value[0]);
  }
  ck_assert(fabsf(w->fine[0] - 0.4f) < 1e-6f);
  w->mask = NULL;
  esp_model_free(m);
}
END_TEST

/* ---- steps and scales that are learned ---- */

/* Three values and a step of 1/2. 1 is beyond the range: its part is 1 (the integer) times its
 * gradient, and it gets none itself. -0.3 is -0.6 steps, rounded -1: -0.4; 0.1 is 0.2 steps,
 * rounded 0: -0.2. The fourth is pruned, so n is 3 and Q is 1. */
START_TEST(steps_learn_by_hand) {
  esp_model *m = model_of("flatten\nquantise\nlinear 1 bits 2", (esp_shape){4, 1, 1}, 1);
  esp_param *w = m->layer[0].weight, *step = m->layer[0].step;
  uint8_t keep[] = {1, 1, 1, 0};
  const esp_mask mask = {.keep = keep, .kept = 3};
  const float grad[] = {1.0f, 2.0f, 3.0f, 9.0f}, fine[] = {1.0f, -0.3f, 0.1f, 0.0f};
  SET(m, "linear1.scale", 0.5f);
  w->mask = &mask;
  w->fine = malloc(sizeof fine);
  memcpy(w->fine, fine, sizeof fine);
  memcpy(w->grad, grad, sizeof grad);
  esp_scale_gradients(&m->params);
  ck_assert(w->grad[0] == 1.0f && !step->grad); /* nothing is learned yet */
  ck_assert(esp_param_learn(step, &err) == ESP_OK);
  esp_scale_gradients(&m->params);
  const double expected = (1.0 * 1.0 - 2.0 * 0.4 - 3.0 * 0.2) / sqrt(3.0);
  ck_assert_msg(fabs((double)step->grad[0] - expected) < 1e-6, "%g", (double)step->grad[0]);
  ck_assert(w->grad[0] == 0.0f && w->grad[1] == 2.0f && w->grad[2] == 3.0f);
  w->mask = NULL;
  esp_model_free(m);
}
END_TEST

/* At scale 1/2, 1.3 is 2.6 steps, rounded 3: its slope is 0.4; 100 is beyond: 127. The sum of the
 * logits has the gradient 2 at the one and 1/64 at the other; two values an image, and one of the
 * two images is twice the other, so it has -0.8 (5.2 steps is 5: -0.2, times 2) and 127 again. */
START_TEST(scales_learn_by_hand) {
  float lanes[2 * ESP_LANES] = {0};
  const esp_batch batch = {lanes, NULL, 2};
  esp_model *m = model_of("flatten\nquantise\nlinear 2 bits 8\nquantise\nlinear 1 bits 8",
                          (esp_shape){2, 1, 1}, 1);
  esp_param *scale = esp_params_find(&m->params, "quantise2.scale");
  esp_graph *g;
  SET(m, "linear1.scale", 1.0f, 1.0f); /* the scale of the pixels is 0: they are not rounded */
  SET(m, "linear1.weight", 1.0f, 0.0f, 0.0f, 1.0f);
  SET(m, "quantise2.scale", 0.5f);
  SET(m, "linear2.scale", 0.015625f);
  SET(m, "linear2.weight", 2.0f, 0.015625f);
  ck_assert(esp_param_learn(scale, &err) == ESP_OK);
  for (int i = 0; i < 2; i++) {
    lanes[i] = 1.3f * (float)(i + 1);
    lanes[ESP_LANES + i] = 100.0f * (float)(i + 1);
  }
  ck_assert_msg(esp_model_graph(m, 2, true, (esp_loss_attr){0}, &g, &err) == ESP_OK, "%s",
                err.text);
  esp_graph_forward(g, &batch, (esp_pass){.training = true});
  esp_graph_backward_sum(g, 1.0f);
  const double expected = (2.0 * 0.4 + 2.0 * -0.2 + 2.0 * 127.0 / 64.0) / sqrt(2.0 * 127.0);
  ck_assert_msg(fabs((double)scale->grad[0] - expected) < 1e-6, "%g, expected %g",
                (double)scale->grad[0], expected);
  esp_graph_free(g);
  esp_model_free(m);
}
END_TEST

/* The optimiser moves what is learned, without decay; what comes down to 0 stays a little above,
 * and a step of 0, which belongs to an output without weights, stays 0. */
START_TEST(scales_stay_positive) {
  esp_model *m = model_of("flatten\nquantise\nlinear 2 bits 8", (esp_shape){1, 1, 1}, 2);
  esp_param *step = m->layer[0].step;
  const esp_train_options o = {.momentum = 0.0, .weight_decay = 0.5, .decay_all = true};
  SET(m, "linear1.scale", 0.5f, 0.0f);
  ck_assert(esp_param_learn(step, &err) == ESP_OK);
  step->grad[0] = 0.25f;
  esp_optimiser_step(&m->params, &o, 1.0);
  ck_assert(step->value[0] == 0.25f && step->value[1] == 0.0f);
  step->grad[0] = 3.0f;
  esp_optimiser_step(&m->params, &o, 1.0);
  ck_assert(step->value[0] > 0.0f && step->value[0] < 1e-6f && step->value[1] == 0.0f);
  esp_model_free(m);
}
END_TEST

/* ---- what is refused ---- */

static const struct {
  const char *layers, *said;
} refused[] = {
    {"bn\nflatten\nlinear classes", "expected a convolution or linear layer right before"},
    {"conv 2 1x1\ntanh\nflatten\nlinear classes", "expected relu as the only non-linearity"},
    {"conv 2 1x1\nbn\ngate 0.5\nflatten\nlinear classes", "expected no gates"},
    {"conv 2 1x1\nflatten\nlinear classes bits 8", "it has few bits already"},
    {"flatten\nlinear 2\nrelu", "expected a layer at the end"},
};

START_TEST(networks_that_cannot_be) {
  char *text;
  esp_model *m = model_of(refused[_i].layers, (esp_shape){1, 2, 2}, 2);
  ck_assert_int_eq(esp_model_quantised_text(m, 8, &text, &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, refused[_i].said), "%s", err.text);
  esp_model_free(m);
}
END_TEST

/* Lines by hand that have no integers, or too many of them in a mean. */
static const struct {
  const char *layers, *said;
} no_integers[] = {
    {"flatten\nlinear 2 bits 8", "expected a line 'quantise' before"},
    {"quantise\ntanh\nglobal_avgpool\nquantise\nflatten\nlinear 2 bits 8",
     "layers:2: 'tanh' takes no integers"},
    {"quantise\nconv 2 1x1 bits 8\nbn\nquantise\nglobal_avgpool\nquantise\nflatten\n"
     "linear 2 bits 8",
     "layers:3: 'bn' takes no integers"},
    {"quantise\nresidual\nconv 1 1x1 bits 8\nquantise\nbn\nend\nrelu\nquantise\nglobal_avgpool\n"
     "quantise\nflatten\nlinear 2 bits 8",
     "layers:5: 'bn' takes no integers"},
    {"quantise\nglobal_avgpool\nquantise\nflatten\nlinear 2 bits 8",
     "a mean of 40000 integers, which a float does not hold exactly"},
};

START_TEST(lines_that_have_no_integers) {
  esp_graph *g;
  esp_model *m =
      model_of(no_integers[_i].layers, _i ? (esp_shape){1, 200, 200} : (esp_shape){2, 1, 1}, 2);
  ck_assert_int_eq(esp_model_graph(m, 1, false, (esp_loss_attr){0}, &g, &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, no_integers[_i].said), "%s", err.text);
  esp_model_free(m);
}
END_TEST

/* Sums that are too large to be exact, and a weight that is more than its bits. */
START_TEST(graphs_that_cannot_be) {
  esp_graph *g;
  esp_model *m = model_of("flatten\nquantise\nlinear 1 bits 8", (esp_shape){2, 1, 1}, 1);
  SET(m, "quantise1.scale", 1.0f);
  SET(m, "linear1.scale", 1.0f);
  SET(m, "linear1.bias", 17000000.0f);
  ck_assert_int_eq(esp_model_graph(m, 1, false, (esp_loss_attr){0}, &g, &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "'linear1': output 0 can sum up to 17000"), "%s", err.text);
  SET(m, "linear1.weight", 3.0f, -128.0f);
  ck_assert_int_eq(esp_model_graph(m, 1, false, (esp_loss_attr){0}, &g, &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "'linear1': a weight is 128 steps; expected at most 127"), "%s",
                err.text);
  SET(m, "linear1.scale", -1.0f);
  ck_assert_int_eq(esp_model_graph(m, 1, false, (esp_loss_attr){0}, &g, &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "'linear1.scale': a scale is -1; expected 0 or more"), "%s",
                err.text);
  esp_model_free(m);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("quantise");
  TCase *t = tcase_create("quantise");
  tcase_add_test(t, factors);
  tcase_add_test(t, rounding);
  tcase_add_test(t, two_layers_by_hand);
  tcase_add_test(t, sums_are_rounded_once);
  tcase_add_test(t, means_are_of_integers);
  tcase_add_test(t, folded_and_quantised);
  tcase_add_test(t, sums_that_fit);
  tcase_add_test(t, biases_without_weights);
  tcase_add_test(t, biases_that_fit);
  tcase_add_test(t, steps_of_mean_magnitudes);
  tcase_add_test(t, fine_weights_move);
  tcase_add_test(t, steps_learn_by_hand);
  tcase_add_test(t, scales_learn_by_hand);
  tcase_add_test(t, scales_stay_positive);
  tcase_add_loop_test(t, networks_that_cannot_be, 0, sizeof refused / sizeof *refused);
  tcase_add_loop_test(t, lines_that_have_no_integers, 0, sizeof no_integers / sizeof *no_integers);
  tcase_add_test(t, graphs_that_cannot_be);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return suite_run(suite());
}
