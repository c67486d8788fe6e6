/* What the criteria of Espalier make of the same two weights: gradients by the kernels, scores by
 * the functions that prune. */
#include <espalier/graph.h>
#include <espalier/prune.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WEIGHTS = 2, IMAGES = 4 };
static const float image[IMAGES][WEIGHTS] = {{0, 3}, {-0.5f, 2}, {0, 1}, {0.5f, 0}};

typedef struct network {
  esp_params params;
  esp_param *w;
  esp_graph *graph;
} network;

static void must(esp_status status, const esp_error *err) {
  if (status == ESP_OK) return;
  fprintf(stderr, "criteria: %s\n", err->text);
  exit(2);
}

/* One output, w.x, with the squared difference from the only class's 1 as its loss. */
static void build(network *n) {
  esp_value *v;
  esp_error err;
  *n = (network){0};
  must(esp_params_add(&n->params, "w", ESP_ROLE_LINEAR_WEIGHT, 2, (int[]){1, WEIGHTS}, &n->w, &err),
       &err);
  must(esp_graph_new(&n->graph, IMAGES, true, &err), &err);
  must(esp_graph_input(n->graph, (esp_shape){WEIGHTS, 1, 1}, &v, &err), &err);
  must(esp_graph_linear(n->graph, v, n->w, NULL, &v, &err), &err);
  must(esp_graph_loss(n->graph, v, ESP_LOSS_MEAN_SQUARED, 0.0f, &err), &err);
  must(esp_graph_plan(n->graph, &err), &err);
}

/* The mean loss of `count` images from number `first` on; their gradient is left in w->grad. */
static double pass(network *n, int first, int count) {
  float pixels[WEIGHTS * ESP_LANES] = {0};
  const int32_t labels[IMAGES] = {0};
  for (int i = 0; i < count; i++)
    for (int c = 0; c < WEIGHTS; c++) pixels[c * ESP_LANES + i] = image[first + i][c];
  const esp_batch batch = {.images = pixels, .labels = labels, .count = count};
  const esp_outcome outcome = esp_graph_forward(n->graph, &batch, (esp_pass){.training = true});
  esp_graph_backward(n->graph);
  return outcome.loss_sum / count;
}

/* Prints the criterion's scores, averaged over batches of so many images. */
static void score(network *n, const char *name, int batch) {
  const esp_prune_ctx ctx = {.opt = &esp_prune_plain};
  size_t number = 0;
  while (strcmp(esp_criterion_at(number)->name, name) != 0) number++;
  float sum[WEIGHTS] = {0}, one[WEIGHTS];
  for (int first = 0; first < IMAGES; first += batch) {
    pass(n, first, batch);
    esp_criterion_at(number)->score(n->w, &ctx, one);
    for (int i = 0; i < WEIGHTS; i++) sum[i] += one[i];
  }
  const double batches = (double)(IMAGES / batch);
  printf("%-12s batches of %d    %9.4f%9.4f\n", name, batch, (double)sum[0] / batches,
         (double)sum[1] / batches);
}

/* How much the gradient of weight i changes when the weight grows by 1. */
static double curvature(network *n, int i) {
  pass(n, 0, IMAGES);
  const double before = (double)n->w->grad[i];
  n->w->value[i] += 1.0f;
  pass(n, 0, IMAGES);
  n->w->value[i] -= 1.0f;
  return (double)n->w->grad[i] - before;
}

static void look(network *n, float w0, float w1) {
  n->w->value[0] = w0;
  n->w->value[1] = w1;
  const double loss = pass(n, 0, IMAGES);
  printf("at (%.2f, %.2f), loss %.4f\n%-29s%9s%9s\n", (double)w0, (double)w1, loss, "", "w1", "w2");
  printf("%-29s%9.4f%9.4f\n", "gradient", (double)n->w->grad[0], (double)n->w->grad[1]);
  printf("%-29s%9.4f%9.4f\n", "diagonal of the Hessian", curvature(n, 0), curvature(n, 1));
  score(n, "magnitude", IMAGES);
  score(n, "saliency", IMAGES);
  score(n, "fisher", IMAGES);
  score(n, "fisher", 1);
}

int main(void) {
  network n;
  build(&n);
  look(&n, 1.0f, 0.5f);
  printf("\n");
  look(&n, 1.5f, 0.5f);
  esp_graph_free(n.graph);
  esp_params_free(&n.params);
}
