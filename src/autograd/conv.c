/* Convolution and linear layers. y = w * x + b; dx = w^T * dy; dw = dy * x, summed over images and
 * pixels. */
#include "autograd/conv_plan.h"
#include "autograd/shapes.h"
#include "autograd/tangent.h"

static void forward(esp_graph *g, esp__node *n) {
  if (esp__graph_blocks(g) > 0) esp__conv_forward(g, n, n->state);
}
static void backward(esp_graph *g, esp__node *n) {
  esp__conv_backward_weights(g, n, n->state);
  if (n->param[1]) esp__conv_backward_bias(g, n, n->state);
  esp__profile_lap(g, n->index, ESP_BACKWARD_WEIGHTS);
  if (n->in[0]->grad.data && esp__graph_blocks(g) > 0) esp__conv_backward_data(g, n, n->state);
}

static esp__window window_of(const esp__node *n) {
  const esp_param *w = n->param[0];
  const esp_conv_attr a = n->attr.conv;
  const int rows = w->rank == 4 ? w->shape[2] : 1, columns = w->rank == 4 ? w->shape[3] : 1;
  return (esp__window){{rows, a.stride.rows, a.padding.rows},
                       {columns, a.stride.columns, a.padding.columns},
                       a.groups};
}

static esp_status plan(esp_graph *g, esp__node *n, esp_error *err) {
  esp__conv_plan *c = NULL;
  ESP_TRY(esp__conv_plan_make(g, n, window_of(n), &c, err));
  n->state = c;
  return ESP_OK;
}

#define CONVOLUTION(what, which)                                                         \
  {                                                                                      \
    .name = what, .kind = which, .plan = plan, .forward = forward, .backward = backward, \
    .tangent = &esp__tangent_convolution, .flow = ESP_FLOW_MIX, .can_fuse = true,        \
    .convolves = true                                                                    \
  }
static const esp__op conv = CONVOLUTION("conv", ESP_OPERATION_CONV),
                     linear = CONVOLUTION("linear", ESP_OPERATION_LINEAR);

/* Adds the node and asks for the zeros it will read around its input and around its output's
 * gradient. */
static esp_status add(esp_graph *g, const esp__op *op, esp_value *x, esp_conv_attr attr,
                      esp_param *weight, esp_param *bias, esp_shape shape, esp_value **y,
                      esp_error *err) {
  esp__node *n;
  ESP_TRY(esp__node_add(g, op, x, NULL, shape, &n, err));
  n->out.needs_grad = true;
  n->attr.conv = attr;
  n->param[0] = weight;
  n->param[1] = bias;
  const esp__window w = window_of(n);
  esp__halo_at_least(&x->data, attr.padding.rows);
  esp__halo_at_least(&x->data, attr.padding.columns);
  esp__halo_at_least(&n->out.grad, esp__conv_backward_halo(w.rows, x->data.height, shape.height));
  esp__halo_at_least(&n->out.grad, esp__conv_backward_halo(w.columns, x->data.width, shape.width));
  *y = &n->out;
  return ESP_OK;
}

esp_status esp_graph_conv(esp_graph *g, esp_value *x, esp_conv_attr attr, esp_param *weight,
                          esp_param *bias, esp_value **y, esp_error *err) {
  esp_shape shape;
  ESP_TRY(esp__shape_conv(esp__shape_of(&x->data), attr, weight, bias, &shape, err));
  return add(g, &conv, x, attr, weight, bias, shape, y, err);
}

esp_status esp_graph_linear(esp_graph *g, esp_value *x, esp_param *weight, esp_param *bias,
                            esp_value **y, esp_error *err) {
  esp_shape shape;
  ESP_TRY(esp__shape_linear(esp__shape_of(&x->data), weight, bias, &shape, err));
  return add(g, &linear, x, (esp_conv_attr){{1, 1}, {0, 0}, 1}, weight, bias, shape, y, err);
}
