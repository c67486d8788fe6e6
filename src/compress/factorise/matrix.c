#include "compress/factorise/matrix.h"

#include <math.h>
#include <stdlib.h>

int esp__factor_axis_length(const esp__factor_axis *a) {
  int length = 1;
  for (int k = 0; k < a->digits; k++) length *= a->base[k];
  return length;
}

static size_t offset(const esp__factor_axis *a, int place) {
  size_t sum = 0;
  for (int k = a->digits - 1; k >= 0; place /= a->base[k--])
    sum += (size_t)(place % a->base[k]) * a->step[k];
  return sum;
}

double esp__factor_element(const esp__factor_matrix *m, int p, int q) {
  return (double)m->weight[offset(&m->p, p) + offset(&m->q, q)];
}

/* Whether the axis of q is the shorter one. */
static bool is_turned(const esp__factor_matrix *m) {
  return esp__factor_axis_length(&m->q) < esp__factor_axis_length(&m->p);
}

/* A, or A' if that has fewer rows: [least][most], newly allocated. */
static double *unfold(const esp__factor_matrix *m) {
  const bool turned = is_turned(m);
  const esp__factor_axis *least = turned ? &m->q : &m->p, *most = turned ? &m->p : &m->q;
  const int rows = esp__factor_axis_length(least), columns = esp__factor_axis_length(most);
  double *a = malloc((size_t)rows * (size_t)columns * sizeof *a), *to = a;
  for (int i = 0; a && i < rows; i++) {
    const float *row = m->weight + offset(least, i);
    for (int k = 0; k < columns; k++) *to++ = (double)row[offset(most, k)];
  }
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

esp_status esp__factor_decompose(const esp__factor_matrix *m, const char *name, int side,
                                 esp__factor_analysis *a, esp_error *err) {
  const int p = esp__factor_axis_length(&m->p), q = esp__factor_axis_length(&m->q),
            least = q < p ? q : p, most = q < p ? p : q;
  double *values = unfold(m), *gram = malloc((size_t)least * (size_t)least * sizeof *gram);
  if (!values || !gram) {
    free(values);
    free(gram);
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the factors of %s", name);
  }
  multiply_by_itself(values, least, most, gram);
  free(values);
  return esp__factor_side(a, side, gram, least, err);
}

size_t esp__factor_place(const esp__factor_axis *a, int rank, int r, int p) {
  const int last = a->base[a->digits - 1];
  return ((size_t)(p / last) * (size_t)rank + (size_t)r) * (size_t)last + (size_t)(p % last);
}

/* The other side's direction times its singular value: A' u, or A v. */
static double other_side(const esp__factor_matrix *m, bool turned, const double *direction,
                         int at) {
  double sum = 0.0;
  const int n = esp__factor_axis_length(turned ? &m->q : &m->p);
  for (int k = 0; k < n; k++)
    sum += direction[k] * (turned ? esp__factor_element(m, at, k) : esp__factor_element(m, k, at));
  return sum;
}

/* Factor r: how much of each place of p goes into it, or, `of_q`, how much of it into each of q.
 * One axis has the directions, the other follows from them. */
static void fill_rank(const esp__factor_matrix *m, const esp__factor_analysis *a, bool of_q, int r,
                      int rank, float *to) {
  const esp__factor_axis *axis = of_q ? &m->q : &m->p;
  const bool turned = is_turned(m);
  const double *direction = a->direction[0] + (size_t)r * (size_t)a->count[0];
  const double singular = sqrt(a->energy[0][r] > 0.0 ? a->energy[0][r] : 0.0),
               root = sqrt(singular);
  for (int i = 0; i < esp__factor_axis_length(axis); i++) {
    const double value = turned == of_q ? root * direction[i]
                         : root > 0.0   ? other_side(m, turned, direction, i) / root
                                        : 0.0;
    to[esp__factor_place(axis, rank, r, i)] = (float)value;
  }
}

void esp__factor_fill_two(const esp__factor_matrix *m, const esp__factor_analysis *a, int rank,
                          float *first, float *second) {
  for (int r = 0; r < rank; r++) {
    fill_rank(m, a, false, r, rank, first);
    fill_rank(m, a, true, r, rank, second);
  }
}
