#include "autograd/sequence.h"
#include "autograd/shapes.h"

static void fill(int width, int32_t length[ESP_LANES]) {
  for (int l = 0; l < ESP_LANES; l++) length[l] = width;
}

void esp__sequence_lengths(const esp_value *v, int block, int32_t length[ESP_LANES]) {
  const esp__node *n = esp__maker_of(v);
  const int width = v->data.width;
  if (n->op->kind == ESP_OPERATION_EMBEDDING) {
    for (int l = 0; l < ESP_LANES; l++)
      length[l] = esp__embedding_lengths(n)[block * ESP_LANES + l];
    return;
  }
  esp__token_window window;
  const esp_operation op = {.kind = n->op->kind,
                            .attr = n->attr,
                            .shape = esp__shape_of(&v->data),
                            .param = {n->param[0]}};
  if (!n->in[0] || !esp__shape_token_window(&op, esp__shape_of(&n->in[0]->data), &window)) {
    fill(width, length);
    return;
  }
  esp__sequence_lengths(n->in[0], block, length);
  for (int l = 0; l < ESP_LANES; l++) length[l] = esp__window_length(window, length[l], width);
}
