/* Layers of sequences but for attention and recurrent ones. */
#include "base/integer.h"
#include "predict/network.h"

#include <string.h>

/* A copy of a parameter of channels, filled up with zeros to a whole block. */
static esp_status copy_channels(esp_network *n, const esp_param *p, const float **copy,
                                esp_error *err) {
  float *to;
  ESP_TRY(esp__store_alloc(&n->store, esp__whole_blocks((int)p->count) * sizeof *to, &to, err));
  memcpy(to, p->value, p->count * sizeof *to);
  *copy = to;
  return ESP_OK;
}

/* ---- embedding: a row of the weight, blocks of channels, for each token ---- */

typedef struct rows {
  const float *weight; /* [vocabulary][channels, whole blocks]; the row of the padding is 0 */
  int vocabulary;
  size_t floats; /* of a row */
} rows;

static void run_embedding(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const rows *r = s->state;
  const esp__place *y = esp__place_at(s, s->y);
  const float *token = esp__at(s, s->x, memory);
  float *to = esp__at(s, s->y, memory);
  (void)k;
  for (int t = 0; t < y->shape.width; t++) {
    const float *row = r->weight + (size_t)esp__token_of(token[t], r->vocabulary) * r->floats;
    for (size_t b = 0; b < r->floats / ESP_BLOCK; b++)
      memcpy(to + b * (size_t)y->plane + (size_t)(t * ESP_BLOCK), row + b * ESP_BLOCK,
             ESP_BLOCK * sizeof *to);
  }
}

static esp_status plan_embedding(esp_network *n, const esp_operation *op, esp__step *step,
                                 esp_error *err) {
  const esp_param *w = op->param[0];
  const size_t columns = (size_t)w->shape[1];
  float *weight;
  rows *r;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *r, &r, err));
  *r = (rows){.vocabulary = w->shape[0], .floats = esp__whole_blocks(w->shape[1])};
  ESP_TRY(
      esp__store_alloc(&n->store, (size_t)w->shape[0] * r->floats * sizeof *weight, &weight, err));
  for (size_t i = 1; i < (size_t)w->shape[0]; i++)
    memcpy(weight + i * r->floats, w->value + i * columns, columns * sizeof *weight);
  r->weight = weight;
  step->run = run_embedding;
  step->state = r;
  return ESP_OK;
}

/* ---- positions: what is added to each token, laid out as x ---- */

static void run_positions(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp__planes *own = s->state;
  k->add_planes(false, esp__extents_made(s, memory), esp__planes_at(s, s->x, memory), *own,
                esp__planes_at(s, s->y, memory));
}

static esp_status plan_positions(esp_network *n, const esp_operation *op, esp__step *step,
                                 esp_error *err) {
  const esp__place *x = &n->place[step->x];
  const int lanes = esp__place_lanes(x), width = x->shape.width, channels = x->shape.channels;
  const size_t plane = (size_t)(width * lanes);
  esp__planes *p;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *p, &p, err));
  p->row = p->plane = plane;
  ESP_TRY(esp__store_alloc(&n->store, (size_t)esp__place_planes(x) * plane * sizeof *p->at, &p->at,
                           err));
  for (int t = 0; t < width; t++)
    for (int c = 0; c < channels; c++)
      p->at[(size_t)(c / lanes) * plane + (size_t)(t * lanes + c % lanes)] =
          op->param[0]->value[(size_t)t * (size_t)channels + (size_t)c];
  step->run = run_positions;
  step->state = p;
  return ESP_OK;
}

/* ---- layer norm ---- */

static void run_norm(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  k->norm_pixels(s->state, esp__extents_made(s, memory), esp__planes_at(s, s->x, memory),
                 esp__planes_at(s, s->y, memory));
}

static bool counts_at(const esp_operation *norm, int c) {
  return norm->param[0]->value[c] != 0.0f || norm->param[1]->value[c] != 0.0f;
}

