/* Tangents of max pooling: what the winner of a window has. */
#include "autograd/tangent.h"

static int clamp(int v, int low, int high) {
  return v < low ? low : v > high ? high : v;
}

/* The rows or columns of window i along an axis that lie inside the plane. */
typedef struct span {
  int first, end;
} span;
static span span_of(esp_pool_attr a, int i, int size) {
  const int first = i * a.stride - a.padding;
  return (span){clamp(first, 0, size), clamp(first + a.size, 0, size)};
}

static size_t offset(esp__rows p, int row, int column, int lane) {
  return (size_t)row * p.stride + (size_t)(column * ESP_LANES + lane);
}

/* `along` at the first value of the window that equals `best`. */
static float of_winner(esp__rows x, esp__rows along, span rows, span columns, int lane,
                       float best) {
  for (int i = rows.first; i < rows.end; i++)
    for (int j = columns.first; j < columns.end; j++)
      if (x.at[offset(x, i, j, lane)] == best) return along.at[offset(along, i, j, lane)];
  return 0.0f;
}

static void plane(const esp__hessian *h, const esp__node *n, esp__plane_pos at) {
  const esp_tensor *from = &n->in[0]->data, *to = &n->out.data;
  const esp__rows x = esp__rows_at(from, at), y = esp__rows_at(to, at),
                  x_along = esp__rows_at(esp__tangent_in(h, n, 0), at),
                  y_along = esp__rows_at(&h->data[n->index], at);
  for (int r = 0; r < to->height; r++)
    for (int c = 0; c < to->width; c++) {
      const span rows = span_of(n->attr.pool, r, from->height),
                 columns = span_of(n->attr.pool, c, from->width);
      for (int l = 0; l < ESP_LANES; l++)
        y_along.at[offset(y_along, r, c, l)] =
            of_winner(x, x_along, rows, columns, l, y.at[offset(y, r, c, l)]);
    }
}

static void forward(const esp__hessian *h, const esp__node *n) {
  const int planes = esp__graph_planes(h->graph, &n->out.data);
#pragma omp parallel for schedule(static) num_threads(h->graph->threads)
  for (int i = 0; i < planes; i++) plane(h, n, esp__plane_of(&n->out.data, i));
}

/* The backward pass finds the winners by the values, and gives them what it gets. */
const esp__tangent_rule esp__tangent_maxpool = {forward, esp__tangent_own_backward};
