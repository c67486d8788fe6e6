/* Compares the convolution of convolution.c with the kernels, pass by pass.
 *
 * A graph gives gradients of parameters only, so the image is one: a constant pixel 1, padded, under
 * a window as large as the image leaves that window, turned by half a turn. And a linear layer with
 * one output, whose gradient is 1, hands its weights to the convolution as the gradient of y. */
#include "convolution.h"

#include <espalier/graph.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 4096 }; /* numbers in an image, in weights, in an output */

typedef struct numbers {
  double x[LARGEST], w[LARGEST], y[LARGEST], dx[LARGEST], dw[LARGEST], dy[LARGEST];
} numbers;

static void must(esp_status status, const esp_error *err) {
  if (status == ESP_OK) return;
  fprintf(stderr, "compare: %s\n", err->text);
  exit(2);
}

static int image(const conv *c) {
  return c->channels * c->height * c->width;
}
static int weights(const conv *c) {
  return c->outputs * c->channels * c->kernel * c->kernel;
}
static int output(const conv *c) {
  return c->outputs * conv_rows(c) * conv_columns(c);
}

/* Numbers from -4 to 4 in steps of `step`, the same in each run and on each machine. */
static void draw(double *to, int count, double step) {
  static unsigned state = 1;
  for (int n = 0; n < count; n++) {
    state = state * 1664525u + 1013904223u;
    const int steps = (int)(8.0 / step) + 1;
    to[n] = step * (double)((state >> 8) % (unsigned)steps) - 4.0;
  }
}

/* ---- by the kernels ---- */

typedef struct kernels {
  esp_params params;
  esp_param *picture, *weight, *linear;
  esp_graph *graph;
  esp_value *y;
} kernels;

static void open_kernels(kernels *k, const conv *c, bool direct) {
  const int side = c->height; /* images are square here */
  const int picture[] = {c->channels, 1, side, side}, linear[] = {1, output(c)};
  const int weight[] = {c->outputs, c->channels, c->kernel, c->kernel};
  const esp_conv_attr unfold = {{1, 1}, {side - 1, side - 1}, 1};
  const esp_conv_attr attr = {{c->stride, c->stride}, {c->padding, c->padding}, 1};
  esp_error err;
  esp_value *v;
  *k = (kernels){0};
  must(esp_params_add(&k->params, "picture", ESP_ROLE_CONV_WEIGHT, 4, picture, &k->picture, &err),
       &err);
  must(esp_params_add(&k->params, "weight", ESP_ROLE_CONV_WEIGHT, 4, weight, &k->weight, &err),
       &err);
  must(esp_params_add(&k->params, "linear", ESP_ROLE_LINEAR_WEIGHT, 2, linear, &k->linear, &err),
       &err);
  must(esp_graph_new(&k->graph, 1, true, &err), &err);
  esp_graph_disable_winograd(k->graph, direct);
  must(esp_graph_input(k->graph, (esp_shape){1, 1, 1}, &v, &err), &err);
  must(esp_graph_conv(k->graph, v, unfold, k->picture, NULL, &v, &err), &err);
  must(esp_graph_conv(k->graph, v, attr, k->weight, NULL, &k->y, &err), &err);
  must(esp_graph_flatten(k->graph, k->y, &v, &err), &err);
  must(esp_graph_linear(k->graph, v, k->linear, NULL, &v, &err), &err);
  must(esp_graph_loss(k->graph, v, ESP_LOSS_MEAN_SQUARED, 0.0f, &err), &err);
  must(esp_graph_plan(k->graph, &err), &err);
}

static void by_kernels(const conv *c, bool direct, numbers *n) {
  kernels k;
  float one[ESP_LANES] = {1.0f};
  const esp_batch batch = {.images = one, .count = 1};
  const int plane = c->height * c->width;
  open_kernels(&k, c, direct);
  for (int i = 0; i < image(c); i++)
    k.picture->value[i / plane * plane + plane - 1 - i % plane] = (float)n->x[i];
  for (int i = 0; i < weights(c); i++) k.weight->value[i] = (float)n->w[i];
  for (int i = 0; i < output(c); i++) k.linear->value[i] = (float)n->dy[i];
  esp_graph_forward(k.graph, &batch, (esp_pass){.training = true});
  esp_graph_backward_sum(k.graph, 1.0f);
  for (int i = 0; i < output(c); i++) {
    const int columns = conv_columns(c), pixels = conv_rows(c) * columns;
    n->y[i] = (double)esp_value_at(k.y, 0, i / pixels, i % pixels / columns, i % columns);
  }
  for (int i = 0; i < image(c); i++)
    n->dx[i] = (double)k.picture->grad[i / plane * plane + plane - 1 - i % plane];
  for (int i = 0; i < weights(c); i++) n->dw[i] = (double)k.weight->grad[i];
  esp_graph_free(k.graph);
  esp_params_free(&k.params);
}

/* ---- by the loops, and the comparison ---- */

static void by_loops(const conv *c, numbers *n) {
  memset(n->y, 0, sizeof n->y);
  memset(n->dx, 0, sizeof n->dx);
  memset(n->dw, 0, sizeof n->dw);
  convolve(c, FORWARD, n->x, n->w, n->y);
  convolve(c, BACKWARD_DATA, n->dx, n->w, n->dy);
  convolve(c, BACKWARD_WEIGHTS, n->x, n->dw, n->dy);
}

/* The largest difference, over the largest number of b. */
static double difference(const double *a, const double *b, int count) {
  double most = 0.0, largest = 0.0;
  for (int i = 0; i < count; i++) {
    if (!(fabs(a[i] - b[i]) <= most)) most = fabs(a[i] - b[i]);
    if (fabs(b[i]) > largest) largest = fabs(b[i]);
  }
  return most / largest;
}

static void compare(const conv *c, double step, bool direct) {
  static numbers loops, kernel;
  draw(loops.x, image(c), step);
  draw(loops.w, weights(c), step);
  draw(loops.dy, output(c), step);
  kernel = loops;
  by_kernels(c, direct, &kernel);
  by_loops(c, &loops);
  printf("%2d x %dx%d to %2d, window %d, stride %d, padding %d   y %-8.2g dx %-8.2g dw %-8.2g",
         c->channels, c->height, c->width, c->outputs, c->kernel, c->stride, c->padding,
         difference(loops.y, kernel.y, output(c)), difference(loops.dx, kernel.dx, image(c)),
         difference(loops.dw, kernel.dw, weights(c)));
  if (c->stride == 1) {
    memset(loops.dx, 0, sizeof loops.dx);
    backward_data_by_gathering(c, loops.w, loops.dy, loops.dx);
    printf(" gathered %.2g", difference(loops.dx, kernel.dx, image(c)));
  }
  printf("\n");
}

static const conv shape[] = {
    {1, 4, 4, 1, 2, 1, 0}, {3, 8, 8, 4, 3, 1, 1}, {3, 8, 8, 4, 3, 2, 1},
    {5, 7, 7, 6, 5, 2, 2}, {8, 6, 6, 3, 1, 1, 0}, {16, 12, 12, 16, 3, 1, 1},
};
enum { SHAPES = sizeof shape / sizeof *shape };

int main(void) {
  printf("whole numbers\n");
  for (int i = 0; i < SHAPES; i++) compare(&shape[i], 1.0, true);
  printf("fractions\n");
  for (int i = 0; i < SHAPES; i++) compare(&shape[i], 1.0 / 65536.0, true);
  printf("fractions, 3x3 windows of stride 1 by Winograd where that is less work\n");
  compare(&shape[SHAPES - 1], 1.0 / 65536.0, false);
}
