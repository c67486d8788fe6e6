#include "nn/integers.h"

#include <math.h>
#include <stdlib.h>

enum {
  SUM_MAX = 1 << 24,      /* floats hold integers below it exactly */
  MEAN_SUM_MAX = 1 << 22, /* of a mean that was rounded to a float twice such a sum can be told */
  ACTIVATION_MAX = 127
};

bool esp__has_integers(const esp_model *m) {
  bool any = false;
  for (int i = 0; i < m->layers; i++) any |= m->layer[i].step != NULL;
  return any && !m->simulated;
}

/* ---- twins ---- */

static esp_status no_memory(esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the integers of the network");
}

static esp_status twin_of(esp_model *m, const esp_param *p, esp_param **twin, esp_error *err) {
  if (!p) return ESP_OK;
  return esp_params_add(&m->twin_params, p->name, p->role, p->rank, p->shape, twin, err);
}

esp_status esp__twins_make(esp_model *m, esp_error *err) {
  if (m->twin) return ESP_OK;
  if (!(m->twin = calloc((size_t)m->layers + 1, sizeof *m->twin))) return no_memory(err);
  for (int i = 0; i < m->layers; i++) {
    ESP_TRY(twin_of(m, m->layer[i].weight, &m->twin[i].weight, err));
    ESP_TRY(twin_of(m, m->layer[i].bias, &m->twin[i].bias, err));
  }
  return ESP_OK;
}

void esp__twins_free(esp_model *m) {
  esp_params_free(&m->twin_params);
  free(m->twin);
  m->twin = NULL;
}

const esp__twin *esp__twin_of(const esp_model *m, const esp_param *weight) {
  int i = 0;
  while (m->layer[i].weight != weight) i++;
  return &m->twin[i];
}

static void fill_weights(const esp_layer *layer, const esp__twin *twin) {
  const esp_param *w = layer->weight;
  const size_t each = w->count / (size_t)w->shape[0];
  twin->weight->mask = w->mask;
  for (size_t i = 0; i < w->count; i++) {
    const float step = layer->step->value[i / each];
    twin->weight->value[i] = step > 0.0f ? rintf(w->value[i] / step) : 0.0f;
  }
}

/* At the scale of the sums; 0 where that is none. */
static void fill_bias(const esp_layer *layer, const esp__twin *twin) {
  for (size_t o = 0; o < layer->bias->count; o++) {
    const double scale = (double)twin->input->value[0] * (double)layer->step->value[o];
    const double q = scale > 0.0 ? nearbyint((double)layer->bias->value[o] / scale) : 0.0;
    twin->bias->value[o] = (float)fmin(fmax(q, INT32_MIN), INT32_MAX);
  }
}

void esp__twins_fill(void *model) {
  const esp_model *m = model;
  for (int i = 0; i < m->layers; i++) {
    if (!m->layer[i].step || !m->twin[i].input) continue;
    fill_weights(&m->layer[i], &m->twin[i]);
    if (m->layer[i].bias) fill_bias(&m->layer[i], &m->twin[i]);
  }
}

/* The largest magnitude of a weight. */
static double largest_weight(const esp__twin *t) {
  double largest = 0.0;
  for (size_t i = 0; i < t->weight->count; i++) {
    const double size = fabs((double)t->weight->value[i]);
    if (!(size <= largest)) largest = size;
  }
  return largest;
}

/* The largest magnitude that a sum of output `o` can have on the way. */
static double largest_sum(const esp__twin *t, size_t o, size_t each) {
  double sum = 0.0;
  for (size_t i = 0; i < each; i++) sum += fabs((double)t->weight->value[o * each + i]);
  return ACTIVATION_MAX * sum + (t->bias ? fabs((double)t->bias->value[o]) : 0.0);
}

static esp_status check_layer(const esp_layer *layer, const esp__twin *t, esp_error *err) {
  const size_t outputs = (size_t)t->weight->shape[0], each = t->weight->count / outputs;
  if (!(largest_weight(t) <= layer->weight->levels))
    return esp_fail(err, ESP_ERR_INPUT, "'%s': a weight is %.0f steps; expected at most %d",
                    layer->name, largest_weight(t), layer->weight->levels);
  for (size_t o = 0; o < outputs; o++)
    if (largest_sum(t, o, each) >= SUM_MAX)
      return esp_fail(err, ESP_ERR_INPUT,
                      "'%s': output %zu can sum up to %.0f; expected less than %d, which a float "
                      "holds exactly: prune more, or quantise to fewer bits",
                      layer->name, o, largest_sum(t, o, each), SUM_MAX);
  return ESP_OK;
}

/* All that does not train is steps and scales. */
static esp_status check_scales(const esp_params *ps, esp_error *err) {
  for (int k = 0; k < ps->count; k++) {
    const esp_param *p = ps->item[k];
    for (size_t i = 0; !esp_param_trains(p) && i < p->count; i++)
      if (!(p->value[i] >= 0.0f))
        return esp_fail(err, ESP_ERR_INPUT, "'%s': a scale is %g; expected 0 or more", p->name,
                        (double)p->value[i]);
  }
  return ESP_OK;
}

esp_status esp_model_check_integers(esp_model *m, esp_error *err) {
  if (!m->twin) return ESP_OK;
  ESP_TRY(check_scales(&m->params, err));
  esp__twins_fill(m);
  for (int i = 0; i < m->layers; i++)
    if (m->layer[i].step) ESP_TRY(check_layer(&m->layer[i], &m->twin[i], err));
  return ESP_OK;
}

