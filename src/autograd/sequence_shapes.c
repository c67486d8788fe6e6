/* Shapes of operations on sequences. */
#include "autograd/shapes.h"

#include "base/integer.h"

static esp_status check_sequence(const char *name, esp_shape x, esp_error *err) {
  if (x.height == 1) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: its input is %dx%dx%d; expected a sequence, of height 1: 'rows' makes a "
                  "token of each row",
                  name, x.channels, x.height, x.width);
}

esp_status esp__shape_embedding(esp_shape x, const esp_param *w, esp_shape *y, esp_error *err) {
  if (x.vocabulary == 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "embedding: what it reads are no tokens; expected the first layer of a network "
                    "for texts");
  if (w->rank != 2 || w->shape[0] != x.vocabulary)
    return esp_fail(err, ESP_ERR_INPUT, "embedding: weight %dx%d for %d tokens", w->shape[0],
                    w->shape[1], x.vocabulary);
  *y = (esp_shape){w->shape[1], 1, x.width};
  return ESP_OK;
}

esp_status esp__shape_positions(esp_shape x, const esp_param *w, esp_error *err) {
  ESP_TRY(check_sequence("positions", x, err));
  if (w->rank == 2 && w->shape[0] == x.width && w->shape[1] == x.channels) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "positions: weight %dx%d for %d tokens of %d channels",
                  w->shape[0], w->shape[1], x.width, x.channels);
}

esp_status esp__shape_layernorm(esp_shape x, const esp_param *scale, const esp_param *shift,
                                esp_error *err) {
  if (scale->count == (size_t)x.channels && shift->count == (size_t)x.channels) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "layernorm: %zu scales and %zu shifts for %d channels",
                  scale->count, shift->count, x.channels);
}

esp_status esp__shape_attention(esp_shape x, esp_attention_attr a, esp_shape *y, esp_error *err) {
  ESP_TRY(check_sequence("attention", x, err));
  if (a.heads < 1 || x.channels % 3 || x.channels / 3 % a.heads)
    return esp_fail(err, ESP_ERR_INPUT,
                    "attention: %d channels for %d heads; expected queries, keys and values, each "
                    "of a multiple of the heads",
                    x.channels, a.heads);
  *y = (esp_shape){x.channels / 3, 1, x.width};
  return ESP_OK;
}

esp_status esp__shape_recurrent(esp_shape x, esp_recurrent_attr a, const esp_param *w,
                                const esp_param *b, esp_shape *y, esp_error *err) {
  const int gates = a.cell == ESP_CELL_LSTM ? 4 : 3;
  ESP_TRY(check_sequence(a.cell == ESP_CELL_LSTM ? "lstm" : "gru", x, err));
  if (w->rank != 2 || w->shape[0] != x.channels || w->shape[1] * gates != x.channels ||
      (b && b->count != (size_t)x.channels))
    return esp_fail(err, ESP_ERR_INPUT, "recurrent: weight %dx%d on %d sums of %d gates",
                    w->shape[0], w->shape[1], x.channels, gates);
  *y = (esp_shape){w->shape[1], 1, x.width};
  return ESP_OK;
}

esp_status esp__shape_summary(esp_shape x, esp_shape *y, esp_error *err) {
  ESP_TRY(check_sequence("summary", x, err));
  *y = (esp_shape){x.channels, 1, 1};
  return ESP_OK;
}

bool esp__shape_token_window(const esp_operation *op, esp_shape in, esp__token_window *window) {
  const esp_conv_attr c = op->attr.conv;
  const esp_pool_attr p = op->attr.pool;
  *window = (esp__token_window){1, 1, 0};
  if (op->kind == ESP_OPERATION_RESHAPE || op->shape.height > 1 || in.height > 1) return false;
  if (op->kind == ESP_OPERATION_CONV)
    *window = (esp__token_window){op->param[0]->shape[3], c.stride.columns, c.padding.columns};
  else if (op->kind == ESP_OPERATION_MAXPOOL || op->kind == ESP_OPERATION_AVGPOOL)
    *window = (esp__token_window){p.size ? p.size : in.width, p.stride, p.padding};
  else
    return op->shape.width == in.width;
  return true;
}

int esp__window_length(esp__token_window w, int length, int width) {
  const int room = length + 2 * w.padding - w.taps, steps = room < 0 ? 1 : room / w.stride + 1;
  return esp__least(steps, width);
}
