/* Convolution and linear layers. y = w * x + b; dx = w^T * dy; dw = dy * x, summed over images and
 * pixels. */
#include "autograd/conv_plan.h"

static void forward(esp_graph *g, esp__node *n) {
  esp__conv_forward(g, n, n->state);
}
static void backward(esp_graph *g, esp__node *n) {
  esp__conv_backward_weights(g, n, n->state);
  if (n->param[1]) esp__conv_backward_bias(g, n, n->state);
  esp__profile_lap(g, n->index, ESP_BACKWARD_WEIGHTS);
  if (n->in[0]->grad.data) esp__conv_backward_data(g, n, n->state);
}

static esp__window window_of(const esp__node *n) {
  const esp_param *w = n->param[0];
  const esp_conv_attr a = n->attr.conv;
  const int rows = w->rank == 4 ? w->shape[2] : 1, columns = w->rank == 4 ? w->shape[3] : 1;
  return (esp__window){rows, columns, a.stride, a.padding, a.groups};
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
    .flow = ESP_FLOW_MIX, .can_fuse = true, .convolves = true                            \
  }
static const esp__op conv = CONVOLUTION("conv", ESP_OPERATION_CONV),
                     linear = CONVOLUTION("linear", ESP_OPERATION_LINEAR);

static esp_status check_conv(const esp_tensor *x, esp_conv_attr a, const esp_param *w,
                             const esp_param *b, esp_error *err) {
  if (w->rank != 4)
    return esp_fail(err, ESP_ERR_INPUT,
                    "conv: a weight of rank %d; expected (out, in / groups, kh, kw)", w->rank);
  if (a.stride < 1 || a.padding < 0 || a.groups < 1)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "conv: stride %d, padding %d, groups %d; expected stride >= 1, padding >= 0, groups >= 1",
        a.stride, a.padding, a.groups);
  if (x->channels % a.groups != 0 || w->shape[0] % a.groups != 0 ||
      w->shape[1] != x->channels / a.groups)
    return esp_fail(err, ESP_ERR_INPUT,
                    "conv: weight %dx%d, groups %d, on %d channels; groups must divide both",
                    w->shape[0], w->shape[1], a.groups, x->channels);
  if (w->shape[2] > x->height + 2 * a.padding || w->shape[3] > x->width + 2 * a.padding)
    return esp_fail(err, ESP_ERR_INPUT,
                    "conv: a kernel of %dx%d does not fit a plane of %dx%d with padding %d",
                    w->shape[2], w->shape[3], x->height, x->width, a.padding);
  if (b && b->count != (size_t)w->shape[0])
    return esp_fail(err, ESP_ERR_INPUT, "conv: %zu biases for %d outputs", b->count, w->shape[0]);
  return ESP_OK;
}

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
  esp__halo_at_least(&x->data, attr.padding);
  esp__halo_at_least(&n->out.grad,
                     esp__conv_backward_halo(&w, x->data.height, shape.height, w.rows));
  esp__halo_at_least(&n->out.grad,
                     esp__conv_backward_halo(&w, x->data.width, shape.width, w.columns));
  *y = &n->out;
  return ESP_OK;
}

esp_status esp_graph_conv(esp_graph *g, esp_value *x, esp_conv_attr attr, esp_param *weight,
                          esp_param *bias, esp_value **y, esp_error *err) {
  const esp_tensor *t = &x->data;
  ESP_TRY(check_conv(t, attr, weight, bias, err));
  const esp_shape shape = {weight->shape[0],
                           (t->height + 2 * attr.padding - weight->shape[2]) / attr.stride + 1,
                           (t->width + 2 * attr.padding - weight->shape[3]) / attr.stride + 1};
  return add(g, &conv, x, attr, weight, bias, shape, y, err);
}

esp_status esp_graph_linear(esp_graph *g, esp_value *x, esp_param *weight, esp_param *bias,
                            esp_value **y, esp_error *err) {
  const esp_tensor *t = &x->data;
  if (t->height != 1 || t->width != 1)
    return esp_fail(err, ESP_ERR_INPUT, "linear: its input is %dx%dx%d; put flatten before it",
                    t->channels, t->height, t->width);
  if (weight->rank != 2 || weight->shape[1] != t->channels ||
      (bias && bias->count != (size_t)weight->shape[0]))
    return esp_fail(err, ESP_ERR_INPUT, "linear: weight %dx%d on %d features", weight->shape[0],
                    weight->shape[1], t->channels);
  return add(g, &linear, x, (esp_conv_attr){1, 0, 1}, weight, bias,
             (esp_shape){weight->shape[0], 1, 1}, y, err);
}
