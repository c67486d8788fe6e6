/* Says which class the picture on standard input belongs to: prediction with the small library that
 * holds nothing else. The pixels come raw, [channels][height][width], a byte each.
 *
 *     cc predict_one.c $(pkg-config --cflags --libs espalier-predict) -o predict_one
 *     ./predict_one pruned.safetensors <picture.raw */
#include <espalier/predict.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  esp_network *network = NULL;
  esp_predictor *predictor = NULL;
  esp_error err;
  if (argc != 2 || esp_network_open(&network, argv[1], &err) != ESP_OK ||
      esp_predictor_new(&predictor, network, &err) != ESP_OK) {
    fprintf(stderr, "%s\n", argc == 2 ? err.text : "usage: predict_one WEIGHTS <PIXELS");
    return 2;
  }
  const esp_shape s = esp_network_input(network);
  const size_t bytes = (size_t)s.channels * (size_t)s.height * (size_t)s.width;
  uint8_t *pixels = (uint8_t *)malloc(bytes);
  float *logits = (float *)malloc((size_t)esp_network_outputs(network) * sizeof *logits);
  const int there = pixels && logits && fread(pixels, 1, bytes, stdin) == bytes;
  if (there) {
    int best = 0;
    esp_predict_pixels(predictor, pixels, logits);
    for (int c = 1; c < esp_network_classes(network); c++)
      if (logits[c] > logits[best]) best = c;
    printf("%s\n", esp_network_class_name(network, best));
  } else {
    fprintf(stderr, "expected %zu bytes of pixels\n", bytes);
  }
  free(logits);
  free(pixels);
  esp_predictor_free(predictor);
  esp_network_free(network);
  return there ? 0 : 1;
}
