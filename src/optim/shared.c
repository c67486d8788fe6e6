/* Gradients of weights that share values. */
#include <espalier/optim.h>

enum { VALUES_MAX = 256 }; /* of a byte */

/* The sums run in the order of the weights. */
static void share(esp_param *p) {
  double sum[VALUES_MAX] = {0.0};
  const uint8_t *keep = p->mask ? p->mask->keep : NULL;
  for (size_t i = 0; i < p->count; i++)
    if (!keep || keep[i]) sum[p->shared[i]] += (double)p->grad[i];
  for (size_t i = 0; i < p->count; i++)
    if (!keep || keep[i]) p->grad[i] = (float)sum[p->shared[i]];
}

void esp_share_gradients(esp_params *ps) {
#pragma omp parallel for schedule(dynamic)
  for (int k = 0; k < ps->count; k++)
    if (ps->item[k]->shared) share(ps->item[k]);
}
