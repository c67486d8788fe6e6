/* The order in which methods stand, with us and in a paper (Kendall 1938). */
#include "analysis/paper_noise.h"
#include "analysis/paper_rows.h"

#include <math.h>
#include <stdlib.h>

/* Two comparisons whose networks differ in the method alone. */
typedef struct pair {
  const esp_measured *ours[2];
  esp_figure theirs[2];
} pair;

static bool is_pair(const esp_paper *p, const esp_comparison *a, const esp_comparison *b,
                    pair *both) {
  const double s = both->theirs[0].sparsity;
  return !*a->differs && !*b->differs && a->ours != b->ours && a->theirs != b->theirs && s > 0.0 &&
         s == both->theirs[1].sparsity && both->theirs[0].accuracy != both->theirs[1].accuracy &&
         esp__paper_same_network(p, a->theirs, b->theirs);
}

/* What a run of theirs, or a tolerance in its place, says of chance; NAN: nothing. */
static double their_band(const pair *of, esp_compare_options o) {
  const esp_figure *a = &of->theirs[0], *b = &of->theirs[1];
  esp__noise noise = {0};
  if (!isnan(o.tolerance)) return o.tolerance;
  if (!isnan(a->tolerance) || !isnan(b->tolerance)) return fmax(a->tolerance, b->tolerance);
  esp__noise_add(&noise, a->sd, a->trials);
  esp__noise_add(&noise, b->sd, b->trials);
  return esp__noise_band(&noise);
}

/* One run has the deviation that theirs have. */
static double our_band(const pair *of) {
  esp__noise noise = {0};
  for (int i = 0; i < 2; i++) {
    const esp_stats_moments *m = &of->ours[i]->accuracy;
    if (m->n > 1)
      esp__noise_add(&noise, 100.0 * esp_stats_sd(m), m->n);
    else
      esp__noise_add(&noise, of->theirs[i].sd, 1.0);
  }
  return esp__noise_band(&noise);
}

/* Whether the order may be chance, on either side. Not where nothing is known of chance. */
static bool is_noise(const pair *of, double ours, double theirs, esp_compare_options o) {
  return fabs(theirs) <= their_band(of, o) || fabs(ours) <= our_band(of);
}

static esp_status add(esp_paper_order *order, esp_inversion i, esp_error *err) {
  esp_inversion *more = realloc(order->inversion, (size_t)(order->inversions + 1) * sizeof *more);
  if (!more) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the order of methods");
  order->inversion = more;
  more[order->inversions++] = i;
  order->beyond_noise += !i.noise;
  return ESP_OK;
}

static esp_status look_at(esp_paper_order *order, const esp_paper *p, const esp_measured *network,
                          const esp_comparison *c, int a, int b, esp_compare_options o,
                          esp_error *err) {
  pair both = {{&network[c[a].ours], &network[c[b].ours]},
               {esp_paper_figure(p, c[a].theirs), esp_paper_figure(p, c[b].theirs)}};
  if (!is_pair(p, &c[a], &c[b], &both)) return ESP_OK;
  const double ours = c[a].accuracy[0] - c[b].accuracy[0],
               theirs = c[a].accuracy[1] - c[b].accuracy[1];
  order->pairs++;
  if (ours * theirs > 0.0) {
    order->kept++;
    return ESP_OK;
  }
  const bool first = theirs > 0.0;
  return add(order, (esp_inversion){first ? a : b, first ? b : a, is_noise(&both, ours, theirs, o)},
             err);
}

esp_status esp_paper_order_of(esp_paper_order *order, const esp_paper *p, const esp_measured *ours,
                              const esp_comparison *c, int n, esp_compare_options o,
                              esp_error *err) {
  esp_status status = ESP_OK;
  *order = (esp_paper_order){.tau = (double)NAN};
  for (int a = 0; a < n; a++)
    for (int b = a + 1; b < n && status == ESP_OK; b++)
      status = look_at(order, p, ours, c, a, b, o, err);
  if (order->pairs > 0) order->tau = (double)(order->kept - order->inversions) / order->pairs;
  if (status != ESP_OK) esp_paper_order_free(order);
  return status;
}

void esp_paper_order_free(esp_paper_order *order) {
  free(order->inversion);
  *order = (esp_paper_order){.tau = (double)NAN};
}