/* Channels count whose scale or shift is not 0; if there are none, all do. */
static esp_status plan_norm(esp_network *n, const esp_operation *op, esp__step *step,
                            esp_error *err) {
  const esp_param *scale = op->param[0], *shift = op->param[1];
  const int channels = (int)scale->count;
  int32_t *counts;
  esp__pixel_norm *k;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *k, &k, err));
  ESP_TRY(esp__store_alloc(&n->store, (size_t)channels * sizeof *counts, &counts, err));
  bool any = false;
  for (int c = 0; c < channels; c++) any |= counts_at(op, c);
  for (int c = 0; c < channels; c++)
    if (!any || counts_at(op, c)) counts[k->counted++] = c;
  k->counts = counts;
  ESP_TRY(copy_channels(n, scale, &k->scale, err));
  ESP_TRY(copy_channels(n, shift, &k->shift, err));
  step->run = run_norm;
  step->state = k;
  return ESP_OK;
}

/* ---- one value for a sequence ---- */

static void run_summary(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp_token_summary *kind = s->state;
  k->summarise_tokens(*kind, esp__tokens_read(s, memory),
                      esp__place_extents(esp__place_at(s, s->x)), esp__planes_at(s, s->x, memory),
                      esp__at(s, s->y, memory));
}

static esp_status plan_summary(esp_network *n, const esp_operation *op, esp__step *step,
                               esp_error *err) {
  esp_token_summary *kind;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *kind, &kind, err));
  *kind = op->attr.summary;
  step->run = run_summary;
  step->state = kind;
  return ESP_OK;
}

/* ---- products ---- */

static void run_product(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  k->multiply_planes(esp__extents_made(s, memory), esp__planes_at(s, s->x, memory),
                     esp__planes_at(s, s->more, memory), esp__planes_at(s, s->y, memory));
}

static esp_status plan_product(esp_network *n, const esp_operation *op, esp__step *step,
                               esp_error *err) {
  (void)n, (void)op, (void)err;
  step->run = run_product;
  return ESP_OK;
}

/* ---- rows: column w of channel c becomes channel c * width + w of each row's token ---- */

static void run_rows(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp__place *x = esp__place_at(s, s->x), *y = esp__place_at(s, s->y);
  const float *from = esp__at(s, s->x, memory);
  float *to = esp__at(s, s->y, memory);
  const int width = x->shape.width, step = esp__place_lanes(x);
  (void)k;
  for (int c = 0; c < y->shape.channels; c++) {
    const float *column = from + esp__place_channel(x, c / width) + c % width * step;
    float *token = to + esp__place_channel(y, c);
    for (int t = 0; t < y->shape.width; t++) token[t * esp__place_lanes(y)] = column[t * x->row];
  }
}

static esp_status plan_rows(esp_network *n, const esp_operation *op, esp__step *step,
                            esp_error *err) {
  (void)n, (void)op, (void)err;
  step->run = run_rows;
  return ESP_OK;
}

/* ---- planning ---- */

typedef esp_status plan_fn(esp_network *n, const esp_operation *op, esp__step *step,
                           esp_error *err);
static plan_fn *const plans[ESP_OPERATION_KINDS] = {
    [ESP_OPERATION_EMBEDDING] = plan_embedding,
    [ESP_OPERATION_POSITIONS] = plan_positions,
    [ESP_OPERATION_LAYERNORM] = plan_norm,
    [ESP_OPERATION_ATTENTION] = esp__plan_attention,
    [ESP_OPERATION_RECURRENT] = esp__plan_recurrent,
    [ESP_OPERATION_SUMMARY] = plan_summary,
    [ESP_OPERATION_PRODUCT] = plan_product,
    [ESP_OPERATION_ROWS] = plan_rows,
};

bool esp__is_of_sequences(const esp_operation *op) {
  return plans[op->kind];
}

esp_status esp__add_of_sequences(esp_network *n, const esp_operation *op, int x, int more, int y,
                                 esp_error *err) {
  esp__step step = {.x = x, .more = more, .y = y};
  ESP_TRY(plans[op->kind](n, op, &step, err));
  return esp__step_add(n, &step, err);
}
