/* Tangents of the built-in non-linearities. Of y = f(x), with tangents as primes:
 *
 *     y' = f'(x) x'        dx' = f'(x) dy' + f''(x) x' dy */
#include "autograd/tangent.h"
#include "kernels/activations.h"

/* ---- second derivatives, from x and y = f(x) ---- */

static double tanh_bend(double x, double y) {
  (void)x;
  return -2.0 * y * (1.0 - y * y);
}

static double sigmoid_bend(double x, double y) {
  (void)x;
  return y * (1.0 - y) * (1.0 - 2.0 * y);
}

/* y = x (1 + t) / 2, t = tanh(u): y'' = t' + x t'' / 2, t' = (1 - t^2) u' and
 * t'' = (1 - t^2) (u'' - 2 t u'^2). */
static double gelu_bend(double x, double y) {
  (void)y;
  if (x > 16.0 || x < -16.0) return 0.0; /* a line */
  const double t = (double)esp__tanhf(esp__gelu_inner((float)x)), rest = 1.0 - t * t,
               first = 0.7978845608 * (1.0 + 0.134145 * x * x), second = 0.7978845608 * 0.26829 * x;
  return rest * first + 0.5 * x * rest * (second - 2.0 * t * first * first);
}

typedef double bend_function(double x, double y);

/* NULL: two lines. */
static bend_function *const bends[ESP_ACTIVATIONS] = {
    [ESP_ACT_TANH] = tanh_bend, [ESP_ACT_SIGMOID] = sigmoid_bend, [ESP_ACT_GELU] = gelu_bend};

/* dx' += f''(x) x' dy over a plane */
static void add_bend(const esp__hessian *h, const esp__node *n, bend_function *bend,
                     esp__plane_pos at) {
  const esp__rows x = esp__rows_at(&n->in[0]->data, at), y = esp__rows_at(&n->out.data, at),
                  dy = esp__rows_at(&n->out.grad, at),
                  along = esp__rows_at(esp__tangent_in(h, n, 0), at),
                  to = esp__rows_at(esp__tangent_in_grad(h, n, 0), at);
  const esp__extent e = esp__extent_of(&n->out.data);
  for (size_t r = 0; r < (size_t)e.rows; r++)
    for (size_t i = 0; i < (size_t)e.width * ESP_LANES; i++)
      to.at[r * to.stride + i] +=
          (float)(bend((double)x.at[r * x.stride + i], (double)y.at[r * y.stride + i]) *
                  (double)along.at[r * along.stride + i] * (double)dy.at[r * dy.stride + i]);
}

static void backward(const esp__hessian *h, const esp__node *n) {
  bend_function *bend = bends[n->attr.activation];
  const esp_graph *g = h->graph;
  const int planes = esp__graph_planes(g, &n->out.data);
  if (!n->in[0]->grad.data) return;
  esp__tangent_own_backward(h, n);
  if (!bend) return;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) add_bend(h, n, bend, esp__plane_of(&n->out.data, i));
}

const esp__tangent_rule esp__tangent_activation = {esp__tangent_by_slope, backward};
