#include "base/clock.h"
#include "cli/bench.h"

#include <espalier/predict.h>

#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_UP = 6 }; /* more than the stopwatch needs to choose */

/* All that a measurement holds. Series are times of one thing, [repeats] long: for each mode the
 * passes of each layer, then what else there is. */
enum { REST, TRAINING, INFERENCE, PREDICTOR, OTHERS };
typedef struct lab {
  bench_subject *subject;
  esp_graph *training, *inference;
  esp_batch batch;
  float *images;
  int32_t *labels;
  const esp_mask **mask; /* of each layer */
  esp_network *network;
  esp_predictor *predictor;
  float *picture, *logits; /* of all images, one behind the other */
  int layers, repeats;
  double *seconds;
} lab;

static double *series(const lab *l, bench_mode mode, int number) {
  const int per_mode = l->layers * ESP_PROPAGATIONS + OTHERS;
  return l->seconds + ((size_t)mode * (size_t)per_mode + (size_t)number) * (size_t)l->repeats;
}
static double *layer_series(const lab *l, bench_mode mode, int layer, int pass) {
  return series(l, mode, layer * ESP_PROPAGATIONS + pass);
}
static double *other_series(const lab *l, bench_mode mode, int other) {
  return series(l, mode, l->layers * ESP_PROPAGATIONS + other);
}

/* ---- opening ---- */

/* Noise; or texts of random tokens that fill their planes. */
static void make_values(const esp_model *m, float *x, size_t floats) {
  esp_random_normals(1, 1.0, x, floats);
  for (size_t i = 0; m->input.vocabulary && i < floats; i++)
    x[i] = (float)(1 + esp_random_below(3, i, (uint32_t)m->input.vocabulary - 1));
}

static esp_status make_images(lab *l, int batch, esp_error *err) {
  const esp_model *m = l->subject->opened.model;
  const size_t floats = (size_t)esp_blocks_for(batch) * ESP_LANES *
                        (size_t)(m->input.channels * m->input.height * m->input.width);
  l->images = aligned_alloc(64, floats * sizeof *l->images);
  l->labels = malloc((size_t)batch * sizeof *l->labels);
  if (!l->images || !l->labels)
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the images");
  make_values(m, l->images, floats);
  for (int i = 0; i < batch; i++)
    l->labels[i] = (int32_t)esp_random_below(2, (uint64_t)i, (uint32_t)m->classes);
  l->batch = (esp_batch){l->images, l->labels, batch};
  return ESP_OK;
}

/* The predictor sees the weights that are 0 by itself. */
static esp_status open_predictor(lab *l, int batch, esp_error *err) {
  const esp_loaded_run *o = &l->subject->opened;
  const esp_shape s = o->model->input;
  const size_t floats = (size_t)batch * (size_t)(s.channels * s.height * s.width);
  const int most = omp_get_max_threads(),
            threads = most < ESP_PREDICTOR_THREADS ? most : ESP_PREDICTOR_THREADS;
  ESP_TRY(esp_network_of_model(&l->network, o->model, o->mean, o->std, err));
  ESP_TRY(esp_predictor_new_threads(&l->predictor, l->network, threads, err));
  l->picture = malloc(floats * sizeof *l->picture);
  l->logits = malloc((size_t)batch * (size_t)esp_network_outputs(l->network) * sizeof *l->logits);
  if (!l->picture || !l->logits)
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the images");
  make_values(o->model, l->picture, floats);
  return ESP_OK;
}

static esp_status open_lab(lab *l, int batch, esp_error *err) {
  esp_model *m = l->subject->opened.model;
  l->layers = m->layers;
  const size_t all = (size_t)BENCH_MODES * (size_t)(l->layers * ESP_PROPAGATIONS + OTHERS);
  l->seconds = calloc(all * (size_t)l->repeats, sizeof *l->seconds);
  l->mask = calloc((size_t)l->layers + 1, sizeof *l->mask);
  if (!l->seconds || !l->mask) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the times");
  for (int i = 0; i < l->layers; i++) l->mask[i] = m->layer[i].weight->mask;
  ESP_TRY(esp_model_graph(m, batch, true, (esp_loss_attr){0}, &l->training, err));
  ESP_TRY(esp_model_graph(m, batch, false, (esp_loss_attr){0}, &l->inference, err));
  ESP_TRY(esp_graph_profile(l->training, false, err));
  ESP_TRY(open_predictor(l, batch, err));
  return make_images(l, batch, err);
}

static void close_lab(lab *l) {
  esp_graph_free(l->training);
  esp_graph_free(l->inference);
  esp_predictor_free(l->predictor);
  esp_network_free(l->network);
  free(l->picture);
  free(l->logits);
  free(l->images);
  free(l->labels);
  free(l->seconds);
  free(l->mask);
}

/* ---- running ---- */

static double train(const lab *l) {
  const double start = esp__seconds();
  esp_graph_forward(l->training, &l->batch, (esp_pass){.training = true});
  esp_graph_backward(l->training);
  esp_optimiser_step(&l->subject->opened.model->params, &l->subject->opened.config.train, 0.0);
  return esp__seconds() - start;
}

static double infer(const lab *l) {
  const esp_batch images = {l->images, NULL, l->batch.count};
  const double start = esp__seconds();
  esp_graph_forward(l->inference, &images, (esp_pass){0});
  return esp__seconds() - start;
}

