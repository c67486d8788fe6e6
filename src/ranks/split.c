#include "ranks/split.h"

#include <string.h>

/* The first part of a process. */
static int first_part(const esp__split *t, int rank) {
  return (int)((int64_t)rank * t->parts / t->count);
}

esp__split esp__split_at(int rank, int count, int images, int parts) {
  esp__split t = {.rank = rank, .count = count, .blocks = (images + 15) / 16, .parts = parts};
  t.first = first_part(&t, rank);
  t.end = first_part(&t, rank + 1);
  return t;
}

esp__split esp__split_of(esp_ranks *ranks, int images, int parts) {
  esp__split t = esp__split_at(esp_ranks_rank(ranks), esp_ranks_count(ranks), images, parts);
  t.ranks = ranks;
  return t;
}

int esp__split_used(const esp__split *t, int images) {
  const int blocks = (images + 15) / 16;
  int used = 0;
  while (used < t->parts && esp__split_block(t, used) < blocks) used++;
  return used;
}

/* ---- the tree ---- */

/* The rank that has a part. */
static int owner_of(const esp__split *t, int part) {
  int rank = (int)((int64_t)part * t->count / t->parts);
  while (first_part(t, rank + 1) <= part) rank++;
  return rank;
}

typedef struct list {
  const esp__split *split;
  int used;
  bool single; /* down to parts */
  esp__span *span;
  int spans;
} list;

/* The subtree over [first, end), which is followed by so many additions. */
static void add_subtree(list *l, int first, int end, int adds) {
  const int owner = owner_of(l->split, first), middle = (first + end) / 2,
            last = end < l->used ? end : l->used;
  const bool whole = !l->single && last <= first_part(l->split, owner + 1);
  if (end - first == 1 || whole) {
    l->span[l->spans++] = (esp__span){first, end, owner, adds};
    return;
  }
  add_subtree(l, first, middle, middle < l->used ? 0 : adds);
  if (middle < l->used) add_subtree(l, middle, end, adds + 1);
}

int esp__split_spans(const esp__split *t, int used, esp__span *span) {
  list l = {t, used, false, span, 0};
  add_subtree(&l, 0, t->parts, 0);
  return l.spans;
}

int esp__split_parts_of(const esp__split *t, int used, const esp__span *of, esp__span *part) {
  list l = {t, used, true, part, 0};
  add_subtree(&l, of->first, of->end, 0);
  return l.spans;
}

/* ---- adding ---- */

enum { DEPTH = 32 }; /* of a tree over all that an int can count */

void esp__spans_add(const esp__span *span, int spans, esp__span_numbers *numbers, const void *with,
                    size_t from, int n, float *to) {
  float stack[DEPTH][ESP_SPAN_RUN];
  int top = -1;
  for (int i = 0; i < spans; i++) {
    numbers(with, i, from, n, stack[++top]);
    for (int k = 0; k < span[i].adds; k++, top--)
      for (int j = 0; j < n; j++) stack[top - 1][j] += stack[top][j];
  }
  memcpy(to, stack[0], (size_t)n * sizeof *to);
}

/* Numbers of rows of floats. */
typedef struct rows {
  const float *row;
  size_t stride;
} rows;

static void numbers_of(const void *with, int i, size_t from, int n, float *to) {
  const rows *r = with;
  memcpy(to, r->row + (size_t)i * r->stride + from, (size_t)n * sizeof *to);
}

void esp__spans_add_rows(const esp__span *span, int spans, const float *row, size_t stride,
                         size_t n, float *to) {
  const rows r = {row, stride};
  for (size_t i = 0; i < n; i += ESP_SPAN_RUN) {
    const int run = n - i < ESP_SPAN_RUN ? (int)(n - i) : ESP_SPAN_RUN;
    esp__spans_add(span, spans, numbers_of, &r, i, run, to + i);
  }
}
