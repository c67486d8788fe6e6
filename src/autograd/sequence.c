#include "autograd/sequence.h"

static void fill(int width, int32_t length[ESP_LANES]) {
  for (int l = 0; l < ESP_LANES; l++) length[l] = width;
}

/* What is left of a sequence, padded on both sides, by a window of so many tokens. */
static void slide(int taps, int stride, int padding, int width, int32_t length[ESP_LANES]) {
  for (int l = 0; l < ESP_LANES; l++) {
    const int room = length[l] + 2 * padding - taps, steps = room < 0 ? 1 : room / stride + 1;
    length[l] = esp__least(steps, width);
  }
}

void esp__sequence_lengths(const esp_value *v, int block, int32_t length[ESP_LANES]) {
  const esp__node *n = esp__maker_of(v);
  const int width = v->data.width;
  if (n->op->kind == ESP_OPERATION_EMBEDDING) {
    for (int l = 0; l < ESP_LANES; l++)
      length[l] = esp__embedding_lengths(n)[block * ESP_LANES + l];
    return;
  }
  const bool same = n->op->kind != ESP_OPERATION_RESHAPE, /* pixels are tokens still */
      conv = n->op->kind == ESP_OPERATION_CONV,
             pool = n->op->kind == ESP_OPERATION_MAXPOOL || n->op->kind == ESP_OPERATION_AVGPOOL;
  if (!n->in[0] || !same || v->data.height > 1 || n->in[0]->data.height > 1 ||
      (!conv && !pool && n->in[0]->data.width != width)) {
    fill(width, length);
    return;
  }
  esp__sequence_lengths(n->in[0], block, length);
  const esp_conv_attr c = n->attr.conv;
  const esp_pool_attr p = n->attr.pool;
  if (conv) slide(n->param[0]->shape[3], c.stride.columns, c.padding.columns, width, length);
  if (pool) slide(p.size ? p.size : n->in[0]->data.width, p.stride, p.padding, width, length);
}
