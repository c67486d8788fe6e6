#include "prune/measure/synaptic_flow.h"

#include "prune/measure/criterion_inputs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* R grows with every layer, by about the root of its width. The image is made small, and the factor
 * of the sum too, so that activations going in and gradients coming back both stay in the range of
 * floats; R is proportional to the image. */
static const double image_least = 0x1p-120, flow_most = 0x1p110;

/* ---- the linear network ---- */

static bool is_variance(const esp_param *p) {
  const size_t length = strlen(p->name);
  return length >= 4 && strcmp(p->name + length - 4, ".var") == 0;
}

static void make_linear(const esp_model *m) {
  for (int k = 0; k < m->params.count; k++) {
    const esp_param *p = m->params.item[k];
    const bool flows = esp_param_prunable(p) || p->role == ESP_ROLE_BN_SCALE;
    for (size_t i = 0; i < p->count; i++)
      p->value[i] = flows ? fabsf(p->value[i]) : is_variance(p) ? 1.0f : 0.0f;
  }
}

/* ---- the passes ---- */

/* A batch of one image, all of it `value`. */
static esp_batch image_of(const esp_model *m, float *pixels, float value) {
  const size_t floats =
      (size_t)m->input.channels * (size_t)m->input.height * (size_t)m->input.width;
  for (size_t i = 0; i < floats; i++) pixels[i * ESP_LANES] = value;
  return (esp_batch){.images = pixels, .count = 1};
}

static double flow_of(const esp_graph *g) {
  const esp_value *logits = esp_graph_output(g);
  double sum = 0.0;
  for (int c = 0; c < esp_value_shape(logits).channels; c++)
    sum += (double)esp_value_at(logits, 0, c, 0, 0);
  return sum;
}

static esp_status run(const esp_model *m, esp_graph *g, float *pixels, esp_error *err) {
  for (double image = 1.0; image >= image_least; image *= 0x1p-10) {
    const esp_batch batch = image_of(m, pixels, (float)image);
    esp_graph_forward(g, &batch, (esp_pass){.dense_gradients = true});
    const double flow = flow_of(g);
    if (!(flow <= flow_most)) continue;
    esp_graph_backward_sum(g, flow > 0.0 ? (float)(flow_most * image / fmax(flow, image)) : 1.0f);
    return ESP_OK;
  }
  return esp_fail(
      err, ESP_ERR_INPUT,
      "[prune] method = synflow: the flow through this network is beyond the range of floats; "
      "expected fewer or narrower layers");
}

esp_status esp__measure_synaptic_flow(const esp_model *m, esp_graph *g, esp_error *err) {
  const size_t floats =
      (size_t)m->input.channels * (size_t)m->input.height * (size_t)m->input.width * ESP_LANES;
  float *saved = NULL, *pixels = aligned_alloc(64, floats * sizeof *pixels);
  if (!pixels) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for an image of ones");
  memset(pixels, 0, floats * sizeof *pixels);
  esp_status status = esp__values_save(&m->params, &saved, err);
  if (status == ESP_OK) {
    make_linear(m);
    status = run(m, g, pixels, err);
    esp__values_restore(&m->params, saved);
  }
  free(saved);
  free(pixels);
  return status;
}
