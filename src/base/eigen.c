#include "base/eigen.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A matrix on its way: t = q' a q becomes tridiagonal, with `diagonal` and, right of each place but
 * the last, `beside`. */
typedef struct reduction {
  double *a, *q; /* [n][n] */
  double *diagonal, *beside;
  double *v, *p; /* a reflector, and what it is applied to */
  int n;
  double rounding; /* what is no larger is that, in a matrix of this size */
} reduction;

static double dot(const double *x, const double *y, int n) {
  double sum = 0.0;
  for (int i = 0; i < n; i++) sum += x[i] * y[i];
  return sum;
}

/* y += f x */
static void add_scaled(double *y, const double *x, double f, int n) {
  for (int i = 0; i < n; i++) y[i] += f * x[i];
}

/* ---- to a tridiagonal matrix ---- */

/* v so that (1 - f v v') x is 0 but for its first value, which becomes *first. Returns f; 0: x is
 * 0 there already. */
static double reflector(const double *x, int n, double *v, double *first) {
  const double rest = dot(x + 1, x + 1, n - 1), length = sqrt(x[0] * x[0] + rest);
  *first = x[0];
  if (rest == 0.0) return 0.0;
  memcpy(v, x, (size_t)n * sizeof *v);
  *first = x[0] > 0.0 ? -length : length;
  v[0] -= *first;
  return 2.0 / (v[0] * v[0] + rest);
}

/* The block behind row k, of m rows, from both sides: a - v w' - w v'. */
static void reflect_block(const reduction *r, int k, int m, double f) {
  const size_t n = (size_t)r->n;
  double *block = r->a + (size_t)(k + 1) * n + (size_t)(k + 1);
  memset(r->p, 0, (size_t)m * sizeof *r->p);
  for (int i = 0; i < m; i++) add_scaled(r->p, block + (size_t)i * n, f * r->v[i], m);
  add_scaled(r->p, r->v, -0.5 * f * dot(r->v, r->p, m), m);
  for (int i = 0; i < m; i++) {
    add_scaled(block + (size_t)i * n, r->p, -r->v[i], m);
    add_scaled(block + (size_t)i * n, r->v, -r->p[i], m);
  }
}

/* The reflectors stay in the rows of `a`, from the diagonal's neighbour on; their factors on the
 * diagonal. */
static void reduce(const reduction *r) {
  const int n = r->n;
  for (int k = 0; k < n - 1; k++) {
    const int m = n - k - 1;
    double *row = r->a + (size_t)k * (size_t)n + k;
    r->diagonal[k] = row[0];
    const double f = reflector(row + 1, m, r->v, &r->beside[k]);
    if (f != 0.0) reflect_block(r, k, m, f);
    row[0] = f;
    if (f != 0.0) memcpy(row + 1, r->v, (size_t)m * sizeof *row);
  }
  r->diagonal[n - 1] = r->a[(size_t)n * (size_t)n - 1];
  r->beside[n - 1] = 0.0;
}

/* q, the product of the reflectors, the last of them first: each then changes one block. */
static void multiply_out(const reduction *r) {
  const size_t n = (size_t)r->n;
  memset(r->q, 0, n * n * sizeof *r->q);
  for (size_t i = 0; i < n; i++) r->q[i * n + i] = 1.0;
  for (int k = r->n - 2; k >= 0; k--) {
    const int m = r->n - k - 1;
    const double *v = r->a + (size_t)k * n + (size_t)k + 1, f = v[-1];
    double *block = r->q + (size_t)(k + 1) * n + (size_t)(k + 1);
    if (f == 0.0) continue;
    memset(r->p, 0, (size_t)m * sizeof *r->p);
    for (int i = 0; i < m; i++) add_scaled(r->p, block + (size_t)i * n, v[i], m);
    for (int i = 0; i < m; i++) add_scaled(block + (size_t)i * n, r->p, -f * v[i], m);
  }
}

/* a = q', so that what is a column of q is a row. */
static void transpose(const reduction *r) {
  const size_t n = (size_t)r->n;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) r->a[j * n + i] = r->q[i * n + j];
}

