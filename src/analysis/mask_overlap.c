#include <espalier/mask_overlap.h>
#include <espalier/pack.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

esp_overlap esp_overlap_of(const uint8_t *a, const uint8_t *b, size_t n) {
  esp_overlap o = {.weights = n};
  for (size_t i = 0; i < n; i++) {
    o.kept[0] += a[i];
    o.kept[1] += b[i];
    o.common += a[i] & b[i];
  }
  const double all = (double)n, x = (double)o.kept[0], y = (double)o.kept[1];
  if (n > 0) o.chance = x * y / all;
  if (n > 1) o.variance = x / all * (y / all) * (all - x) * (all - y) / (all - 1.0);
  return o;
}

void esp_overlap_add(esp_overlap *sum, const esp_overlap *layer) {
  sum->weights += layer->weights;
  sum->kept[0] += layer->kept[0];
  sum->kept[1] += layer->kept[1];
  sum->common += layer->common;
  sum->chance += layer->chance;
  sum->variance += layer->variance;
}

double esp_overlap_jaccard(const esp_overlap *o, double common) {
  const double either = (double)o->kept[0] + (double)o->kept[1] - common;
  return either > 0.0 ? common / either : 1.0;
}

double esp_overlap_share(const esp_overlap *o, double common) {
  const size_t less = o->kept[0] < o->kept[1] ? o->kept[0] : o->kept[1];
  return less > 0 ? common / (double)less : 1.0;
}

double esp_overlap_deviations(const esp_overlap *o) {
  return o->variance > 0.0 ? ((double)o->common - o->chance) / sqrt(o->variance) : 0.0;
}

/* ---- from files ---- */

static esp_status read_masks(esp_layer_masks *m, const esp_bundle *b, const char *file,
                             esp_error *err) {
  const esp_model *model = m->network.model;
  if (!(m->keep = calloc((size_t)model->layers + 1, sizeof *m->keep)))
    return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory for the masks", file);
  for (int i = 0; i < model->layers; i++) {
    const esp_param *w = model->layer[i].weight;
    if (!(m->keep[i] = malloc(w->count)))
      return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory for the masks", file);
    ESP_TRY(esp_mask_read(b, file, w, m->keep[i], err));
  }
  return ESP_OK;
}

esp_status esp_layer_masks_open(esp_layer_masks *m, const char *path, esp_error *err) {
  char file[4096];
  esp_bundle b = {0};
  *m = (esp_layer_masks){0};
  ESP_TRY(esp_masks_path(path, file, err));
  ESP_TRY(esp_load_run(&m->network, file, false, 0, NULL, err));
  esp_status status = esp_weights_bundle_load(&b, file, err);
  if (status == ESP_OK) status = read_masks(m, &b, file, err);
  esp_bundle_free(&b);
  if (status != ESP_OK) esp_layer_masks_free(m);
  return status;
}

void esp_layer_masks_free(esp_layer_masks *m) {
  for (int i = 0; m->keep && i < m->network.model->layers; i++) free(m->keep[i]);
  free(m->keep);
  esp_loaded_run_free(&m->network);
  *m = (esp_layer_masks){0};
}

static bool same_layer(const esp_layer *a, const esp_layer *b) {
  return strcmp(a->name, b->name) == 0 && a->weight->rank == b->weight->rank &&
         memcmp(a->weight->shape, b->weight->shape, (size_t)a->weight->rank * sizeof(int)) == 0;
}

esp_status esp_layer_masks_match(const esp_layer_masks *a, const esp_layer_masks *b,
                                 const char *const paths[2], esp_error *err) {
  const esp_model *x = a->network.model, *y = b->network.model;
  bool same = x->layers == y->layers;
  for (int i = 0; same && i < x->layers; i++) same = same_layer(&x->layer[i], &y->layer[i]);
  if (same) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: another network than that of %s; expected the same layers and shapes",
                  paths[1], paths[0]);
}
