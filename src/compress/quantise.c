/* quantise: weights of 8, 4 or 2 bits and activations of 8 (docs/formats.md says how they are
 * written down and computed with). */
#include "compress/catalogue.h"
#include "compress/fold.h"
#include "compress/mantissa.h"
#include "tensor/param.h"

#include <espalier/optim.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  TRIALS = 80,     /* steps that are tried for an output */
  SCALE_BITS = 10, /* of the mantissa of a step or a scale, as half precision has */
  ACTIVATION_MAX = 127,
  SUM_MAX = 15 << 20, /* of the integers of an output; what is left to 2^24 is for its bias */
  BIAS_MAX = 1 << 19  /* half of it, since steps are rounded */
};

/* 127, 7 or 1: the largest integer. */
static int levels_of(const esp_compress_options *opt) {
  return (1 << (opt->quantise_bits - 1)) - 1;
}

static double error_of(const float *w, size_t n, double step, int levels) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) {
    const double level = fmin(fmax(nearbyint((double)w[i] / step), -levels), levels);
    const double error = (double)w[i] - level * step;
    sum += error * error;
  }
  return sum;
}

/* The step of an output's weights with the least squared error, of those whose largest integer
 * stands for 1 to 1 / TRIALS of the largest weight; 0 where there is no weight but 0. */
static float step_of(const float *w, size_t n, int levels) {
  double largest = 0.0, best = 0.0, least = INFINITY;
  for (size_t i = 0; i < n; i++)
    if (fabs((double)w[i]) > largest) largest = fabs((double)w[i]);
  for (int k = TRIALS; largest > 0.0 && k > 0; k--) {
    const double step = largest * k / TRIALS / levels, error = error_of(w, n, step, levels);
    if (error < least) {
      least = error;
      best = step;
    }
  }
  return (float)best;
}

/* Of three values (Li et al. 2016): the mean magnitude of the weights above 0.7 times the mean
 * magnitude of all. What is 0 counts in neither. Half of it is near that threshold. */
static float ternary_step(const float *w, size_t n) {
  double sum = 0.0, large = 0.0;
  size_t count = 0, kept = 0;
  for (size_t i = 0; i < n; i++) {
    sum += fabs((double)w[i]);
    count += w[i] != 0.0f;
  }
  const double threshold = count ? 0.7 * sum / (double)count : 0.0;
  for (size_t i = 0; i < n; i++) {
    if (!(fabs((double)w[i]) > threshold)) continue;
    large += fabs((double)w[i]);
    kept++;
  }
  return kept ? (float)(large / (double)kept) : 0.0f;
}

/* Where Esser et al. (2020) begin: 2 / sqrt(levels) times the mean magnitude, here of the weights
 * that are not 0. */
static float mean_step(const float *w, size_t n, int levels) {
  double sum = 0.0;
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    sum += fabs((double)w[i]);
    count += w[i] != 0.0f;
  }
  return count ? (float)(2.0 * sum / (double)count / sqrt(levels)) : 0.0f;
}

static bool rule_is(const esp_compress_options *opt, const char *rule) {
  return strcmp(opt->quantise_rule, rule) == 0;
}

static void quantise_weights(const esp_compress_options *opt, esp_param *p, esp_param *steps) {
  const size_t outputs = (size_t)p->shape[0], each = p->count / outputs;
  const int levels = levels_of(opt);
  for (size_t o = 0; o < outputs; o++) {
    const float *w = p->value + o * each;
    const float step = rule_is(opt, "mean") ? mean_step(w, each, levels)
                       : levels == 1        ? ternary_step(w, each)
                                            : step_of(w, each, levels);
    steps->value[o] = esp__round_mantissa(step, SCALE_BITS);
  }
  esp_round_weights(p);
}

static esp_status text_of(const esp_compress_ctx *ctx, char **text, esp_error *err) {
  return esp_model_quantised_text(ctx->model, (int)ctx->opt->quantise_bits, text, err);
}

static esp_status check(const esp_compress_ctx *ctx, esp_error *err) {
  char *text;
  ESP_TRY(text_of(ctx, &text, err));
  free(text);
  return ESP_OK;
}

static esp_status replace(const esp_compress_ctx *ctx, esp_model **model, int **from,
                          esp_error *err) {
  char *text;
  (void)from;
  ESP_TRY(text_of(ctx, &text, err));
  const esp_status status = esp_model_like(ctx->model, text, 0, model, err);
  free(text);
  if (status == ESP_OK) esp__params_copy_same(&ctx->model->params, &(*model)->params);
  return status;
}

static esp_calibration calibration_of(const esp_compress_options *opt) {
  return (esp_calibration){rule_is(opt, "max")          ? ESP_CALIBRATE_MAX
                           : rule_is(opt, "percentile") ? ESP_CALIBRATE_PERCENTILE
                           : rule_is(opt, "mean")       ? ESP_CALIBRATE_MEAN
                                                        : ESP_CALIBRATE_SQUARES,
                           opt->quantise_percentile};
}

/* All that does not train is steps and scales: batch norms are gone. */
static void round_scales(const esp_params *ps) {
  for (int k = 0; k < ps->count; k++) {
    esp_param *p = ps->item[k];
    for (size_t i = 0; !esp_param_trains(p) && i < p->count; i++)
      p->value[i] = esp__round_mantissa(p->value[i], SCALE_BITS);
  }
}

/* All but the first, which is that of the images: these have no gradient. */
static esp_status learn_scales(const esp_params *ps, esp_error *err) {
  bool first = true;
  for (int k = 0; k < ps->count; k++) {
    if (esp_param_trains(ps->item[k])) continue;
    if (!first) ESP_TRY(esp_param_learn(ps->item[k], err));
    first = false;
  }
  return ESP_OK;
}