/* ---- the eigenvalues of a tridiagonal matrix ---- */

/* Rows i and i + 1 of a, turned by the angle with that cosine and sine. */
static void rotate(const reduction *r, int i, double cosine, double sine) {
  double *x = r->a + (size_t)i * (size_t)r->n, *y = x + r->n;
  for (int k = 0; k < r->n; k++) {
    const double above = x[k], below = y[k];
    y[k] = sine * above + cosine * below;
    x[k] = cosine * above - sine * below;
  }
}

/* The rounding of the largest row. Of a matrix of low rank the rest is such noise, from which no
 * steps converge. */
static double rounding_of(const reduction *r) {
  double most = 0.0;
  for (int i = 0; i < r->n; i++) most = fmax(most, fabs(r->diagonal[i]) + fabs(r->beside[i]));
  return DBL_EPSILON * most;
}

/* The first place from `i` on at which the matrix falls apart. */
static int split_at(const reduction *r, int i) {
  while (i < r->n - 1 && fabs(r->beside[i]) > r->rounding) i++;
  return i;
}

/* One implicit QL step on places [first, last], shifted by Wilkinson's estimate. */
static void ql_step(const reduction *r, int first, int last) {
  double *d = r->diagonal, *e = r->beside;
  const double half = (d[first + 1] - d[first]) / (2.0 * e[first]);
  const double root = sqrt(half * half + 1.0);
  double g = d[last] - d[first] + e[first] / (half + (half >= 0.0 ? root : -root));
  double sine = 1.0, cosine = 1.0, shift = 0.0;
  for (int i = last - 1; i >= first; i--) {
    const double f = sine * e[i], b = cosine * e[i], length = sqrt(f * f + g * g);
    e[i + 1] = length;
    if (length == 0.0) { /* it falls apart here */
      d[i + 1] -= shift;
      e[last] = 0.0;
      return;
    }
    sine = f / length;
    cosine = g / length;
    g = d[i + 1] - shift;
    const double turn = (d[i] - g) * sine + 2.0 * cosine * b;
    shift = sine * turn;
    d[i + 1] = g + shift;
    g = cosine * turn - b;
    rotate(r, i, cosine, sine);
  }
  d[first] -= shift;
  e[first] = g;
  e[last] = 0.0;
}

static bool diagonalise(const reduction *r) {
  enum { STEPS_MAX = 60 }; /* for each eigenvalue; two or three are usual */
  for (int i = 0; i < r->n; i++) {
    int steps = 0;
    for (int last; (last = split_at(r, i)) != i; steps++) {
      if (steps == STEPS_MAX) return false;
      ql_step(r, i, last);
    }
  }
  return true;
}

/* ---- largest first ---- */

static void sort(const reduction *r, double *value) {
  const size_t n = (size_t)r->n;
  memcpy(r->q, r->a, n * n * sizeof *r->q);
  for (size_t i = 0; i < n; i++) {
    size_t best = 0;
    for (size_t k = 1; k < n; k++)
      if (r->diagonal[k] > r->diagonal[best]) best = k;
    value[i] = r->diagonal[best];
    memcpy(r->a + i * n, r->q + best * n, n * sizeof *r->a);
    r->diagonal[best] = -HUGE_VAL;
  }
}

static bool all_finite(const double *a, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!isfinite(a[i])) return false;
  return true;
}

esp_status esp__eigen_symmetric(double *a, int n, double *value, esp_error *err) {
  const size_t each = (size_t)n;
  if (!all_finite(a, each * each))
    return esp_fail(err, ESP_ERR_INPUT, "a matrix has values that are not finite");
  double *room = calloc(each * (each + 4), sizeof *room);
  if (!room) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for %d eigenvectors", n);
  double *lines = room + each * each;
  reduction r = {a, room, lines, lines + n, lines + 2 * n, lines + 3 * n, n, 0.0};
  reduce(&r);
  r.rounding = rounding_of(&r);
  multiply_out(&r);
  transpose(&r);
  const bool found = diagonalise(&r);
  if (found) sort(&r, value);
  free(room);
  if (found) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "the eigenvalues of a matrix were not found");
}
