/* Tangents of batch norms. With v = x - mean, r = 1 / sqrt(var + epsilon), g = dy where y > 0, m
 * values in a channel, sums over them, and a prime for tangents (r' = -r^3 sum(v x') / m):
 *
 *     y'  = scale (r (x' - mean') + r' v) + residual'                  where y > 0
 *     dx  = scale r (g - sum g / m - v r^2 sum(g v) / m)
 *     dx' = dx r' / r + scale r (g' - sum g' / m - v' r^2 sum(g v) / m
 *                                - v (2 r r' sum(g v) + r^2 sum(g v)') / m)
 *
 * With running statistics mean and var are constants: y' = scale r x', dx' = scale r g'. Sums are
 * taken image by image in the order of the memory, in double. */
#include "autograd/batchnorm.h"
#include "autograd/tangent.h"

#include <math.h>

/* ---- a channel ---- */

/* A plane of everything that is read. */
typedef struct planes {
  esp__rows x, y, dy, x_along, dy_along;
} planes;

static planes planes_of(const esp__hessian *h, const esp__node *n, int block, int c) {
  return (planes){.x = esp__rows_of(&n->in[0]->data, block, c),
                  .y = esp__rows_of(&n->out.data, block, c),
                  .dy = esp__rows_of(&n->out.grad, block, c),
                  .x_along = esp__rows_of(esp__tangent_in(h, n, 0), block, c),
                  .dy_along = esp__rows_of(&h->grad[n->index], block, c)};
}

static double at(esp__rows p, size_t row, size_t i) {
  return (double)p.at[row * p.stride + i];
}

/* Whether the gradient passes: behind a ReLU, where y > 0. */
static bool passes(const esp__node *n, const planes *p, size_t row, size_t i) {
  return !n->attr.relu || p->y.at[row * p->y.stride + i] > 0.0f;
}

/* Numbers of a channel; the sums are 0 with running statistics. */
typedef struct channel {
  double mean, r, scale;
  double m;                                     /* values of a channel */
  double x_along, v_x_along;                    /* sum x', sum(v x') */
  double g, g_v, g_along, g_along_v, g_x_along; /* sum g, sum(g v), sum g', sum(g' v), sum(g x') */
} channel;

#define EACH_VALUE(t, lanes, row, i)                            \
  for (size_t row = 0; row < (size_t)(t)->height; row++)        \
    for (size_t i = 0; i < (size_t)(t)->width * ESP_LANES; i++) \
      if ((int)(i % ESP_LANES) < (lanes))

static void add_values(const esp__node *n, const planes *p, int valid, channel *k) {
  EACH_VALUE(&n->out.data, valid, row, i) {
    const double along = at(p->x_along, row, i);
    k->x_along += along;
    k->v_x_along += (at(p->x, row, i) - k->mean) * along;
  }
}

static void add_gradients(const esp__node *n, const planes *p, int valid, channel *k) {
  EACH_VALUE(&n->out.data, valid, row, i) {
    if (!passes(n, p, row, i)) continue;
    const double v = at(p->x, row, i) - k->mean, g = at(p->dy, row, i),
                 along = at(p->dy_along, row, i);
    k->g += g;
    k->g_v += g * v;
    k->g_along += along;
    k->g_along_v += along * v;
    k->g_x_along += g * at(p->x_along, row, i);
  }
}

static channel measure(const esp__hessian *h, const esp__node *n, int c, bool gradients) {
  const esp_graph *g = h->graph;
  const esp__batchnorm_state *s = n->state;
  channel k = {.mean = s->mean[c],
               .r = 1.0 / sqrt(s->var[c] + esp__batchnorm_epsilon),
               .scale = (double)n->param[ESP_BN_SCALE]->value[c],
               .m = (double)esp__graph_images(g) * n->out.data.height * n->out.data.width};
  for (int block = 0; g->pass.training && block < esp__graph_blocks(g); block++) {
    const planes p = planes_of(h, n, block, c);
    const int valid = esp_lanes_valid(esp__graph_images(g), block);
    add_values(n, &p, valid, &k);
    if (gradients) add_gradients(n, &p, valid, &k);
  }
  return k;
}

