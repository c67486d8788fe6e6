/* Trains a small network, prunes it to 90 %, trains on, and saves it.
 *
 *     cc train_prune_save.c $(pkg-config --cflags --libs espalier) -o train_prune_save
 *     ./train_prune_save pruned.safetensors
 *
 * Options are written as in an INI file; esp_config_parse checks them and fills in the defaults. A
 * function that can fail returns a status and leaves a sentence; ESP_TRY leaves the function on
 * failure. The pruner owns the masks: what it has pruned stays exactly 0 in every step after. The
 * file can be opened with predict_embedded.c, or with `espalier eval`. */
#include <espalier/config.h>
#include <espalier/run.h>
#include <espalier/train.h>

#include <stdio.h>
#include <string.h>

static const char options[] =
    "[data]\ndataset = shapes\ntrain = 6000\ntest = 500\n"
    "mean = 0.5 0.5 0.5\nstd = 0.25 0.25 0.25\n"
    "[model]\narch = custom\nlayers =\n conv 8 5x5 stride 2\n bn\n relu\n"
    " conv 16 3x3 stride 2\n bn\n relu\n conv 32 3x3 stride 2\n bn\n relu\n"
    " flatten\n linear classes\n"
    "[train]\nepochs = 6\nbatch = 32\nlr = 0.02\nmomentum = 0.9\nschedule = cosine\n"
    "[prune]\nmethod = magnitude\nsparsity = 0.9\n";

/* All that a training works with. */
typedef struct session {
  esp_config config;
  esp_dataset *data;
  esp_loader *training, *test;
  esp_model *model;
  esp_pruner *pruner;
  esp_graph *graph;
} session;

static esp_status prepare(session *s, esp_error *err) {
  const esp_shape any = {0, 0, 0};
  const esp_key seed = 1;
  ESP_TRY(esp_config_parse(&s->config, "options", options, 0, NULL, err));
  const int batch = (int)s->config.train.batch;
  const esp_loader_options shuffled = esp_loader_options_training(&s->config.data, batch, seed);
  esp_loader_options plain = shuffled;
  plain.shuffle = false;
  ESP_TRY(esp_dataset_load(&s->data, &s->config.data, any, seed, err));
  ESP_TRY(esp_loader_new(&s->training, s->data, &s->data->train, shuffled, err));
  ESP_TRY(esp_loader_new(&s->test, s->data, &s->data->test, plain, err));
  ESP_TRY(esp_model_new(&s->model, &s->config.model, s->data->shape, s->data->classes, seed, err));
  ESP_TRY(esp_pruner_new(&s->pruner, &s->config.prune, s->model, seed, err));
  return esp_model_graph(s->model, batch, true, esp_train_loss(&s->config.train), &s->graph, err);
}

/* Goes through the training images once for each epoch; `first` is the number of the first, which
 * decides the order of its images. */
static esp_status train(session *s, int first, esp_error *err) {
  const esp_train_options *o = &s->config.train;
  const int batches = esp_loader_batches(s->training);
  esp_trainer trainer = {s->model, s->graph, s->training, s->pruner, o, 1, NULL};
  for (int epoch = 0; epoch < o->epochs; epoch++) {
    esp_metrics seen, found;
    const esp_batch *batch;
    memset(&seen, 0, sizeof seen);
    memset(&found, 0, sizeof found);
    esp_loader_start(s->training, (uint64_t)(first + epoch), 0);
    for (int b = 0; (batch = esp_loader_next(s->training)); b++) {
      const double rate = esp_learning_rate(o, epoch + (double)b / batches, (double)o->epochs);
      const esp_prune_window never = {0, -1}; /* masks change between epochs, not in them */
      const uint64_t number = (uint64_t)((first + epoch) * batches + b);
      const esp_step step = {epoch * batches + b, number, rate, never};
      bool changed;
      ESP_TRY(esp_train_step(&trainer, batch, step, &seen, &changed, err));
    }
    esp_evaluate(s->model, s->graph, s->test, &found, NULL);
    printf("epoch %d: loss %.3f, %.1f %% of the test images right\n", first + epoch + 1,
           esp_metrics_loss(&seen), 100.0 * esp_metrics_top1(&found));
  }
  return ESP_OK;
}

static esp_status save(const session *s, const char *file, esp_error *err) {
  char classes[1024] = "";
  for (int c = 0; c < s->data->classes; c++) {
    strncat(classes, s->data->class_name[c], 60);
    strcat(classes, "\n");
  }
  const esp_provenance from = {options, classes};
  return esp_weights_save(s->model, from, file, err);
}

static esp_status train_prune_save(session *s, const char *file, esp_error *err) {
  int floored;
  ESP_TRY(prepare(s, err));
  ESP_TRY(train(s, 0, err));
  ESP_TRY(esp_pruner_prune(s->pruner, s->config.prune.sparsity, &floored, err));
  ESP_TRY(train(s, (int)s->config.train.epochs, err));
  const esp_pruned count = esp_pruner_count(s->pruner);
  printf("%zu of %zu weights pruned, and 0: %s\n", count.pruned, count.units,
         esp_pruner_holds(s->pruner) ? "yes" : "no");
  return save(s, file, err);
}

int main(int argc, char **argv) {
  session s;
  esp_error err;
  memset(&s, 0, sizeof s);
  const esp_status status = train_prune_save(&s, argc > 1 ? argv[1] : "pruned.safetensors", &err);
  if (status != ESP_OK) fprintf(stderr, "%s\n", err.text);
  esp_graph_free(s.graph);
  esp_pruner_free(s.pruner);
  esp_model_free(s.model);
  if (s.training) esp_loader_free(s.training);
  if (s.test) esp_loader_free(s.test);
  esp_dataset_free(s.data);
  if (s.config.run.name) esp_config_free(&s.config);
  return status == ESP_OK ? 0 : 1;
}
