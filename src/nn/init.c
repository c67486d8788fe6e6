/* Initial values. */
#include "nn/initial.h"

#include <math.h>
#include <string.h>

/* FNV-1a (Fowler, Noll, Vo). */
static uint64_t name_hash(const char *name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
  return hash;
}

/* Embeddings and recurrent layers have a way of their own. */
static bool has_own_way(const esp_layer *layer) {
  return layer->weight->role == ESP_ROLE_EMBEDDING || layer->units > 0;
}

/* Of recurrent layers as uniform numbers within 1 / sqrt(units) would have; of embeddings 1.
 *
 * What a gate predicts starts near 1: products of predictions would make the activations of a deep
 * network grow from layer to layer. */
double esp_layer_deviation(const esp_model *model, const esp_layer *layer) {
  if (has_own_way(layer)) return layer->units ? sqrt(1.0 / (3.0 * layer->units)) : 1.0;
  const bool gate = layer->bias && layer->bias->role == ESP_ROLE_BN_SCALE;
  return (gate ? 0.1 : 1.0) * model->initial->deviation(layer, model->init_scale);
}

static void draw(const esp_model *model, const esp_layer *layer, esp_key seed) {
  esp_param *p = layer->weight;
  const esp_key key = esp_key_of(esp_key_of(seed, ESP_STREAM_INIT), name_hash(p->name));
  const double deviation = esp_layer_deviation(model, layer);
  if (has_own_way(layer))
    esp_random_normals(key, deviation, p->value, p->count);
  else
    model->initial->draw(p, deviation, key);
}

/* The row of token 0, which nothing reads. */
static void clear_padding(esp_param *embedding) {
  memset(embedding->value, 0, (size_t)embedding->shape[1] * sizeof *embedding->value);
}

/* Everything but weights starts as a constant; a running variance is told from a mean by its
 * name. */
static void fill(esp_param *p) {
  size_t length = strlen(p->name);
  bool variance =
      p->role == ESP_ROLE_RUNNING && length >= 4 && strcmp(p->name + length - 4, ".var") == 0;
  float value = p->role == ESP_ROLE_BN_SCALE || variance ? 1 : 0;
  for (size_t k = 0; k < p->count; k++) p->value[k] = value;
}

/* What goes with a value follows it. */
static void settle(esp_param *p) {
  if (p->shadow) memcpy(p->shadow, p->value, p->count * sizeof(float));
  for (size_t k = 0; p->mask && k < p->count; k++)
    if (!p->mask->keep[k]) p->value[k] = 0;
  esp_param_forget_all(p);
  if (p->average) memcpy(p->average, p->value, p->count * sizeof(float));
}

void esp_model_initialise(esp_model *model, esp_key seed) {
  for (int i = 0; i < model->layers; i++) {
    draw(model, &model->layer[i], seed);
    if (model->layer[i].weight->role == ESP_ROLE_EMBEDDING) clear_padding(model->layer[i].weight);
  }
  for (int i = 0; i < model->params.count; i++) {
    esp_param *p = model->params.item[i];
    if (!esp_param_prunable(p)) fill(p);
    settle(p);
  }
}
