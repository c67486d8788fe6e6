/* The kernels compute in float. What does a gradient check find there? Eight images of six numbers
 * through a layer of five, tanh, and a layer of three classes with cross-entropy. */
#include <espalier/graph.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 6, HIDDEN = 5, CLASSES = 3, IMAGES = 8 };

static void must(esp_status status, const esp_error *err) {
  if (status == ESP_OK) return;
  fprintf(stderr, "kernels: %s\n", err->text);
  exit(2);
}

/* A number from -1 to 1. */
static float draw(unsigned index) {
  return 2.0f * esp_random_uniform(8, index) - 1.0f;
}

static esp_param *add(esp_params *params, const char *name, int outputs, int inputs) {
  esp_param *p;
  esp_error err;
  must(esp_params_add(params, name, ESP_ROLE_LINEAR_WEIGHT, 2, (int[]){outputs, inputs}, &p, &err),
       &err);
  for (size_t i = 0; i < p->count; i++)
    p->value[i] = draw((unsigned)(1000 * outputs) + (unsigned)i);
  return p;
}

static esp_graph *build(esp_param *first, esp_param *second) {
  esp_graph *g;
  esp_value *v;
  esp_error err;
  must(esp_graph_new(&g, IMAGES, true, &err), &err);
  must(esp_graph_input(g, (esp_shape){INPUTS, 1, 1}, &v, &err), &err);
  must(esp_graph_linear(g, v, first, NULL, &v, &err), &err);
  must(esp_graph_activation(g, v, ESP_ACT_TANH, &v, &err), &err);
  must(esp_graph_linear(g, v, second, NULL, &v, &err), &err);
  must(esp_graph_loss(g, v, ESP_LOSS_CROSS_ENTROPY, 0.0f, &err), &err);
  must(esp_graph_plan(g, &err), &err);
  return g;
}

static double loss(esp_graph *g, const esp_batch *batch) {
  return esp_graph_forward(g, batch, (esp_pass){.training = true}).loss_sum / IMAGES;
}

/* |difference - gradient| over |gradient|, both as vectors of all weights of p. */
static double error(esp_graph *g, const esp_batch *batch, esp_param *p, const float *gradient,
                    float h) {
  double off = 0, all = 0;
  for (size_t i = 0; i < p->count; i++) {
    const float was = p->value[i], above = was + h, below = was - h;
    p->value[i] = above;
    const double up = loss(g, batch);
    p->value[i] = below;
    const double difference = (up - loss(g, batch)) / ((double)above - (double)below);
    p->value[i] = was;
    off += (difference - (double)gradient[i]) * (difference - (double)gradient[i]);
    all += (double)gradient[i] * (double)gradient[i];
  }
  return sqrt(off / all);
}

int main(void) {
  esp_params params = {0};
  esp_param *first = add(&params, "first", HIDDEN, INPUTS);
  esp_graph *g = build(first, add(&params, "second", CLASSES, HIDDEN));
  static float pixels[INPUTS * ESP_LANES];
  static const int32_t labels[IMAGES] = {0, 1, 2, 0, 1, 2, 0, 1};
  for (int c = 0; c < INPUTS; c++)
    for (int n = 0; n < IMAGES; n++) pixels[c * ESP_LANES + n] = draw((unsigned)(c * IMAGES + n));
  const esp_batch batch = {.images = pixels, .labels = labels, .count = IMAGES};
  float gradient[HIDDEN * INPUTS];
  loss(g, &batch);
  esp_graph_backward(g);
  memcpy(gradient, first->grad, sizeof gradient);
  printf("step     error in float\n");
  for (int power = 0; power <= 6; power++) {
    float h = 1.0f;
    for (int i = 0; i < power; i++) h /= 10.0f;
    printf("1e-%02d    %.1e\n", power, error(g, &batch, first, gradient, h));
  }
  esp_graph_free(g);
  esp_params_free(&params);
}
