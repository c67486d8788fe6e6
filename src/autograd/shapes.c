#include "autograd/shapes.h"

static esp_status check_window(esp_shape x, esp_conv_attr a, const esp_param *w, esp_error *err) {
  if (x.channels % a.groups != 0 || w->shape[0] % a.groups != 0 ||
      w->shape[1] != x.channels / a.groups)
    return esp_fail(err, ESP_ERR_INPUT,
                    "conv: weight %dx%d, groups %d, on %d channels; groups must divide both",
                    w->shape[0], w->shape[1], a.groups, x.channels);
  if (w->shape[2] > x.height + 2 * a.padding.rows || w->shape[3] > x.width + 2 * a.padding.columns)
    return esp_fail(err, ESP_ERR_INPUT,
                    "conv: a kernel of %dx%d does not fit a plane of %dx%d with padding %dx%d",
                    w->shape[2], w->shape[3], x.height, x.width, a.padding.rows, a.padding.columns);
  return ESP_OK;
}

esp_status esp__shape_conv(esp_shape x, esp_conv_attr a, const esp_param *w, const esp_param *b,
                           esp_shape *y, esp_error *err) {
  if (w->rank != 4)
    return esp_fail(err, ESP_ERR_INPUT,
                    "conv: a weight of rank %d; expected (out, in / groups, kh, kw)", w->rank);
  if (a.stride.rows < 1 || a.stride.columns < 1 || a.padding.rows < 0 || a.padding.columns < 0 ||
      a.groups < 1)
    return esp_fail(err, ESP_ERR_INPUT,
                    "conv: stride %dx%d, padding %dx%d, groups %d; expected stride >= 1, padding "
                    ">= 0, groups >= 1",
                    a.stride.rows, a.stride.columns, a.padding.rows, a.padding.columns, a.groups);
  ESP_TRY(check_window(x, a, w, err));
  if (b && b->count != (size_t)w->shape[0])
    return esp_fail(err, ESP_ERR_INPUT, "conv: %zu biases for %d outputs", b->count, w->shape[0]);
  *y = (esp_shape){w->shape[0], (x.height + 2 * a.padding.rows - w->shape[2]) / a.stride.rows + 1,
                   (x.width + 2 * a.padding.columns - w->shape[3]) / a.stride.columns + 1};
  return ESP_OK;
}

esp_status esp__shape_linear(esp_shape x, const esp_param *w, const esp_param *b, esp_shape *y,
                             esp_error *err) {
  if (x.height != 1)
    return esp_fail(err, ESP_ERR_INPUT, "linear: its input is %dx%dx%d; put flatten before it",
                    x.channels, x.height, x.width);
  if (w->rank != 2 || w->shape[1] != x.channels || (b && b->count != (size_t)w->shape[0]))
    return esp_fail(err, ESP_ERR_INPUT, "linear: weight %dx%d on %d features", w->shape[0],
                    w->shape[1], x.channels);
  *y = (esp_shape){w->shape[0], x.height, x.width};
  return ESP_OK;
}

esp_status esp__shape_batchnorm(esp_shape x, const esp_bn_params *params, esp_error *err) {
  const esp_param *each[] = {params->scale, params->shift, params->mean, params->var};
  for (int i = 0; i < 4; i++)
    if (each[i]->count != (size_t)x.channels)
      return esp_fail(err, ESP_ERR_INPUT, "batch norm: '%s' has %zu values for %d channels",
                      each[i]->name, each[i]->count, x.channels);
  return ESP_OK;
}

esp_status esp__shape_pool(const char *name, esp_shape x, esp_pool_attr a, esp_shape *y,
                           esp_error *err) {
  if (a.size < 1 || a.stride < 1 || a.padding < 0 || a.padding >= a.size)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%s: size %d, stride %d, padding %d; expected size >= 1, stride >= 1, 0 <= padding < size",
        name, a.size, a.stride, a.padding);
  if (a.size > x.height + 2 * a.padding || a.size > x.width + 2 * a.padding)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: a window of %d does not fit a plane of %dx%d with padding %d", name,
                    a.size, x.height, x.width, a.padding);
  *y = (esp_shape){x.channels, (x.height + 2 * a.padding - a.size) / a.stride + 1,
                   (x.width + 2 * a.padding - a.size) / a.stride + 1};
  return ESP_OK;
}

esp_status esp__shape_reshape(esp_shape x, esp_reshape_attr a, esp_shape *y, esp_error *err) {
  const int64_t values = (int64_t)x.channels * x.height * x.width;
  if (a.planes < 1 || a.transpose < 1 || values > 1 << 24)
    return esp_fail(err, ESP_ERR_INPUT,
                    "reshape: %d planes, transpose %d, of %dx%dx%d; expected both to be 1 or more, "
                    "and at most 16M values",
                    a.planes, a.transpose, x.channels, x.height, x.width);
  if (values % a.planes != 0 || values % a.transpose != 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "reshape: %d planes, transpose %d, of %dx%dx%d; expected both to divide its %d "
                    "values",
                    a.planes, a.transpose, x.channels, x.height, x.width, (int)values);
  *y = (esp_shape){a.planes, 1, (int)values / a.planes};
  return ESP_OK;
}

esp_status esp__shape_add(esp_shape a, esp_shape b, esp_error *err) {
  if (a.channels == b.channels && a.height == b.height && a.width == b.width) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "add: the branches are %dx%dx%d and %dx%dx%d; expected the same shape",
                  a.channels, a.height, a.width, b.channels, b.height, b.width);
}

esp_status esp__shape_concat(esp_shape a, esp_shape b, esp_shape *y, esp_error *err) {
  *y = (esp_shape){a.channels + b.channels, a.height, a.width};
  if (a.height == b.height && a.width == b.width) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "concat: the branches are %dx%dx%d and %dx%dx%d; expected the same height and width",
      a.channels, a.height, a.width, b.channels, b.height, b.width);
}

esp_status esp__shape_subsample(esp_shape x, int channels, int stride, esp_shape *y,
                                esp_error *err) {
  if (channels < x.channels || stride < 1)
    return esp_fail(err, ESP_ERR_INPUT,
                    "subsample: %d channels, stride %d; expected at least %d channels and stride 1",
                    channels, stride, x.channels);
  *y = (esp_shape){channels, (x.height - 1) / stride + 1, (x.width - 1) / stride + 1};
  return ESP_OK;
}

esp_status esp__shape_top_k(esp_shape x, esp_top_k_attr a, esp_error *err) {
  if (x.height != 1 || x.width != 1)
    return esp_fail(err, ESP_ERR_INPUT,
                    "winners: the input is %dx%dx%d; expected a number per channel", x.channels,
                    x.height, x.width);
  if (a.keep >= 1 && a.keep <= x.channels && a.penalty >= 0.0f && a.penalty < 1e30f) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "winners: keep %d, penalty %g; expected to keep 1 to %d, and a penalty of 0 or more", a.keep,
      (double)a.penalty, x.channels);
}

esp_status esp__shape_gate(esp_shape x, esp_shape by, esp_error *err) {
  if (by.channels == x.channels && by.height == 1 && by.width == 1) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "gate: %dx%dx%d numbers for %d channels; expected one for each", by.channels,
                  by.height, by.width, x.channels);
}

esp_status esp__shape_fatrelu(esp_fatrelu_attr a, esp_error *err) {
  if (a.threshold >= 0.0f && a.threshold < 1e30f && a.share >= 0.0f && a.share < 1.0f)
    return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "fatrelu: threshold %g, share %g; expected a threshold of 0 or more, "
                  "a share of 0 to below 1",
                  (double)a.threshold, (double)a.share);
}
