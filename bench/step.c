/* Images per second of a training step and of inference, on random images.
 *
 * usage: step [network=resnet20] [batch=128] [threads=0] [repeats=15] [sparsity=0]
 *             [distribution=global] [profile=no]
 * network: a built-in one on images of CIFAR-10's shape; lenet300 (LeNet-300-100) and lenet5
 * (Caffe's) on MNIST's; textcnn, lstm-D, gru-D and transformer-L-D-H on words of 20 characters of
 * 96, trained by Adam, all others by SGD; ds-cnn and kws-dnn on spectrograms of 49 frames x 40
 * bands; those for ImageNet on pictures of 224x224. Prints one JSON line: medians over the repeats;
 * inference is by a graph, predict by the predictor where it can run the network; peak_rss_mib is
 * the most memory resident in training, before the graph for inference is made. Threads 0 = all
 * cores. A sparsity above 0 prunes by global magnitude first. profile=yes prints where the time of
 * a training step goes, too. */
#include "profile.h"

#include "base/clock.h"
#include "base/memory.h"
#include "kernels/kernels.h"

#include <espalier/predict.h>
#include <espalier/train.h>

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct bench {
  char *network; /* as it was asked for */
  char *arch;
  esp_shape shape;
  int batch, threads, repeats;
  double sparsity;
  bool profile;
  esp_model *model;
  esp_pruner *pruner;
  esp_graph *train, *infer;
  esp_predictor *predictor;
  float *pictures, *logits; /* of all images, one behind the other */
  esp_batch images;
  esp_prune_options prune;
} bench;

static char empty[] = "", projection[] = "projection", mlp[] = "mlp", lenet5[] = "lenet5-caffe",
            adam[] = "adam";

/* Networks on data of another shape, by the beginnings of their names. */
static const struct {
  const char *name;
  char *arch; /* NULL: as it was asked for */
  esp_shape shape;
} others[] = {
    {"lenet300", mlp, {1, 28, 28}},     {"lenet5", lenet5, {1, 28, 28}},
    {"textcnn", NULL, {1, 1, 20, 96}},  {"lstm-", NULL, {1, 1, 20, 96}},
    {"gru-", NULL, {1, 1, 20, 96}},     {"transformer-", NULL, {1, 1, 20, 96}},
    {"ds-cnn", NULL, {1, 49, 40}},      {"kws-dnn", NULL, {1, 49, 40}},
    {"resnet18-", NULL, {3, 224, 224}}, {"resnet34-", NULL, {3, 224, 224}},
    {"resnet50-", NULL, {3, 224, 224}}, {"mobilenetv2-", NULL, {3, 224, 224}},
};

static void choose_network(bench *b, char *name) {
  b->network = b->arch = name;
  b->shape = (esp_shape){3, 32, 32};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (strstr(name, others[i].name) == name) {
      if (others[i].arch) b->arch = others[i].arch;
      b->shape = others[i].shape;
    }
}

static size_t image_floats(const bench *b) {
  return (size_t)b->shape.channels * (size_t)b->shape.height * (size_t)b->shape.width;
}

static const esp_train_options by_sgd = {.momentum = 0.9, .weight_decay = 5e-4, .nesterov = true};
static const esp_train_options by_adam = {
    .optimiser = adam, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};

static const esp_train_options *options_of(const bench *b) {
  return b->shape.vocabulary ? &by_adam : &by_sgd;
}

/* A feature, or a token that is not padding. */
static float random_value(const bench *b, size_t i) {
  const int tokens = b->shape.vocabulary;
  return tokens ? 1.0f + (float)esp_random_below(1, i, (uint32_t)tokens - 1)
                : (float)esp_random_normal(1, i);
}

static esp_status make_images(bench *b, esp_error *err) {
  const size_t floats = (size_t)esp_blocks_for(b->batch) * image_floats(b) * ESP_LANES;
  float *images = aligned_alloc(64, floats * sizeof *images);
  int32_t *labels = malloc((size_t)b->batch * sizeof *labels);
  if (!images || !labels) return esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  for (size_t i = 0; i < floats; i++) images[i] = random_value(b, i);
  for (int i = 0; i < b->batch; i++) labels[i] = (int32_t)esp_random_below(2, (uint64_t)i, 10);
  b->images = (esp_batch){images, labels, b->batch};
  return ESP_OK;
}

static esp_status make(bench *b, esp_error *err) {
  const esp_model_options opt = {.arch = b->arch,
                                 .input = empty,
                                 .layers = empty,
                                 .weights = empty,
                                 .shortcut = projection,
                                 .hidden = {{300, 100}, 2},
                                 .width = 1.0};
  int guarded;
  if (b->threads > 0) omp_set_num_threads(b->threads);
  b->threads = omp_get_max_threads();
  ESP_TRY(make_images(b, err));
  ESP_TRY(esp_model_new(&b->model, &opt, b->shape, 10, 1, err));
  ESP_TRY(esp_optimiser_open(&b->model->params, options_of(b), err));
  ESP_TRY(esp_model_graph(b->model, b->batch, true, (esp_loss_attr){0}, &b->train, err));
  if (b->sparsity <= 0.0) return ESP_OK;
  ESP_TRY(esp_pruner_new(&b->pruner, &b->prune, b->model, 1, err));
  esp_graph_release_activations(b->train); /* as a run does */
  return esp_pruner_prune(b->pruner, b->sparsity, &guarded, err);
}

