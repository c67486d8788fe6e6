/* Two factors of a weight matrix A (inputs of the first layer x outputs of the second): the
 * truncated singular value decomposition, U sqrt(S) and sqrt(S) V', which is the nearest matrix of
 * that rank (Eckart & Young 1936). */
#include "compress/factorise/factors.h"

#include <math.h>
#include <stdlib.h>

/* Where A[p][q] stands among the weights (O, I, K, L): p is an input and, if the layer is cut into
 * rows and columns, a row of the kernel; q an output and a column. */
typedef struct matrix {
  const float *weight;
  int inputs, outputs, rows, columns;
  int p, q;
} matrix;

static matrix matrix_of(const esp__factor_layer *l) {
  const esp_param *w = l->layer->weight;
  return (matrix){w->value,
                  w->shape[1],
                  w->shape[0],
                  l->rows,
                  l->columns,
                  w->shape[1] * l->rows,
                  w->shape[0] * l->columns};
}

static double element(const matrix *m, int p, int q) {
  const int input = p / m->rows, row = p % m->rows, output = q / m->columns,
            column = q % m->columns;
  return (double)m->weight[((output * m->inputs + input) * m->rows + row) * m->columns + column];
}

/* A, or A' if that has fewer rows: [least][most], newly allocated. */
static double *unfold(const matrix *m, bool turned) {
  double *a = malloc((size_t)m->p * (size_t)m->q * sizeof *a);
  if (!a) return NULL;
  for (int p = 0; p < m->p; p++)
    for (int q = 0; q < m->q; q++)
      a[turned ? (size_t)q * (size_t)m->p + (size_t)p : (size_t)p * (size_t)m->q + (size_t)q] =
          element(m, p, q);
  return a;
}

/* Sums of every fourth product, then of the four: vectors of any width do this in one order. */
static double dot(const double *x, const double *y, int n) {
  double sum[4] = {0.0};
  int k = 0;
  for (; k + 4 <= n; k += 4)
    for (int i = 0; i < 4; i++) sum[i] += x[k + i] * y[k + i];
  for (; k < n; k++) sum[0] += x[k] * y[k];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* a a', of a[n][length]. */
static void multiply_by_itself(const double *a, int n, int length, double *gram) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++)
      gram[(size_t)i * (size_t)n + (size_t)j] = gram[(size_t)j * (size_t)n + (size_t)i] =
          dot(a + (size_t)i * (size_t)length, a + (size_t)j * (size_t)length, length);
}

static esp_status analyse(const esp__factor_layer *l, esp__factor_analysis *a, esp_error *err) {
  const matrix m = matrix_of(l);
  const bool turned = m.q < m.p;
  const int least = turned ? m.q : m.p, most = turned ? m.p : m.q;
  double *values = unfold(&m, turned), *gram = malloc((size_t)least * (size_t)least * sizeof *gram);
  if (!values || !gram) {
    free(values);
    free(gram);
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the factors of %s", l->layer->name);
  }
  multiply_by_itself(values, least, most, gram);
  free(values);
  return esp__factor_side(a, 0, gram, least, err);
}

/* The other side's direction times its singular value: A' u, or A v. */
static double other_side(const matrix *m, bool turned, const double *direction, int at) {
  double sum = 0.0;
  const int n = turned ? m->q : m->p;
  for (int k = 0; k < n; k++)
    sum += direction[k] * (turned ? element(m, at, k) : element(m, k, at));
  return sum;
}

/* Factor r: how much of each p goes into it, and how much of it into each q. */
static void fill_rank(const matrix *m, const esp__factor_analysis *a, int r, float *first,
                      float *second, int rank) {
  const bool turned = m->q < m->p;
  const double *direction = a->direction[0] + (size_t)r * (size_t)a->count[0];
  const double singular = sqrt(a->energy[0][r] > 0.0 ? a->energy[0][r] : 0.0),
               root = sqrt(singular);
  for (int p = 0; p < m->p; p++) {
    const double value = turned ? (root > 0.0 ? other_side(m, true, direction, p) / root : 0.0)
                                : root * direction[p];
    first[(size_t)r * (size_t)m->p + (size_t)p] = (float)value;
  }
  for (int q = 0; q < m->q; q++) {
    const double value = turned ? root * direction[q]
                                : (root > 0.0 ? other_side(m, false, direction, q) / root : 0.0);
    const int output = q / m->columns, column = q % m->columns;
    second[((size_t)output * (size_t)rank + (size_t)r) * (size_t)m->columns + (size_t)column] =
        (float)value;
  }
}

static esp_status fill(const esp__factor_layer *l, const esp__factor_analysis *a, const int *rank,
                       const esp_layer *made, esp_error *err) {
  const matrix m = matrix_of(l);
  (void)err;
  for (int r = 0; r < rank[0]; r++)
    fill_rank(&m, a, r, made[0].weight->value, made[1].weight->value, rank[0]);
  return ESP_OK;
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
    .factors = 2,
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
    .factors = 2,
    .write = spatial_write,
    .fill = fill,
};
