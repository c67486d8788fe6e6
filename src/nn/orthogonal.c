/* Random matrices with orthogonal rows: the modified Gram-Schmidt process on normal numbers. */
#include "nn/initial.h"

#include <math.h>

/* `count` vectors of `length` numbers in the weights of a layer: its rows, or its columns. */
typedef struct vectors {
  float *value;
  size_t count, length;
  size_t next, step; /* from a vector to the next; from a number of one to its next */
} vectors;

static vectors vectors_of(esp_param *p) {
  const size_t rows = (size_t)p->shape[0], columns = p->count / rows;
  return rows <= columns ? (vectors){p->value, rows, columns, columns, 1}
                         : (vectors){p->value, columns, rows, 1, columns};
}

enum { TOGETHER = 64 };

/* Some of them: neighbours. */
typedef struct panel {
  size_t first, count; /* at most TOGETHER */
} panel;

static panel panel_at(const vectors *v, size_t first) {
  return (panel){first, first + TOGETHER < v->count ? TOGETHER : v->count - first};
}

/* Number i of each. */
static void read_numbers(const vectors *v, panel p, size_t i, double to[TOGETHER]) {
  const float *from = v->value + i * v->step + p.first * v->next;
  for (size_t k = 0; k < p.count; k++) to[k] = (double)from[k * v->next];
}

/* sum[a][b]: the product of each of `a` with each of `b`. */
static void multiply(const vectors *v, panel a, panel b, double sum[TOGETHER][TOGETHER]) {
  double x[TOGETHER], y[TOGETHER];
  for (size_t j = 0; j < a.count; j++)
    for (size_t k = 0; k < b.count; k++) sum[j][k] = 0.0;
  for (size_t i = 0; i < v->length; i++) {
    read_numbers(v, a, i, x);
    read_numbers(v, b, i, y);
    for (size_t j = 0; j < a.count; j++)
      for (size_t k = 0; k < b.count; k++) sum[j][k] += x[j] * y[k];
  }
}

/* Takes out of each of `b` what it has of the unit vectors `a`. */
static void take_out(const vectors *v, panel a, panel b) {
  double share[TOGETHER][TOGETHER], x[TOGETHER], y[TOGETHER];
  multiply(v, a, b, share);
  for (size_t i = 0; i < v->length; i++) {
    float *to = v->value + i * v->step + b.first * v->next;
    read_numbers(v, a, i, x);
    read_numbers(v, b, i, y);
    for (size_t j = 0; j < a.count; j++)
      for (size_t k = 0; k < b.count; k++) y[k] -= share[j][k] * x[j];
    for (size_t k = 0; k < b.count; k++) to[k * v->next] = (float)y[k];
  }
}

static void scale(const vectors *v, size_t a, double factor) {
  float *x = v->value + a * v->next;
  for (size_t i = 0; i < v->length; i++) x[i * v->step] = (float)(factor * (double)x[i * v->step]);
}

/* Vectors of one panel, which have nothing of those before it. */
static void orthogonalise_panel(const vectors *v, panel p) {
  const size_t end = p.first + p.count;
  for (size_t a = p.first; a < end; a++) {
    double square[TOGETHER][TOGETHER];
    multiply(v, (panel){a, 1}, (panel){a, 1}, square);
    scale(v, a, square[0][0] > 0.0 ? 1.0 / sqrt(square[0][0]) : 0.0);
    take_out(v, (panel){a, 1}, (panel){a + 1, end - a - 1});
  }
}

static void orthogonalise(const vectors *v) {
  for (size_t first = 0; first < v->count; first += TOGETHER) {
    const panel p = panel_at(v, first);
    orthogonalise_panel(v, p);
#pragma omp parallel for schedule(dynamic)
    for (size_t b = first + TOGETHER; b < v->count; b += TOGETHER) take_out(v, p, panel_at(v, b));
  }
}

/* Twice: what rounding leaves of the others in a vector of a large matrix the second pass takes. */
void esp__draw_orthogonal(esp_param *weight, double deviation, esp_key key) {
  const vectors v = vectors_of(weight);
  esp_random_normals(key, 1.0, weight->value, weight->count);
  orthogonalise(&v);
  orthogonalise(&v);
  for (size_t a = 0; a < v.count; a++) scale(&v, a, deviation * sqrt((double)v.length));
}
