#include "prune/measure/predictor.h"

#include "base/mathx.h"
#include "prune/criteria/channel.h"
#include "prune/measure/criterion_inputs.h"
#include "prune/measure/turns.h"
#include "base/ridge.h"

#include <math.h>
#include <stdlib.h>

enum { FEATURES = 6 };

/* ---- what is known of a channel ---- */

/* Mean |w|, L2 norm, |w g| summed, |gamma|, and the logarithms of how many weights the channel and
 * how many channels the layer has. p->grad holds the mean gradient. */
static void describe(const esp_layer *l, int channel, double *x) {
  const esp_param *w = l->weight;
  const size_t size = esp__channel_size(w), first = (size_t)channel * size;
  double sum = 0.0, squares = 0.0, taylor = 0.0;
  for (size_t i = first; i < first + size; i++) {
    sum += fabs((double)w->value[i]);
    squares += (double)w->value[i] * (double)w->value[i];
    taylor += (double)w->value[i] * (double)w->grad[i];
  }
  x[0] = sum / (double)size;
  x[1] = sqrt(squares);
  x[2] = fabs(taylor);
  x[3] = l->scale ? fabs((double)l->scale->value[channel]) : 1.0;
  x[4] = esp__log((double)size);
  x[5] = esp__log((double)w->shape[0]);
}

/* ---- trials ---- */

static esp_status loss_over(const esp_probe *probe, double *loss, esp_error *err) {
  double sum = 0.0, images = 0.0;
  esp__turns t;
  ESP_TRY(esp__turns_open(&t, probe, err));
  while (esp__turns_next(&t)) {
    esp__turns_add_double(&t, t.outcome.loss_sum, &sum);
    esp__turns_add_double(&t, t.outcome.count, &images);
  }
  esp__turns_close(&t);
  *loss = sum / fmax(images, 1.0);
  return ESP_OK;
}

static void clear_channel(const esp_layer *l, int channel) {
  esp_param *const one[] = {l->bias, l->scale, l->shift};
  const size_t size = esp__channel_size(l->weight);
  for (size_t i = 0; i < size; i++) l->weight->value[(size_t)channel * size + i] = 0.0f;
  for (size_t k = 0; k < sizeof one / sizeof *one; k++)
    if (one[k]) one[k]->value[channel] = 0.0f;
}

typedef struct place {
  const esp_layer *layer;
  int channel;
} place;

/* All channels that are there; newly allocated. */
static place *all_places(const esp_pruner *p, size_t *count, esp_error *err) {
  size_t channels = 0;
  for (int i = 0; i < p->scored_slices; i++)
    channels += (size_t)p->scored[i].slice->param->shape[0];
  place *of = malloc(channels * sizeof *of);
  *count = 0;
  if (!of) esp_fail(err, ESP_ERR_MEMORY, "out of memory for the predictor");
  for (int i = 0; of && i < p->scored_slices; i++) {
    const esp_layer *l = p->scored[i].slice->layer;
    for (int c = 0; c < l->weight->shape[0]; c++)
      if (!esp__channel_gone(l->weight, c)) of[(*count)++] = (place){l, c};
  }
  return of;
}

/* Brings `trials` random channels to the front. */
static void draw(place *of, size_t count, size_t trials, esp_key key) {
  for (size_t i = 0; i < trials; i++) {
    const size_t other = i + esp_random_below(key, i, (uint32_t)(count - i));
    const place held = of[i];
    of[i] = of[other];
    of[other] = held;
  }
}

/* Rows of what is known, and by how much the loss rose. */
static esp_status try_out(const esp_model *m, const esp_probe *probe, const float *saved,
                          const place *of, size_t n, double *x, double *y, esp_error *err) {
  double before, after;
  esp_status status = loss_over(probe, &before, err);
  for (size_t i = 0; status == ESP_OK && i < n; i++) {
    describe(of[i].layer, of[i].channel, x + i * FEATURES);
    clear_channel(of[i].layer, of[i].channel);
    status = loss_over(probe, &after, err);
    y[i] = after - before;
    esp__values_restore(&m->params, saved);
  }
  return status;
}

static void predict_all(const esp_pruner *p, const esp__ridge *r) {
  for (int i = 0; i < p->scored_slices; i++) {
    const esp_layer *l = p->scored[i].slice->layer;
    for (int c = 0; c < l->weight->shape[0]; c++) {
      double x[FEATURES];
      describe(l, c, x);
      esp__channel_score(l->weight, c, (float)esp__ridge_predict(r, x), l->weight->grad);
    }
  }
}

/* From x[n][FEATURES], and the y[n] behind them. */
static void predict_from(const esp_pruner *p, const double *x, size_t n) {
  esp__ridge ridge;
  esp__ridge_fit(&ridge, x, x + n * FEATURES, n, FEATURES, 0.01);
  predict_all(p, &ridge);
}

static esp_status fit(esp_pruner *p, const esp_probe *probe, place *of, size_t count, size_t trials,
                      esp_error *err) {
  const size_t n = trials < count ? trials : count;
  float *saved = NULL;
  double *x = malloc((n + 1) * (FEATURES + 1) * sizeof *x);
  if (!x) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the predictor");
  esp_status status = esp__values_save(&p->model->params, &saved, err);
  if (status == ESP_OK && n > 0) {
    draw(of, count, n, esp_key_of(p->key, p->changes));
    status = try_out(p->model, probe, saved, of, n, x, x + n * FEATURES, err);
    esp__values_restore(&p->model->params, saved);
  }
  if (status == ESP_OK && n > 0) predict_from(p, x, n);
  free(saved);
  free(x);
  return status;
}

esp_status esp__predict(esp_pruner *p, const esp_probe *probe, size_t trials, esp_error *err) {
  size_t count;
  ESP_TRY(esp__measure_gradient(p->model, probe, err));
  place *of = all_places(p, &count, err);
  if (!of) return ESP_ERR_MEMORY;
  const esp_status status = fit(p, probe, of, count, trials, err);
  free(of);
  return status;
}