/* The scales of the activations, from images: layer by layer, of what comes of those before. */
static esp_status calibrate(const esp_compress_ctx *ctx, esp_error *err) {
  const esp_compress_options *opt = ctx->opt;
  const esp_calibration calibration = calibration_of(opt);
  const bool validation = strcmp(opt->quantise_from, "validation") == 0;
  ctx->model->simulated = true;
  const esp_status status =
      ctx->images.pass(ctx->images.user, ctx->model, validation, (int)opt->quantise_images,
                       (esp_pass){.calibration = &calibration}, err);
  ctx->model->simulated = false;
  if (status == ESP_OK) round_scales(&ctx->model->params);
  return status;
}

/* Training on moves fine weights, and rounds them in every step. */
static esp_status keep_fine(esp_param *p, esp_error *err) {
  if (!p->fine && !(p->fine = malloc(p->count * sizeof *p->fine)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the fine weights of '%s'", p->name);
  memcpy(p->fine, p->value, p->count * sizeof *p->fine);
  return ESP_OK;
}

/* Doubled at most, and by a hundredth at least. */
static float widened(float step, double excess) {
  return esp__round_mantissa(step * (float)fmin(fmax(excess, 1.01), 2.0), SCALE_BITS);
}

/* Whether no output's integers can add up to more than SUM_MAX; the steps of others grow. */
static bool sums_fit(esp_param *p, esp_param *steps) {
  const size_t outputs = (size_t)p->shape[0], each = p->count / outputs;
  bool fit = true;
  for (size_t o = 0; o < outputs; o++) {
    double sum = 0.0;
    for (size_t i = o * each; steps->value[o] > 0.0f && i < (o + 1) * each; i++)
      sum += ACTIVATION_MAX * fabs((double)p->value[i] / (double)steps->value[o]);
    if (sum <= SUM_MAX) continue;
    fit = false;
    steps->value[o] = widened(steps->value[o], sum / SUM_MAX);
  }
  return fit;
}

/* Coarser integers, where there are so many in an output that finer ones could not be added
 * exactly. */
static void fit_sums(const esp_model *m) {
  for (int i = 0; i < m->layers; i++)
    while (!sums_fit(m->layer[i].weight, m->layer[i].step)) esp_round_weights(m->layer[i].weight);
}

static bool is_step(const esp_model *m, const esp_param *p) {
  for (int i = 0; i < m->layers; i++)
    if (m->layer[i].step == p) return true;
  return false;
}

/* The smallest scale of activations above 0, or 1. */
static float least_scale(const esp_model *m) {
  float least = INFINITY;
  for (int k = 0; k < m->params.count; k++) {
    const esp_param *p = m->params.item[k];
    if (!esp_param_trains(p) && !is_step(m, p) && p->value[0] > 0.0f)
      least = fminf(least, p->value[0]);
  }
  return isinf(least) ? 1.0f : least;
}

/* A bias is an integer at the scale of the sums. An output whose step was learned down to almost
 * nothing gets one at which its bias fits, and those that have no weights, and so no step, one for
 * them all. */
static void fit_biases_of(esp_layer *layer, float scale) {
  float *step = layer->step->value, common = 0.0f;
  for (size_t o = 0; o < layer->bias->count; o++) {
    const float least =
        esp__round_mantissa(fabsf(layer->bias->value[o]) / (BIAS_MAX * scale), SCALE_BITS);
    if (step[o] > 0.0f)
      step[o] = fmaxf(step[o], least);
    else
      common = fmaxf(common, least);
  }
  for (size_t o = 0; o < layer->bias->count; o++)
    if (!(step[o] > 0.0f)) step[o] = common;
}

/* The same of all layers, whose weights are rounded to the steps then. */
static void fit_biases(const esp_model *m) {
  const float scale = least_scale(m);
  for (int i = 0; i < m->layers; i++)
    if (m->layer[i].bias) fit_biases_of(&m->layer[i], scale);
  for (int i = 0; i < m->layers; i++) esp_round_weights(m->layer[i].weight);
}

static esp_status make(const esp_compress_ctx *ctx, esp_error *err) {
  for (int i = 0; i < ctx->model->layers; i++) {
    esp_layer *layer = &ctx->model->layer[i];
    esp__fold_batchnorm(ctx->before, &ctx->before->layer[i], layer);
    ESP_TRY(keep_fine(layer->weight, err));
    quantise_weights(ctx->opt, layer->weight, layer->step);
  }
  fit_sums(ctx->model);
  ESP_TRY(calibrate(ctx, err));
  fit_biases(ctx->model);
  const bool learned = strcmp(ctx->opt->quantise_training, "learned") == 0;
  return learned ? learn_scales(&ctx->model->params, err) : ESP_OK;
}

/* Averages lie between the integers, and scales that were learned have long mantissas. */
static void hold(const esp_compress_ctx *ctx) {
  round_scales(&ctx->model->params);
  fit_biases(ctx->model);
  fit_sums(ctx->model);
}

const esp_compress_step esp__compress_step_quantise = {
    .name = "quantise",
    .help =
        "batch norms go into the layers before them; weights become integers of quantise_bits "
        "bits with a step for each output, activations of 8 bits with a scale for each tensor; "
        "training on rounds in every step (straight-through, or with steps that are learned), and "
        "the network is judged by integer arithmetic",
    .check = check,
    .replace = replace,
    .make = make,
    .hold = hold,
};
