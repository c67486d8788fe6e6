/* Two factors of a weight matrix A (inputs of the first layer x outputs of the second), by singular
 * values. If the layer is cut into rows and columns, p is an input and a row of the kernel, q an
 * output and a column. */
#include "compress/factorise/matrix.h"

/* Where A[p][q] stands among the weights (O, I, K, L). */
static esp__factor_matrix matrix_of(const esp__factor_layer *l) {
  const esp_param *w = l->layer->weight;
  const int inputs = w->shape[1] * l->rows;
  return (esp__factor_matrix){
      .weight = w->value,
      .p = {1, {inputs}, {(size_t)l->columns}},
      .q = {2, {w->shape[0], l->columns}, {(size_t)inputs * (size_t)l->columns, 1}}};
}

static esp_status analyse(const esp__factor_layer *l, esp__factor_analysis *a, esp_error *err) {
  const esp__factor_matrix m = matrix_of(l);
  return esp__factor_decompose(&m, l->layer->name, 0, a, err);
}

static esp_status fill(const esp__factor_layer *l, const esp__factor_analysis *a, const int *rank,
                       const esp_layer *made, esp_error *err) {
  const esp__factor_matrix m = matrix_of(l);
  (void)err;
  esp__factor_fill_two(&m, a, rank[0], made[0].weight->value, made[1].weight->value);
  return ESP_OK;
}

static int two_layers(const esp__factor_layer *l) {
  (void)l;
  return 2;
}

/* ---- linear layers and 1x1 convolutions ---- */

static bool svd_fits(const esp__factor_layer *l) {
  return l->attr.groups == 1 && l->rows == 1 && l->columns == 1;
}

static double pixels(esp_shape s) {
  return (double)s.height * s.width;
}

/* The first layer makes the pixels that the second reads. */
static esp__factor_cost svd_cost(const esp__factor_layer *l, const int *rank) {
  const double weights = (double)rank[0] * (l->in.channels + l->out.channels);
  return (esp__factor_cost){weights, weights * pixels(l->out)};
}

static void svd_write(const esp__factor_layer *l, const int *rank, const char *bias, FILE *out) {
  if (l->linear) {
    fprintf(out, "linear %d nobias\nlinear %d %s", rank[0], l->out.channels, bias);
    return;
  }
  fprintf(out, "conv %d 1x1 stride %dx%d pad %dx%d nobias\nconv %d 1x1 %s", rank[0],
          l->attr.stride.rows, l->attr.stride.columns, l->attr.padding.rows,
          l->attr.padding.columns, l->out.channels, bias);
}

const esp__factor_method esp__factor_svd = {
    .name = "svd",
    .help = "two linear layers, or two 1x1 convolutions: truncated singular values",
    .fits = svd_fits,
    .analyse = analyse,
    .cost = svd_cost,
    .layers = two_layers,
    .write = svd_write,
    .fill = fill,
};

/* ---- rows, then columns ---- */

static bool spatial_fits(const esp__factor_layer *l) {
  return l->attr.groups == 1 && l->rows > 1 && l->columns > 1;
}

/* The first layer steps along rows only. */
static esp__factor_cost spatial_cost(const esp__factor_layer *l, const int *rank) {
  const double first = (double)rank[0] * l->in.channels * l->rows,
               second = (double)rank[0] * l->out.channels * l->columns;
  return (esp__factor_cost){first + second,
                            first * l->out.height * l->in.width + second * pixels(l->out)};
}

static void spatial_write(const esp__factor_layer *l, const int *rank, const char *bias,
                          FILE *out) {
  const esp_pair stride = l->attr.stride, padding = l->attr.padding;
  fprintf(out, "conv %d %dx1 stride %dx1 pad %dx0 nobias\nconv %d 1x%d stride 1x%d pad 0x%d %s",
          rank[0], l->rows, stride.rows, padding.rows, l->out.channels, l->columns, stride.columns,
          padding.columns, bias);
}

const esp__factor_method esp__factor_spatial = {
    .name = "spatial",
    .help = "a convolution along rows and one along columns (Jaderberg et al. 2014)",
    .fits = spatial_fits,
    .analyse = analyse,
    .cost = spatial_cost,
    .layers = two_layers,
    .write = spatial_write,
    .fill = fill,
};