static double predict(const lab *l) {
  const double start = esp__seconds();
  esp_predict_images(l->predictor, l->picture, l->batch.count, l->logits);
  return esp__seconds() - start;
}

/* The dense network knows of no masks: it runs what it would if nothing had been pruned. */
static void set_mode(const lab *l, bench_mode mode) {
  for (int i = 0; i < l->layers; i++)
    l->subject->opened.model->layer[i].weight->mask = mode == BENCH_DENSE ? NULL : l->mask[i];
}

/* Takes the times of the layers from the profile of one step; what is left of the step is the
 * rest. */
static void read_profile(const lab *l, bench_mode mode, int repeat, double step) {
  const esp_model *m = l->subject->opened.model;
  esp_cost c;
  for (int i = 0; esp_graph_cost(l->training, i, &c); i++) {
    const esp_layer *layer = c.weight ? esp_model_layer(m, c.weight) : NULL;
    for (int p = 0; layer && p < ESP_PROPAGATIONS; p++) {
      layer_series(l, mode, (int)(layer - m->layer), p)[repeat] = c.seconds[p];
      step -= c.seconds[p];
    }
  }
  other_series(l, mode, REST)[repeat] = step;
}

static esp_status measure_once(const lab *l, bench_mode mode, int repeat, esp_error *err) {
  set_mode(l, mode);
  ESP_TRY(esp_graph_profile(l->training, true, err));
  const double step = train(l);
  read_profile(l, mode, repeat, step);
  other_series(l, mode, TRAINING)[repeat] = step;
  if (mode == BENCH_SPARSE) other_series(l, mode, PREDICTOR)[repeat] = predict(l);
  return ESP_OK;
}

/* Apart from the training, as a trained network is used: the pass before has left what it reads in
 * the caches. */
static void measure_inference(const lab *l, bench_mode mode, int repeat) {
  set_mode(l, mode);
  infer(l);
  other_series(l, mode, INFERENCE)[repeat] = infer(l);
}

static esp_status measure_all(const lab *l, esp_error *err) {
  for (int mode = 0; mode < BENCH_MODES; mode++) {
    set_mode(l, (bench_mode)mode);
    for (int i = 0; i < WARM_UP; i++) train(l);
    for (int i = 0; i < WARM_UP; i++) infer(l);
    predict(l);
  }
  for (int repeat = 0; repeat < l->repeats; repeat++)
    for (int mode = 0; mode < BENCH_MODES; mode++)
      ESP_TRY(measure_once(l, (bench_mode)mode, repeat, err));
  for (int repeat = 0; repeat < l->repeats; repeat++)
    for (int mode = 0; mode < BENCH_MODES; mode++) measure_inference(l, (bench_mode)mode, repeat);
  return ESP_OK;
}

/* ---- medians ---- */

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median_ms(const lab *l, double *seconds) {
  const int n = l->repeats;
  qsort(seconds, (size_t)n, sizeof *seconds, by_size);
  return 1e3 * (n % 2 ? seconds[n / 2] : 0.5 * (seconds[n / 2 - 1] + seconds[n / 2]));
}

/* A pass that the graph does not make takes no time; the clock's own nanoseconds are none. */
static bool has_pass(const lab *l, const esp_layer *layer, int pass) {
  esp_kernel_choice c;
  for (int i = 0; esp_graph_kernel_choice(l->training, i, &c); i++)
    if (c.weight == layer->weight && (int)c.pass == pass) return true;
  return false;
}

static void take_medians(const lab *l, bench_times *t) {
  for (int mode = 0; mode < BENCH_MODES; mode++) {
    for (int i = 0; i < l->layers; i++)
      for (int p = 0; p < ESP_PROPAGATIONS; p++)
        if (has_pass(l, t->layer[i].layer, p))
          t->layer[i].ms[mode][p] = median_ms(l, layer_series(l, (bench_mode)mode, i, p));
    t->rest[mode] = median_ms(l, other_series(l, (bench_mode)mode, REST));
    t->training[mode] = median_ms(l, other_series(l, (bench_mode)mode, TRAINING));
    t->inference[mode] = median_ms(l, other_series(l, (bench_mode)mode, INFERENCE));
  }
  t->predictor = median_ms(l, other_series(l, BENCH_SPARSE, PREDICTOR));
}

esp_status esp__bench_measure(bench_times *t, bench_subject *s, int batch, int repeats,
                              esp_error *err) {
  lab l = {.subject = s, .repeats = repeats};
  const esp_model *m = s->opened.model;
  *t = (bench_times){.layers = m->layers, .batch = batch};
  t->layer = calloc((size_t)m->layers + 1, sizeof *t->layer);
  esp_status status =
      t->layer ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the times");
  for (int i = 0; t->layer && i < m->layers; i++) t->layer[i].layer = &m->layer[i];
  if (status == ESP_OK) status = open_lab(&l, batch, err);
  if (status == ESP_OK) status = measure_all(&l, err);
  if (status == ESP_OK)
    take_medians(&l, t);
  else
    esp__bench_times_free(t);
  close_lab(&l);
  return status;
}

void esp__bench_times_free(bench_times *t) {
  free(t->layer);
  *t = (bench_times){0};
}
