/* Running the steps of a network over memory of one's own. */
#include "predict/network.h"

#include <stdlib.h>
#include <string.h>

struct esp_predictor {
  const esp_network *network;
  float *memory;
};

esp_status esp__memory_new(const esp_network *n, float **memory, esp_error *err) {
  const size_t bytes = (n->floats * sizeof(float) + 63) / 64 * 64;
  *memory = aligned_alloc(64, bytes);
  if (!*memory) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for %zu bytes", bytes);
  memset(*memory, 0, bytes);
  return ESP_OK;
}

esp_status esp_predictor_new(esp_predictor **predictor, const esp_network *network,
                             esp_error *err) {
  esp_predictor *p = calloc(1, sizeof *p);
  if (!p) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a predictor");
  p->network = network;
  const esp_status status = esp__memory_new(network, &p->memory, err);
  if (status == ESP_OK)
    *predictor = p;
  else
    free(p);
  return status;
}

void esp_predictor_free(esp_predictor *p) {
  if (!p) return;
  free(p->memory);
  free(p);
}

size_t esp_predictor_bytes(const esp_predictor *p) {
  return p->network->floats * sizeof(float);
}

static float *row_of(const esp_predictor *p, int c, int r) {
  const esp__place *in = &p->network->place[p->network->in];
  return p->memory + in->first + esp__place_channel(in, c) + r * in->row;
}

static void run(esp_predictor *p, float *logits) {
  const esp_network *n = p->network;
  for (int s = 0; s < n->steps; s++) n->step[s].run(n->kernels, &n->step[s], p->memory);
  const esp__place *out = &n->place[n->out];
  for (int c = 0; c < n->outputs; c++)
    logits[c] = p->memory[out->first + (size_t)esp__place_channel(out, c)];
}

void esp_predict_pixels(esp_predictor *p, const uint8_t *pixels, float *logits) {
  const esp_network *n = p->network;
  for (int c = 0; c < n->input.channels; c++)
    for (int r = 0; r < n->input.height; r++) {
      float *to = row_of(p, c, r);
      for (int i = 0; i < n->input.width; i++)
        to[i] = ((float)*pixels++ / 255.0f - n->mean[c]) / n->deviation[c];
    }
  run(p, logits);
}

void esp_predict(esp_predictor *p, const float *image, float *logits) {
  const esp_shape s = p->network->input;
  for (int c = 0; c < s.channels; c++)
    for (int r = 0; r < s.height; r++, image += s.width)
      memcpy(row_of(p, c, r), image, (size_t)s.width * sizeof *image);
  run(p, logits);
}
