/* Embedding: a row of the weight for each token. Padding gets zeros, and its row no gradient. What
 * is no number of the vocabulary counts as the word that is not known.
 *
 * The gradient of a row is the sum over the tokens that are it: blocks of images in order, in a
 * block pixels in order, of a pixel the images in order; then the parts (partials.h). */
#include "autograd/exchange.h"
#include "autograd/partials.h"
#include "autograd/sequence.h"
#include "autograd/shapes.h"

#include <string.h>

typedef struct state {
  int32_t *token;  /* [blocks][width][16] of the current batch; 0 = padding */
  int32_t *length; /* [blocks][16] */
  esp__exchange *exchange;
} state;

const int32_t *esp__embedding_lengths(const esp__node *n) {
  const state *s = n->state;
  return s->length;
}

static esp_status plan(esp_graph *g, esp__node *n, esp_error *err) {
  const esp_tensor *y = &n->out.data;
  const size_t lanes = (size_t)y->blocks * ESP_LANES;
  state *s;
  ESP_TRY(esp__graph_alloc(g, sizeof *s, &s, err));
  n->state = s;
  ESP_TRY(esp__graph_alloc(g, lanes * (size_t)y->width * sizeof *s->token, &s->token, err));
  ESP_TRY(esp__graph_alloc(g, lanes * sizeof *s->length, &s->length, err));
  if (!n->out.grad.data) return ESP_OK;
  const int parts = g->shares.split.end - g->shares.split.first;
  esp__graph_reserve_scratch(g, 0, (size_t)parts * n->param[0]->count * sizeof(float));
  return esp__exchange_plan(g, n->param[0], n->index, &s->exchange, err);
}

/* ---- forward ---- */

static int32_t token_of(float value, int vocabulary) {
  enum { UNKNOWN = 1 };
  const bool known = value >= 0.0f && value < (float)vocabulary;
  return known ? (int32_t)value : UNKNOWN;
}

/* Reads the tokens of a block. A sequence without any is taken to be one long. */
static void read_tokens(const esp__node *n, int block) {
  const state *s = n->state;
  const int width = n->out.data.width, vocabulary = n->param[0]->shape[0];
  const float *x = esp_plane(&n->in[0]->data, block, 0);
  int32_t *token = s->token + (size_t)(block * width) * ESP_LANES,
          *length = s->length + (size_t)block * ESP_LANES;
  for (int l = 0; l < ESP_LANES; l++) length[l] = 1;
  for (int t = 0; t < width; t++)
    for (int l = 0; l < ESP_LANES; l++) {
      const int i = t * ESP_LANES + l;
      token[i] = token_of(x[i], vocabulary);
      if (token[i]) length[l] = t + 1;
    }
}

static const int32_t *tokens_of(const esp__node *n, int block) {
  const state *s = n->state;
  return s->token + (size_t)(block * n->out.data.width) * ESP_LANES;
}

static void look_up(const esp__node *n, int block, int c) {
  const esp_param *w = n->param[0];
  const size_t columns = (size_t)w->shape[1];
  const int32_t *token = tokens_of(n, block);
  float *y = esp_plane(&n->out.data, block, c);
  for (int i = 0; i < n->out.data.width * ESP_LANES; i++)
    y[i] = token[i] ? w->value[(size_t)token[i] * columns + (size_t)c] : 0.0f;
}

static void forward(esp_graph *g, esp__node *n) {
  const int planes = esp__graph_planes(g, &n->out.data);
  for (int block = 0; block < esp__graph_blocks(g); block++) read_tokens(n, block);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(&n->out.data, i);
    look_up(n, at.block, at.channel);
  }
}

/* ---- backward ---- */

/* Adds what the images of a part give to column c. */
static void scatter(const esp__node *n, esp__block_range part, int c, float *sum) {
  const size_t columns = (size_t)n->param[0]->shape[1];
  for (int block = part.begin; block < part.end; block++) {
    const int32_t *token = tokens_of(n, block);
    const float *dy = esp_plane(&n->out.grad, block, c);
    for (int i = 0; i < n->out.grad.width * ESP_LANES; i++)
      if (token[i]) sum[(size_t)token[i] * columns + (size_t)c] += dy[i];
  }
}

/* Where a part's sums go: of a single one they are the gradient. */
static float *sums_of(const esp_graph *g, const esp_param *w, int part) {
  return esp__graph_chunks(g, esp__split_part_blocks(&g->shares.split)) == 1
             ? w->grad
             : (float *)g->workspace + (size_t)part * w->count;
}

static void sum_parts(esp_graph *g, const esp__node *n) {
  const esp_param *w = n->param[0];
  for (int i = 0; i < g->shares.parts; i++) {
    float *sum = sums_of(g, w, i);
    memset(sum, 0, w->count * sizeof *sum);
#pragma omp parallel for schedule(static) num_threads(g->threads)
    for (int c = 0; c < w->shape[1]; c++) scatter(n, esp__graph_part(g, i), c, sum);
  }
}

static void backward(esp_graph *g, esp__node *n) {
  const state *s = n->state;
  esp_param *w = n->param[0];
  const esp__partials partials = {g->workspace, w->count, esp__split_part_blocks(&g->shares.split)};
  sum_parts(g, n);
  for (int k = 0; g->shares.parts > 0 && sums_of(g, w, 0) != w->grad && k < g->shares.own_spans;
       k++)
    esp__partials_add_run(g, &partials, k, 0, w->count, esp__exchange_target(s->exchange, w, k));
  esp__exchange_begin(g, s->exchange);
  esp__profile_lap(g, n->index, ESP_BACKWARD_WEIGHTS);
}

static const esp__op embedding = {.name = "embedding",
                                  .kind = ESP_OPERATION_EMBEDDING,
                                  .plan = plan,
                                  .forward = forward,
                                  .backward = backward,
                                  .flow = ESP_FLOW_LOOKUP};

esp_status esp_graph_embedding(esp_graph *g, esp_value *x, esp_param *weight, esp_value **y,
                               esp_error *err) {
  esp__node *n;
  esp_shape shape;
  ESP_TRY(esp__shape_embedding(esp_value_shape(x), weight, &shape, err));
  ESP_TRY(esp__node_add(g, &embedding, x, NULL, shape, &n, err));
  n->out.needs_grad = true;
  n->param[0] = weight;
  *y = &n->out;
  return ESP_OK;
}