/* ---- what the values of a graph stand for ---- */

const esp_integers *esp__integers_of(const esp__builder *b, const esp_value *v) {
  for (int i = b->noted_count; i-- > 0;)
    if (b->noted[i].value == v) return &b->noted[i].what;
  return NULL;
}

esp_status esp__integers_note(esp__builder *b, const esp_value *v, esp_integers what,
                              esp_error *err) {
  esp__noted *more = realloc(b->noted, ((size_t)b->noted_count + 1) * sizeof *more);
  if (!more) return no_memory(err);
  b->noted = more;
  b->noted[b->noted_count++] = (esp__noted){v, what};
  return ESP_OK;
}

esp_param *esp__scale_ahead(const esp__builder *b, const esp__scope *scope) {
  char name[2 * ESP_NAME_MAX];
  int kind = 0;
  for (int i = 0; i < b->program->count; i++)
    if (esp__builder_is(b, i, ESP_KIND_QUANTISE)) kind = esp__item_at(b, i)->kind_index;
  snprintf(name, sizeof name, "%squantise%d.scale", scope->prefix, scope->layers[kind] + 1);
  return esp_params_find(&b->model->params, name);
}

static bool is_plain(const esp_integers *what) {
  return what && !what->step && what->area == 1;
}

static esp_status expect_quantise(esp_error *err) {
  return esp_fail(err, ESP_ERR_INPUT,
                  "an integer network needs 8-bit numbers here; expected a line 'quantise' before");
}

/* ---- operations ---- */

esp_status esp__integers_layer(esp__builder *b, const esp_layer *layer, const esp_value *x,
                               esp__twin **twin, esp_error *err) {
  const esp_integers *what = esp__integers_of(b, x);
  int i = 0;
  while (i < b->model->layers && b->model->layer[i].weight != layer->weight) i++;
  if (!is_plain(what)) return expect_quantise(err);
  if (!layer->step)
    return esp_fail(err, ESP_ERR_INPUT, "'%s' has no 'bits' in a quantised network; expected them",
                    layer->name);
  *twin = &b->model->twin[i];
  (*twin)->input = what->scale;
  return ESP_OK;
}

esp_status esp__integers_quantise(esp__builder *b, esp_value *x, esp_param *scale, esp_value **y,
                                  esp_error *err) {
  const esp_integers *what = esp__integers_of(b, x);
  *y = x;
  if (!what)
    ESP_TRY(b->target->to_integers(b->graph, x, scale, y, err));
  else if (!is_plain(what) || what->scale != scale)
    ESP_TRY(b->target->requantise(b->graph, x, (esp_requantise_attr){.from = *what, .to = scale}, y,
                                  err));
  return *y == x ? ESP_OK : esp__integers_note(b, *y, (esp_integers){scale, NULL, 1}, err);
}

esp_status esp__integers_mean(esp__builder *b, const esp_value *x, const esp_value *y, int area,
                              esp_error *err) {
  const esp_integers *what = esp__integers_of(b, x);
  if (!what) return ESP_OK;
  if (!is_plain(what)) return expect_quantise(err);
  if ((double)area * ACTIVATION_MAX >= MEAN_SUM_MAX)
    return esp_fail(err, ESP_ERR_INPUT,
                    "a mean of %d integers, which a float does not hold exactly; expected at most "
                    "%d",
                    area, MEAN_SUM_MAX / ACTIVATION_MAX);
  return esp__integers_note(b, y, (esp_integers){what->scale, NULL, area}, err);
}

esp_status esp__integers_add(esp__builder *b, esp_value *branch, esp_value *shortcut, esp_value **y,
                             esp_error *err) {
  const esp_integers *p = esp__integers_of(b, branch), *q = esp__integers_of(b, shortcut);
  esp_param *to = esp__scale_ahead(b, &b->scope);
  if (!is_plain(p) || !is_plain(q) || !to) return expect_quantise(err);
  const esp_requantise_attr attr = {.from = *p, .other = q->scale, .to = to};
  ESP_TRY(b->target->add_integers(b->graph, branch, shortcut, attr, y, err));
  return esp__integers_note(b, *y, (esp_integers){to, NULL, 1}, err);
}

/* Makes something else than integers of them. */
static bool takes_floats(const esp__builder *b, int i) {
  return esp__builder_is(b, i, ESP_KIND_BN) || esp__builder_is(b, i, ESP_KIND_ACTIVATION) ||
         esp__builder_is(b, i, ESP_KIND_GATE) || esp__builder_is(b, i, ESP_KIND_SEQUENCE);
}

esp_status esp__integers_pass(esp__builder *b, int i, const esp_value *x, const esp_value *y,
                              esp_error *err) {
  const esp_integers *what = esp__integers_of(b, x);
  if (what && takes_floats(b, i))
    return esp_fail(err, ESP_ERR_INPUT,
                    "'%.60s' takes no integers; expected relu as the only non-linearity of a "
                    "quantised network, and no batch norm",
                    esp__item_at(b, i)->text);
  if (y == x || !what || esp__integers_of(b, y)) return ESP_OK;
  if (!is_plain(what) && !esp__builder_is(b, i, ESP_KIND_RELU)) return expect_quantise(err);
  return esp__integers_note(b, y, *what, err);
}

esp_status esp__integers_end(esp__builder *b, esp_value **logits, esp_error *err) {
  const esp_integers *what = esp__integers_of(b, *logits);
  return what ? b->target->from_integers(b->graph, *logits, *what, logits, err) : ESP_OK;
}
