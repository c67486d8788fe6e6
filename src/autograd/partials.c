#include "autograd/partials.h"

#include <string.h>

typedef struct source {
  const esp_graph *g;
  const esp__partials *partials;
  int first; /* part of the span */
} source;

/* The chunks of a part, in order. */
static void add_chunks(const void *with, int i, size_t from, int n, float *to) {
  const source *s = with;
  const esp__partials *p = s->partials;
  int first = 0;
  for (int k = 0; k < s->first + i; k++) first += esp__graph_part_chunks(s->g, k, p->chunk);
  const int chunks = esp__graph_part_chunks(s->g, s->first + i, p->chunk);
  const float *number = p->at + (size_t)first * p->stride + from;
  memcpy(to, number, (size_t)n * sizeof *to);
  for (int c = 1; c < chunks; c++)
    for (int k = 0; k < n; k++) to[k] += number[(size_t)c * p->stride + (size_t)k];
}

void esp__partials_add(const esp_graph *g, const esp__partials *p, int k, size_t from, int n,
                       float *to) {
  int parts;
  const int first = esp__shares_parts_of(&g->shares, k, &parts);
  const source s = {g, p, first};
  esp__spans_add(g->shares.part + first, parts, add_chunks, &s, from, n, to);
}

void esp__partials_add_run(const esp_graph *g, const esp__partials *p, int k, size_t from, size_t n,
                           float *to) {
  for (size_t i = from; i < from + n; i += ESP_SPAN_RUN) {
    const size_t left = from + n - i;
    esp__partials_add(g, p, k, i, left < ESP_SPAN_RUN ? (int)left : ESP_SPAN_RUN, to + i);
  }
}
