/* Lists for the correlation kernels, made once, and the loops over blocks, groups and threads that run them.
 *
 * Convolution and linear layers are both this: a linear layer has one tap and planes of one pixel. */
#ifndef ESP_CORRELATION_H
#define ESP_CORRELATION_H

#include "autograd/node.h"

/* The window that slides over the input. */
typedef struct esp_window {
  int rows, columns, stride, padding, groups;
} esp_window;

/* Where the output gradient must have zeros around it so that every tap of the backward pass finds something.
 */
int esp_correlation_back_halo(const esp_window *w, int in, int out, int kernel);

/* The lists and buffers of one layer. All tensors have memory and final halos. */
typedef struct esp_correlation esp_correlation;
esp_status esp_correlation_plan(esp_graph *g, esp_node *n, esp_window w, esp_correlation **plan,
                                esp_error *err);

/* n: in[0], out, param[0] = weight, param[1] = bias or NULL. */
void esp_correlation_forward(esp_graph *g, esp_node *n, esp_correlation *c);
void esp_correlation_backward(esp_graph *g, esp_node *n, esp_correlation *c);

#endif
