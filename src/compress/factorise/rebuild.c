/* The network with factors in the place of layers. */
#include "base/text_stream.h"
#include "compress/factorise/factors.h"

#include <stdlib.h>
#include <string.h>

static char *lines_of(const esp__factor_layer *l, const esp__factor_choice *c) {
  char *text = NULL;
  size_t size;
  FILE *out = esp__text_stream(&text, &size);
  if (!out) return NULL;
  c->method->write(l, c->rank, l->layer->bias ? "bias" : "nobias", out);
  if (fclose(out) == 0) return text;
  free(text);
  return NULL;
}

/* The text with the lines of the factors. */
static esp_status write_text(const esp_model *m, const esp__factor_layer *layers,
                             const esp__factor_choice *choice, char **text, esp_error *err) {
  char **line = calloc((size_t)m->layers, sizeof *line);
  bool written = line != NULL;
  for (int i = 0; written && i < m->layers; i++) {
    if (choice[i].method) line[i] = lines_of(&layers[i], &choice[i]);
    written = !choice[i].method || line[i];
  }
  esp_status status = ESP_OK;
  if (written)
    status = esp_model_replace_layers(m, (const char *const *)line, text, err);
  else
    status = esp_fail(err, ESP_ERR_MEMORY, "out of memory for the text of a network");
  for (int i = 0; line && i < m->layers; i++) free(line[i]);
  free(line);
  return status;
}

static void copy(const esp_param *from, esp_param *to) {
  memcpy(to->value, from->value, to->count * sizeof *to->value);
}

/* The layers' weights and biases: those of the factors, or the same. */
static esp_status fill_layers(const esp_model *from, const esp__factor_layer *layers,
                              const esp__factor_choice *choice, esp_model *to, esp_error *err) {
  esp_layer *made = to->layer;
  for (int i = 0; i < from->layers; i++) {
    const esp__factor_method *method = choice[i].method;
    const int count = method ? method->layers(&layers[i]) : 1;
    if (method)
      ESP_TRY(method->fill(&layers[i], &choice[i].analysis, choice[i].rank, made, err));
    else
      copy(from->layer[i].weight, made->weight);
    made += count;
    if (from->layer[i].bias) copy(from->layer[i].bias, made[-1].bias);
  }
  return ESP_OK;
}

static bool of_layer(const esp_param *p) {
  return p->role == ESP_ROLE_CONV_WEIGHT || p->role == ESP_ROLE_LINEAR_WEIGHT ||
         p->role == ESP_ROLE_BIAS;
}

/* The next parameter from `k` on that is not a layer's weight or bias. */
static int other_from(const esp_params *params, int k) {
  while (k < params->count && of_layer(params->item[k])) k++;
  return k;
}

/* Norms and thresholds are as many as before, and in the same order. */
static void copy_others(const esp_params *from, esp_params *to) {
  int i = other_from(from, 0), k = other_from(to, 0);
  for (; i < from->count && k < to->count; i = other_from(from, i + 1), k = other_from(to, k + 1))
    copy(from->item[i], to->item[k]);
}

esp_status esp__factor_rebuild(const esp_model *model, const esp__factor_layer *layers,
                               const esp__factor_choice *choice, esp_model **factored,
                               esp_error *err) {
  char *text;
  ESP_TRY(write_text(model, layers, choice, &text, err));
  esp_status status = esp_model_like(model, text, 0, factored, err);
  free(text);
  if (status != ESP_OK) return status;
  copy_others(&model->params, &(*factored)->params);
  status = fill_layers(model, layers, choice, *factored, err);
  if (status == ESP_OK) return ESP_OK;
  esp_model_free(*factored);
  *factored = NULL;
  return status;
}
