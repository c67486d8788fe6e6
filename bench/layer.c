#include "layer.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const layer_shape layer_shapes[] = {
    {"resnet20", 3, 16, 32, 3, 1, 1},  {"resnet20", 16, 16, 32, 3, 1, 1},
    {"resnet20", 16, 32, 32, 3, 2, 1}, {"resnet20", 32, 32, 16, 3, 1, 1},
    {"resnet20", 32, 64, 16, 3, 2, 1}, {"resnet20", 64, 64, 8, 3, 1, 1},
    {"vgg16", 3, 64, 32, 3, 1, 1},     {"vgg16", 64, 64, 32, 3, 1, 1},
    {"vgg16", 64, 128, 16, 3, 1, 1},   {"vgg16", 128, 128, 16, 3, 1, 1},
    {"vgg16", 128, 256, 8, 3, 1, 1},   {"vgg16", 256, 256, 8, 3, 1, 1},
    {"vgg16", 256, 512, 4, 3, 1, 1},   {"vgg16", 512, 512, 4, 3, 1, 1},
    {"vgg16", 512, 512, 2, 3, 1, 1},   {"other", 64, 128, 16, 1, 1, 1},
    {"other", 16, 32, 32, 1, 2, 1},    {"other", 256, 256, 8, 3, 1, 256},
    {"other", 768, 3072, 1, 1, 1, 1},  {NULL, 0, 0, 0, 0, 0, 0}};

static void check(esp_status status, const esp_error *err) {
  if (status == ESP_OK) return;
  fprintf(stderr, "bench: %s\n", err->text);
  exit(1);
}

static esp_conv_attr conv_attr(const layer_shape *s) {
  return (esp_conv_attr){{s->stride, s->stride}, {s->kernel / 2, s->kernel / 2}, s->groups};
}

static void fill(float *x, size_t n, uint64_t key, float size) {
  for (size_t i = 0; i < n; i++) x[i] = size * (2.0f * esp_random_uniform(key, i) - 1.0f);
}

/* On planes of one pixel a 1x1 convolution is a linear layer. */
static bool is_linear(const layer_shape *s) {
  return s->width == 1 && s->kernel == 1 && s->groups == 1;
}

static void make_graph(layer *l, int batch, const esp__kernels *kernels, bool direct,
                       esp_error *err) {
  const layer_shape *s = &l->shape;
  const int shape[4] = {s->outputs, s->channels / s->groups, s->kernel, s->kernel};
  esp_value *x, *y;
  const bool linear = is_linear(s);
  check(esp_params_add(&l->params, "weight", linear ? ESP_ROLE_LINEAR_WEIGHT : ESP_ROLE_CONV_WEIGHT,
                       linear ? 2 : 4, shape, &l->weight, err),
        err);
  fill(l->weight->value, l->weight->count, 1, 0.1f);
  check(esp_graph_new(&l->graph, batch, true, err), err);
  l->graph->kernels = kernels;
  esp_graph_disable_winograd(l->graph, direct);
  check(esp_graph_input(l->graph, (esp_shape){s->channels, s->width, s->width}, &x, err), err);
  x->needs_grad = true;
  check(linear ? esp_graph_linear(l->graph, x, l->weight, NULL, &y, err)
               : esp_graph_conv(l->graph, x, conv_attr(s), l->weight, NULL, &y, err),
        err);
  l->node = l->graph->node[1];
  l->graph->logits = y; /* so that its gradient gets memory; there is no loss */
  check(esp_graph_plan(l->graph, err), err);
}

void layer_open(layer *l, const layer_shape *shape, int batch, const esp__kernels *kernels,
                bool direct) {
  esp_error err = {0};
  *l = (layer){.shape = *shape};
  make_graph(l, batch, kernels, direct, &err);
  const size_t floats = (size_t)esp_blocks_for(batch) * ESP_LANES *
                        (size_t)(shape->channels * shape->width * shape->width);
  l->images = aligned_alloc(64, floats * sizeof(float));
  if (!l->images) check(esp_fail(&err, ESP_ERR_MEMORY, "out of memory"), &err);
  fill(l->images, floats, 2, 1.0f);
  l->batch = (esp_batch){l->images, NULL, batch};
  esp_graph_forward(l->graph, &l->batch, (esp_pass){.training = true});
  const esp_tensor *dy = &l->node->out.grad;
  for (int b = 0; b < dy->blocks; b++)
    for (int c = 0; c < dy->channels; c++)
      for (int r = 0; r < dy->height; r++)
        fill(esp_plane(dy, b, c) + (size_t)r * esp_row_stride(dy), (size_t)dy->width * ESP_LANES,
             (uint64_t)(b + c + r), 1.0f);
}

void layer_close(layer *l) {
  esp_graph_free(l->graph);
  esp_params_free(&l->params);
  free(l->images);
  free(l->mask.keep);
}

void layer_mask(layer *l, double density) {
  esp_mask *m = &l->mask;
  l->weight->mask = NULL;
  if (density >= 1.0) return;
  if (!m->keep) m->keep = malloc(l->weight->count);
  m->count = l->weight->count;
  m->kept = 0;
  m->generation++;
  for (size_t i = 0; i < m->count; i++) {
    m->keep[i] = (double)esp_random_uniform(m->generation, i) < density;
    m->kept += m->keep[i];
    l->weight->value[i] = m->keep[i] ? 0.1f * esp_random_uniform(3, i) : 0.0f;
  }
  l->weight->mask = m;
}

static void run(layer *l, layer_pass pass) {
  if (pass == LAYER_FORWARD) esp__conv_forward(l->graph, l->node, l->node->state);
  if (pass == LAYER_TO_INPUT) esp__conv_backward_data(l->graph, l->node, l->node->state);
  if (pass == LAYER_TO_WEIGHTS) esp__conv_backward_weights(l->graph, l->node, l->node->state);
}

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double layer_seconds(layer *l, layer_pass pass, int repeats) {
  double seconds[101];
  run(l, pass);
  for (int i = 0; i < repeats; i++) {
    const double start = esp__seconds();
    int runs = 0;
    do {
      run(l, pass);
      runs++;
    } while (esp__seconds() - start < 0.005);
    seconds[i] = (esp__seconds() - start) / runs;
  }
  qsort(seconds, (size_t)repeats, sizeof *seconds, by_size);
  return seconds[repeats / 2];
}

double layer_flops(const layer *l) {
  const esp_tensor *y = &l->node->out.data;
  return 2.0 * (double)l->weight->count * y->height * y->width * l->batch.count;
}

const char *layer_name(const layer_shape *s, char text[64]) {
  snprintf(text, 64, "%dx%d %dx%d/%d%s on %dx%d", s->channels, s->outputs, s->kernel, s->kernel,
           s->stride, s->groups > 1 ? " depthwise" : "", s->width, s->width);
  return text;
}
