#include "autograd/shares.h"

#include "autograd/node.h"

#include <string.h>

/* ---- which blocks ---- */

static int first_block(const esp_graph *g) {
  return esp__split_block(&g->shares.split, g->shares.split.first);
}

esp__block_range esp__graph_part(const esp_graph *g, int i) {
  const esp__split *t = &g->shares.split;
  return (esp__block_range){
      esp__split_block(t, t->first + i) - first_block(g),
      esp__least(esp__split_block(t, t->first + i + 1) - first_block(g), esp__graph_blocks(g))};
}

int esp__graph_part_chunks(const esp_graph *g, int i, int size) {
  const esp__block_range r = esp__graph_part(g, i);
  return esp__ceil_div(r.end - r.begin, size);
}

int esp__graph_chunks(const esp_graph *g, int size) {
  int chunks = 0;
  for (int i = 0; i < g->shares.parts; i++) chunks += esp__graph_part_chunks(g, i, size);
  return chunks;
}

esp__block_range esp__graph_chunk(const esp_graph *g, int size, int i) {
  int part = 0;
  for (int here; i >= (here = esp__graph_part_chunks(g, part, size)); part++) i -= here;
  const esp__block_range r = esp__graph_part(g, part);
  return (esp__block_range){r.begin + i * size, esp__least(r.begin + (i + 1) * size, r.end)};
}

/* ---- planning ---- */

int esp__split_first_image(const esp__split *t) {
  return esp__split_block(t, t->first) * ESP_LANES;
}

int esp__split_images(const esp__split *t, int batch) {
  const int end = esp__least(esp__split_block(t, t->end) * ESP_LANES, batch);
  return end - esp__split_first_image(t);
}

esp_status esp__graph_new_shared(esp_graph **graph, const esp__split *split, int batch,
                                 bool gradients, esp_error *err) {
  ESP_TRY(esp_graph_new(graph, esp__split_images(split, batch), gradients, err));
  (*graph)->shares.split = *split;
  return ESP_OK;
}

void esp__graph_reserve_numbers(esp_graph *g, int numbers) {
  g->shares.numbers = esp__most(g->shares.numbers, numbers);
}

esp_status esp__shares_plan(esp_graph *g, esp_error *err) {
  esp__shares *s = &g->shares;
  const size_t all = (size_t)s->split.parts, own = (size_t)(s->split.end - s->split.first),
               numbers = (size_t)s->numbers + 1;
  ESP_TRY(esp__graph_alloc(g, all * sizeof *s->span, &s->span, err));
  ESP_TRY(esp__graph_alloc(g, own * sizeof *s->part, &s->part, err));
  ESP_TRY(esp__graph_alloc(g, own * numbers * sizeof *s->part_number, &s->part_number, err));
  ESP_TRY(
      esp__graph_alloc(g, (own + all) * numbers * sizeof *s->span_number, &s->span_number, err));
  ESP_TRY(esp__graph_alloc(g, numbers * sizeof *s->sum, &s->sum, err));
  return esp__graph_alloc(g, (size_t)s->split.count * sizeof *s->bytes, &s->bytes, err);
}

/* ---- a batch ---- */

static void find_own(esp__shares *s, int used) {
  const int rank = s->split.rank;
  int parts = 0;
  s->own_first = s->own_spans = 0;
  for (int i = 0; i < s->spans; i++) {
    if (s->span[i].owner != rank) continue;
    if (s->own_spans++ == 0) s->own_first = i;
    parts += esp__split_parts_of(&s->split, used, &s->span[i], s->part + parts);
  }
  s->parts = parts;
}

void esp__shares_begin(esp_graph *g, const esp_batch *batch) {
  esp__shares *s = &g->shares;
  const int images = esp__split_is_shared(&s->split) ? esp_batch_images(batch) : batch->count;
  if (images == s->images) return;
  s->images = images;
  const int used = esp__split_used(&s->split, images);
  s->spans = esp__split_spans(&s->split, used, s->span);
  find_own(s, used);
}

/* ---- sums ---- */

int esp__shares_parts_of(const esp__shares *s, int k, int *parts) {
  const int first = s->span[s->own_first + k].first - s->split.first,
            end = s->span[s->own_first + k].end - s->split.first;
  *parts = esp__least(end, s->parts) - first;
  return first;
}

/* One number of each entry, `stride` apart. */
typedef struct column {
  const double *number;
  size_t stride;
} column;

static void rounded(const void *with, int i, size_t from, int n, float *to) {
  const column *c = with;
  (void)from, (void)n; /* 0 and 1 */
  *to = (float)c->number[(size_t)i * c->stride];
}

static float add_parts(const esp__span *part, int parts, const double *number, int stride) {
  const column c = {number, (size_t)stride};
  float sum;
  esp__spans_add(part, parts, rounded, &c, 0, 1, &sum);
  return sum;
}

static void add_spans(esp__shares *s, int n) {
  for (int k = 0; k < s->own_spans; k++) {
    int parts;
    const int first = esp__shares_parts_of(s, k, &parts);
    const double *number = s->part_number + first * n;
    for (int i = 0; i < n; i++)
      s->span_number[k * n + i] = add_parts(s->part + first, parts, number + i, n);
  }
}

/* The spans of all processes; they follow those of this one. */
static const float *gather_spans(esp__shares *s, int n) {
  float *all = s->span_number + s->own_spans * n;
  for (int i = 0; i < s->split.count; i++) s->bytes[i] = 0;
  for (int i = 0; i < s->spans; i++) s->bytes[s->span[i].owner] += n * (int)sizeof *all;
  esp__ranks_gather(s->split.ranks, s->span_number, s->bytes, all);
  return all;
}

const double *esp__shares_add(esp__shares *s, int n) {
  if (s->split.parts == 1) return s->part_number;
  add_spans(s, n);
  const float *all = esp__split_is_shared(&s->split) ? gather_spans(s, n) : s->span_number;
  esp__spans_add_rows(s->span, s->spans, all, (size_t)n, (size_t)n, s->sum);
  for (int i = 0; i < n; i++) s->part_number[i] = (double)s->sum[i];
  return s->part_number;
}

double esp__shares_add_own(const esp__shares *s, const double *number, int stride) {
  return s->split.parts == 1 ? *number : (double)add_parts(s->part, s->parts, number, stride);
}

int64_t esp__graph_least(const esp_graph *g, int64_t own) {
  const esp__split *t = &g->shares.split;
  if (esp__split_is_shared(t)) esp__ranks_least(t->ranks, &own);
  return own;
}

void esp__graph_add_counts(const esp_graph *g, int64_t *count, int n) {
  const esp__split *t = &g->shares.split;
  if (esp__split_is_shared(t)) esp__ranks_add(t->ranks, count, n);
}