/* ---- forward ---- */

static void forward_plane(const esp__hessian *h, const esp__node *n, const channel *k, int block,
                          int c) {
  const planes p = planes_of(h, n, block, c);
  const esp__rows to = esp__rows_of(&h->data[n->index], block, c),
                  residual = n->inputs == 2 ? esp__rows_of(esp__tangent_in(h, n, 1), block, c)
                                            : (esp__rows){0};
  const double a = k->scale * k->r, mean = k->x_along / k->m,
               b = -a * k->r * k->r * k->v_x_along / k->m;
  EACH_VALUE(&n->out.data, ESP_LANES, row, i) {
    const double v = at(p.x, row, i) - k->mean, y = a * (at(p.x_along, row, i) - mean) + b * v +
                                                    (residual.at ? at(residual, row, i) : 0.0);
    to.at[row * to.stride + i] = passes(n, &p, row, i) ? (float)y : 0.0f;
  }
}

static void forward(const esp__hessian *h, const esp__node *n) {
  const esp_graph *g = h->graph;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int c = 0; c < n->out.data.channels; c++) {
    const channel k = measure(h, n, c, false);
    for (int block = 0; block < esp__graph_blocks(g); block++) forward_plane(h, n, &k, block, c);
  }
}

/* ---- backward ---- */

/* dx' = a g + b g' + c v + d x' + e */
typedef struct line {
  double a, b, c, d, e;
} line;

static line line_of(const channel *k, bool training) {
  const double f = k->scale * k->r, r2 = k->r * k->r, mean = k->x_along / k->m,
               bend = -r2 * k->v_x_along / k->m, /* r' / r */
      g_v_along = k->g_along_v + k->g_x_along - mean * k->g;
  if (!training) return (line){.b = f};
  return (line){.a = f * bend,
                .b = f,
                .c = -f * r2 * (3.0 * bend * k->g_v + g_v_along) / k->m,
                .d = -f * r2 * k->g_v / k->m,
                .e = -f * (bend * k->g + k->g_along - mean * r2 * k->g_v) / k->m};
}

static void put(esp__rows to, size_t row, size_t i, double value, bool add) {
  float *at = &to.at[row * to.stride + i];
  *at = add ? *at + (float)value : (float)value;
}

static void backward_plane(const esp__hessian *h, const esp__node *n, const channel *k,
                           const line *l, int block, int c) {
  const planes p = planes_of(h, n, block, c);
  const int valid = esp_lanes_valid(esp__graph_images(h->graph), block);
  const esp__rows to = esp__rows_of(esp__tangent_in_grad(h, n, 0), block, c),
                  side = n->inputs == 2 ? esp__rows_of(esp__tangent_in_grad(h, n, 1), block, c)
                                        : (esp__rows){0};
  EACH_VALUE(&n->out.data, ESP_LANES, row, i) {
    const bool open = passes(n, &p, row, i), counts = (int)(i % ESP_LANES) < valid;
    const double g = open ? at(p.dy, row, i) : 0.0, along = open ? at(p.dy_along, row, i) : 0.0,
                 v = at(p.x, row, i) - k->mean,
                 x = l->a * g + l->b * along + l->c * v + l->d * at(p.x_along, row, i) + l->e;
    if (to.at) put(to, row, i, counts ? x : 0.0, n->add[0]);
    if (side.at) put(side, row, i, along, n->add[1]);
  }
}

static void backward(const esp__hessian *h, const esp__node *n) {
  const esp_graph *g = h->graph;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int c = 0; c < n->out.data.channels; c++) {
    const channel k = measure(h, n, c, true);
    const line l = line_of(&k, g->pass.training);
    for (int block = 0; block < esp__graph_blocks(g); block++)
      backward_plane(h, n, &k, &l, block, c);
  }
}

const esp__tangent_rule esp__tangent_batchnorm = {forward, backward};