static void train(void *data) {
  bench *b = data;
  esp_graph_forward(b->train, &b->images, (esp_pass){.training = true});
  esp_graph_backward(b->train);
  esp_optimiser_step(&b->model->params, options_of(b), 0.0);
}

static void infer(void *data) {
  bench *b = data;
  const esp_batch images = {b->images.images, NULL, b->batch};
  esp_graph_forward(b->infer, &images, (esp_pass){0});
}

static void predict(void *data) {
  bench *b = data;
  esp_predict_images(b->predictor, b->pictures, b->batch, b->logits);
}

static esp_status make_predictor(bench *b, esp_error *err) {
  const float mean[3] = {0.0f}, deviation[3] = {1.0f, 1.0f, 1.0f};
  const size_t floats = (size_t)b->batch * image_floats(b);
  esp_network *network;
  ESP_TRY(esp_network_of_model(&network, b->model, mean, deviation, err));
  ESP_TRY(esp_predictor_new_threads(&b->predictor, network, b->threads, err));
  b->pictures = malloc(floats * sizeof *b->pictures);
  b->logits = malloc((size_t)(b->batch * esp_network_outputs(network)) * sizeof *b->logits);
  if (!b->pictures || !b->logits) return esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  for (size_t i = 0; i < floats; i++) b->pictures[i] = random_value(b, i);
  return ESP_OK;
}

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

enum { WARM_UP = 6 }; /* runs in which caches fill and the stopwatches choose their kernels */

static double rate(bench *b, void (*work)(void *)) {
  double seconds[1000];
  for (int i = 0; i < WARM_UP; i++) work(b);
  for (int i = 0; i < b->repeats; i++) {
    const double start = esp__seconds();
    work(b);
    seconds[i] = esp__seconds() - start;
  }
  qsort(seconds, (size_t)b->repeats, sizeof *seconds, by_size);
  return b->batch / seconds[b->repeats / 2];
}

static int parse(bench *b, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    char *value = strchr(argv[i], '=');
    if (!value) return 0;
    *value++ = '\0';
    if (strcmp(argv[i], "network") == 0)
      choose_network(b, value);
    else if (strcmp(argv[i], "batch") == 0)
      b->batch = atoi(value);
    else if (strcmp(argv[i], "threads") == 0)
      b->threads = atoi(value);
    else if (strcmp(argv[i], "repeats") == 0)
      b->repeats = atoi(value);
    else if (strcmp(argv[i], "sparsity") == 0)
      b->sparsity = atof(value);
    else if (strcmp(argv[i], "distribution") == 0)
      b->prune.distribution = value;
    else if (strcmp(argv[i], "profile") == 0)
      b->profile = strcmp(value, "yes") == 0;
    else
      return 0;
  }
  return b->batch > 0 && b->repeats > 0 && b->repeats <= 1000;
}

/* Of a network that the predictor can run: its rate, else nothing. */
static esp_status print_predictor(bench *b, esp_error *err) {
  if (b->shape.vocabulary) return ESP_OK;
  ESP_TRY(make_predictor(b, err));
  printf(", \"predict_images_per_second\": %.1f", rate(b, predict));
  return ESP_OK;
}

static esp_status measure(bench *b, esp_error *err) {
  const double training = rate(b, train), peak = esp__peak_rss_mib();
  ESP_TRY(esp_model_graph(b->model, b->batch, false, (esp_loss_attr){0}, &b->infer, err));
  printf(
      "{\"network\": \"%s\", \"isa\": \"%s\", \"threads\": %d, \"batch\": %d, \"sparsity\": %g, "
      "\"train_images_per_second\": %.1f, \"infer_images_per_second\": %.1f, \"graph_mib\": %zu, "
      "\"peak_rss_mib\": %.1f",
      b->network, esp__kernels_active()->isa, b->threads, b->batch, b->sparsity, training,
      rate(b, infer), esp_graph_bytes(b->train) >> 20, peak);
  ESP_TRY(print_predictor(b, err));
  puts("}");
  return b->profile ? profile_print(b->train, train, b, b->repeats, err) : ESP_OK;
}

int main(int argc, char **argv) {
  char resnet20[] = "resnet20";
  bench b = {.batch = 128, .repeats = 15, .prune = esp_prune_plain};
  esp_error err = {0};
  choose_network(&b, resnet20);
  if (!parse(&b, argc, argv))
    return fputs(
               "usage: step [network=N] [batch=N] [threads=N] [repeats=N] [sparsity=S] "
               "[distribution=D] [profile=yes]\n",
               stderr),
           2;
  if (esp__kernels_check(&err) != ESP_OK || make(&b, &err) != ESP_OK || measure(&b, &err) != ESP_OK)
    return fprintf(stderr, "step: %s\n", err.text), 2;
  return 0;
}
