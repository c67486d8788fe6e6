/* How long sequences are, and which of their tokens need not be made. */
#include "predict/values.h"

#include "autograd/shapes.h"

/* A window that changes lengths, over a plane of so many tokens. */
typedef struct window {
  esp__token_window of;
  int width;
} window;

struct esp__length {
  int vocabulary, width; /* of what the network reads */
  int windows;
  window *window; /* in the order in which they slide */
};

static bool keeps_length(esp__token_window w) {
  return w.taps == 1 && w.stride == 1 && w.padding == 0;
}

/* The operation that decides the length of value v: a window that changes it; or, with a window of
 * no taps, an embedding or what fills its plane. */
static int decides(const esp__operations *ops, int v, esp__token_window *w) {
  for (;; v = ops->item[v].input[0]) {
    const esp_operation *op = &ops->item[v];
    const bool tokens = op->kind != ESP_OPERATION_EMBEDDING && op->kind != ESP_OPERATION_INPUT &&
                        esp__shape_token_window(op, ops->item[op->input[0]].shape, w);
    if (!tokens) *w = (esp__token_window){0};
    if (!tokens || !keeps_length(*w)) return v;
  }
}

/* Whether sequences are as long in one value as in the other, whatever the network reads. */
static bool same_length(const esp__operations *ops, int a, int b) {
  for (;;) {
    esp__token_window v, w;
    a = decides(ops, a, &v);
    b = decides(ops, b, &w);
    const esp_operation *x = &ops->item[a], *y = &ops->item[b];
    if (a == b || (x->kind == ESP_OPERATION_EMBEDDING && y->kind == x->kind)) return true;
    if (v.taps == 0 || v.taps != w.taps || v.stride != w.stride || v.padding != w.padding ||
        x->shape.width != y->shape.width)
      return false;
    a = x->input[0];
    b = y->input[0];
  }
}

esp_status esp__length_of(esp_network *n, const esp__operations *ops, int v,
                          const esp__length **length, esp_error *err) {
  esp__token_window w;
  esp__length *l;
  int count = 0, at = decides(ops, v, &w);
  *length = NULL;
  for (; w.taps > 0; at = decides(ops, ops->item[at].input[0], &w)) count++;
  if (ops->item[at].kind != ESP_OPERATION_EMBEDDING) return ESP_OK;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *l, &l, err));
  *l = (esp__length){n->input.vocabulary, n->input.width, count, NULL};
  ESP_TRY(esp__store_alloc(&n->store, (size_t)count * sizeof *l->window, &l->window, err));
  at = decides(ops, v, &w);
  for (; w.taps > 0; at = decides(ops, ops->item[at].input[0], &w))
    l->window[--count] = (window){w, ops->item[at].shape.width};
  *length = l;
  return ESP_OK;
}

/* ---- tokens that nothing needs ---- */

/* Whether a token of what an operation makes is made of that token of what it reads. */
static bool treats_alone(const esp__operations *ops, const esp_operation *op) {
  const esp_shape in = ops->item[op->input[0]].shape;
  esp__token_window w;
  switch (op->kind) {
    case ESP_OPERATION_CONV:
    case ESP_OPERATION_LINEAR:
    case ESP_OPERATION_BATCHNORM:
    case ESP_OPERATION_ACTIVATION:
    case ESP_OPERATION_CUSTOM_ACTIVATION:
    case ESP_OPERATION_FATRELU:
    case ESP_OPERATION_ADD:
    case ESP_OPERATION_PRODUCT:
    case ESP_OPERATION_CONCAT:
    case ESP_OPERATION_POSITIONS:
    case ESP_OPERATION_LAYERNORM:
    case ESP_OPERATION_ATTENTION: /* its queries */
      return esp__shape_token_window(op, in, &w) && keeps_length(w) &&
             (op->input[1] < 0 || same_length(ops, op->input[0], op->input[1]));
    default:
      return false;
  }
}

/* What reads no token behind the end of a sequence. */
static bool stops_at_end(const esp_operation *op) {
  return op->kind == ESP_OPERATION_RECURRENT || op->kind == ESP_OPERATION_SUMMARY;
}

void esp__find_whole(esp__lowering *l) {
  const esp__operations *ops = l->ops;
  l->whole[ops->output] = true;
  for (int i = ops->count - 1; i >= 0; i--) {
    const esp_operation *op = &ops->item[i];
    const bool whole =
        op->input[0] >= 0 && !stops_at_end(op) && (l->whole[i] || !treats_alone(ops, op));
    for (int k = 0; k < 2; k++)
      if (op->input[k] >= 0) l->whole[op->input[k]] |= whole;
  }
}

esp_status esp__begin_unit(esp__lowering *l, const esp__unit *u, esp_error *err) {
  esp_network *n = l->network;
  const esp_operation *op = &l->ops->item[u->operation];
  n->length = NULL;
  n->partly = false;
  if (n->input.vocabulary == 0 || op->input[0] < 0) return ESP_OK;
  ESP_TRY(esp__length_of(n, l->ops, op->input[0], &n->length, err));
  n->partly = n->length && !l->whole[u->out] && treats_alone(l->ops, op);
  return ESP_OK;
}

/* ---- while the network runs ---- */

int esp__token_of(float value, int vocabulary) {
  enum { UNKNOWN = 1 };
  return value >= 0.0f && value < (float)vocabulary ? (int)value : UNKNOWN;
}

/* Without any token a sequence is one long. */
static int tokens_given(const esp__length *l, const float *token) {
  int count = l->width;
  while (count > 1 && esp__token_of(token[count - 1], l->vocabulary) == 0) count--;
  return count;
}

int esp__tokens_read(const esp__step *s, float *memory) {
  const esp__length *l = s->length;
  if (!l) return esp__place_at(s, s->x)->shape.width;
  int count = tokens_given(l, esp__at(s, s->network->in, memory));
  for (int i = 0; i < l->windows; i++)
    count = esp__window_length(l->window[i].of, count, l->window[i].width);
  return count;
}

int esp__tokens_made(const esp__step *s, float *memory) {
  return s->partly ? esp__tokens_read(s, memory) : esp__place_at(s, s->y)->shape.width;
}

esp__extents esp__extents_made(const esp__step *s, float *memory) {
  esp__extents e = esp__place_extents(esp__place_at(s, s->x));
  if (s->partly) e.columns = esp__tokens_made(s, memory);
  return e;
}
