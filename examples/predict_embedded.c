/* Opens a network and says what it sees in a picture: prediction as a part of a program.
 *
 *     cc predict_embedded.c $(pkg-config --cflags --libs espalier) -o predict_embedded
 *     ./predict_embedded pruned.safetensors picture.png
 *
 * A weights file says all that is needed: layers, names of the classes, and what the pixels were
 * normalised with. A graph takes batches in the lane layout, x[channel][row][column][image], with
 * room for 16 images (espalier/tensor.h); here there is one, the others stay 0. */
#include <espalier/data.h>
#include <espalier/run.h>

#include <stdio.h>
#include <stdlib.h>

/* Puts the picture into the first of 16 images. */
static void fill(const esp_loaded_run *net, const uint8_t *pixels, float *images) {
  const esp_shape s = net->model->input;
  const size_t plane = (size_t)s.height * (size_t)s.width;
  for (size_t i = 0; i < plane * (size_t)s.channels; i++) {
    const size_t channel = i / plane;
    images[i * ESP_LANES] = esp_normalise_pixel(pixels[i], net->mean[channel], net->std[channel]);
  }
}

static void print_best(const esp_loaded_run *net, const esp_value *logits) {
  int best = 0;
  for (int c = 1; c < net->model->classes; c++)
    if (esp_value_at(logits, 0, c, 0, 0) > esp_value_at(logits, 0, best, 0, 0)) best = c;
  printf("%s\n", net->class_name[best]);
}

static esp_status predict(const esp_loaded_run *net, const char *picture, esp_error *err) {
  const esp_shape s = net->model->input;
  const size_t values = (size_t)s.channels * (size_t)s.height * (size_t)s.width;
  const esp_loss_attr unused = {ESP_LOSS_CROSS_ENTROPY, 0.0f};
  const esp_pass inference = {0};
  esp_graph *graph = NULL;
  uint8_t *pixels = (uint8_t *)malloc(values);
  float *images = (float *)aligned_alloc(64, values * ESP_LANES * sizeof *images);
  esp_status status = pixels && images ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  if (status == ESP_OK) status = esp_picture_load(picture, s, pixels, err);
  if (status == ESP_OK) status = esp_model_graph(net->model, 1, false, unused, &graph, err);
  if (status == ESP_OK) {
    for (size_t i = 0; i < values * ESP_LANES; i++) images[i] = 0.0f;
    fill(net, pixels, images);
    const esp_batch batch = {images, NULL, 1};
    esp_graph_forward(graph, &batch, inference);
    print_best(net, esp_graph_output(graph));
  }
  esp_graph_free(graph);
  free(images);
  free(pixels);
  return status;
}

int main(int argc, char **argv) {
  esp_loaded_run net;
  esp_error err;
  if (argc != 3) {
    fprintf(stderr, "usage: predict_embedded WEIGHTS PICTURE\n");
    return 2;
  }
  esp_status status = esp_load_run(&net, argv[1], false, 0, NULL, &err);
  if (status == ESP_OK) {
    status = predict(&net, argv[2], &err);
    esp_loaded_run_free(&net);
  }
  if (status != ESP_OK) fprintf(stderr, "%s\n", err.text);
  return status == ESP_OK ? 0 : 1;
}
