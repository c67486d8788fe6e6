/* What an operation needs of the shapes that meet in it, and the shape that it makes: the same for
 * every engine. Each fails with a sentence when shapes do not fit. */
#ifndef ESP_AUTOGRAD_SHAPES_H
#define ESP_AUTOGRAD_SHAPES_H

#include <espalier/graph.h>

esp_status esp__shape_conv(esp_shape x, esp_conv_attr a, const esp_param *w, const esp_param *b,
                           esp_shape *y, esp_error *err);
esp_status esp__shape_linear(esp_shape x, const esp_param *w, const esp_param *b, esp_shape *y,
                             esp_error *err);
esp_status esp__shape_batchnorm(esp_shape x, const esp_bn_params *params, esp_error *err);
/* `name` begins the message: "maxpool" or "avgpool". */
esp_status esp__shape_pool(const char *name, esp_shape x, esp_pool_attr a, esp_shape *y,
                           esp_error *err);
esp_status esp__shape_reshape(esp_shape x, esp_reshape_attr a, esp_shape *y, esp_error *err);
/* Which of `values` values comes to place `i` when they are transposed as a matrix of `rows`
 * rows. */
static inline int esp__transposed_from(int i, int rows, int values) {
  return i % rows * (values / rows) + i / rows;
}
esp_status esp__shape_add(esp_shape a, esp_shape b, esp_error *err);
esp_status esp__shape_concat(esp_shape a, esp_shape b, esp_shape *y, esp_error *err);
esp_status esp__shape_subsample(esp_shape x, int channels, int stride, esp_shape *y,
                                esp_error *err);
esp_status esp__shape_top_k(esp_shape x, esp_top_k_attr a, esp_error *err);
esp_status esp__shape_gate(esp_shape x, esp_shape by, esp_error *err);
esp_status esp__shape_fatrelu(esp_fatrelu_attr a, esp_error *err);
esp_status esp__shape_embedding(esp_shape x, const esp_param *w, esp_shape *y, esp_error *err);
esp_status esp__shape_positions(esp_shape x, const esp_param *w, esp_error *err);
esp_status esp__shape_layernorm(esp_shape x, const esp_param *scale, const esp_param *shift,
                                esp_error *err);
esp_status esp__shape_attention(esp_shape x, esp_attention_attr a, esp_shape *y, esp_error *err);
esp_status esp__shape_recurrent(esp_shape x, esp_recurrent_attr a, const esp_param *w,
                                const esp_param *b, esp_shape *y, esp_error *err);
esp_status esp__shape_summary(esp_shape x, esp_shape *y, esp_error *err);

/* A window that slides over a sequence, padded on both sides. */
typedef struct esp__token_window {
  int taps, stride, padding;
} esp__token_window;
/* The window by which an operation makes tokens of those that it reads first; one of a single token
 * where it keeps the length. False: its pixels are no tokens, so they fill its plane. */
bool esp__shape_token_window(const esp_operation *op, esp_shape in, esp__token_window *window);
/* What it leaves of `length` tokens, in a plane of so many. */
int esp__window_length(esp__token_window window, int length, int width);

#endif
