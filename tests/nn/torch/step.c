/* A network's logits and gradients on one batch, as a file for others to compare.
 *
 * usage: step LAYERS-FILE SHAPE CLASSES COUNT INPUT OUTPUT.safetensors
 *
 * INPUT holds COUNT images as floats, [COUNT][C][H][W], then COUNT labels as 32-bit integers.
 * OUTPUT gets the parameters by name, their gradients as grad.NAME, and logits (COUNT, CLASSES). */
#include <espalier/file.h>
#include <espalier/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct job {
  esp_shape shape;
  int classes, count;
  float *images;
  int32_t *labels;
  esp_model *model;
  esp_graph *graph;
} job;

static void must(esp_status status, const esp_error *err) {
  if (status == ESP_OK) return;
  fprintf(stderr, "step: %s\n", err->text);
  exit(1);
}

static void expect(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "step: %s\n", what);
  exit(1);
}

static size_t values_of(esp_shape s) {
  return (size_t)(s.channels * s.height * s.width);
}

/* Into lanes: image i of block i / 16. */
static void read_input(job *j, const char *path) {
  const size_t values = values_of(j->shape), blocks = (size_t)esp_blocks_for(j->count);
  FILE *in = fopen(path, "rb");
  float *image = calloc(values, sizeof *image);
  j->images = aligned_alloc(64, blocks * values * ESP_LANES * sizeof *j->images);
  j->labels = calloc((size_t)j->count, sizeof *j->labels);
  expect(in && image && j->images && j->labels, "no memory, or no input");
  memset(j->images, 0, blocks * values * ESP_LANES * sizeof *j->images);
  for (int i = 0; i < j->count; i++) {
    expect(fread(image, sizeof *image, values, in) == values, "the input is too short");
    float *first = j->images + (size_t)(i / ESP_LANES) * values * ESP_LANES + i % ESP_LANES;
    for (size_t v = 0; v < values; v++) first[v * ESP_LANES] = image[v];
  }
  expect(fread(j->labels, sizeof *j->labels, (size_t)j->count, in) == (size_t)j->count,
         "the input has no labels");
  fclose(in);
  free(image);
}

static void make_model(job *j, const char *path) {
  static char text[1 << 16], custom[] = "custom", none[] = "";
  esp_model_options opt = {.arch = custom,
                           .input = none,
                           .layers = text,
                           .weights = none,
                           .shortcut = none,
                           .width = 1.0};
  const esp_loss_attr loss = {ESP_LOSS_CROSS_ENTROPY, 0.0f};
  esp_error err;
  FILE *in = fopen(path, "rb");
  expect(in != NULL, "no layers");
  text[fread(text, 1, sizeof text - 1, in)] = '\0';
  fclose(in);
  must(esp_model_new(&j->model, &opt, j->shape, j->classes, 1, &err), &err);
  must(esp_model_graph(j->model, j->count, true, loss, &j->graph, &err), &err);
}

/* Biases, scales and shifts that are all alike would hide what is wrong with them. */
static void stir(const esp_params *ps) {
  for (int i = 0; i < ps->count; i++) {
    esp_param *p = ps->item[i];
    for (size_t k = 0; !esp_param_prunable(p) && esp_param_trains(p) && k < p->count; k++)
      p->value[k] += 0.5f * esp_random_uniform((esp_key)i + 7, k) - 0.25f;
  }
}

static void add(esp_bundle *b, const char *prefix, const esp_param *p, const float *data) {
  char name[2 * ESP_NAME_MAX];
  int64_t shape[ESP_RANK_MAX];
  esp_error err;
  snprintf(name, sizeof name, "%s%s", prefix, p->name);
  for (int d = 0; d < p->rank; d++) shape[d] = p->shape[d];
  must(esp_bundle_add(b, name, ESP_F32, p->rank, shape, data, &err), &err);
}

static void write_output(const job *j, const char *path) {
  const int64_t shape[2] = {j->count, j->classes};
  const esp_params *ps = &j->model->params;
  const esp_value *logits = esp_graph_output(j->graph);
  float *value = calloc((size_t)(j->count * j->classes), sizeof *value);
  esp_bundle b = {0};
  esp_error err;
  expect(value != NULL, "no memory");
  for (int i = 0; i < j->count; i++)
    for (int c = 0; c < j->classes; c++)
      value[i * j->classes + c] = esp_value_at(logits, i, c, 0, 0);
  must(esp_bundle_add(&b, "logits", ESP_F32, 2, shape, value, &err), &err);
  for (int i = 0; i < ps->count; i++) {
    add(&b, "", ps->item[i], ps->item[i]->value);
    if (ps->item[i]->grad) add(&b, "grad.", ps->item[i], ps->item[i]->grad);
  }
  must(esp_bundle_save(&b, path, &err), &err);
  esp_bundle_free(&b);
  free(value);
}

int main(int argc, char **argv) {
  esp_error err;
  job j = {0};
  expect(argc == 7, "usage: step LAYERS-FILE SHAPE CLASSES COUNT INPUT OUTPUT");
  must(esp_shape_parse(argv[2], &j.shape, &err), &err);
  j.classes = atoi(argv[3]);
  j.count = atoi(argv[4]);
  read_input(&j, argv[5]);
  make_model(&j, argv[1]);
  stir(&j.model->params);
  const esp_batch batch = {.images = j.images, .labels = j.labels, .count = j.count};
  esp_graph_forward(j.graph, &batch, (esp_pass){.training = true, .dropout_key = 1});
  esp_graph_backward(j.graph);
  write_output(&j, argv[6]);
  esp_graph_free(j.graph);
  esp_model_free(j.model);
  free(j.images);
  free(j.labels);
  return 0;
}
