/* A batch as a graph sees it that has only a share of its images: whose parts they are, and sums
 * over all of them (ranks/split.h). A graph alone has all parts.
 *
 * A part makes its sums in double. Where there are several, these are rounded to float, which is
 * what travels, and added so; where there is one, nothing is rounded. */
#ifndef ESP_AUTOGRAD_SHARES_H
#define ESP_AUTOGRAD_SHARES_H

#include "ranks/split.h"

#include <espalier/graph.h>

typedef struct esp__shares {
  esp__split split;
  int images; /* of the batch, in all shares together */
  int parts;  /* of this process that have images, in this batch */
  /* Of this batch: all spans, from left to right, and the parts of this process. */
  esp__span *span, *part;
  int spans, own_first, own_spans; /* own: those of this process, from number own_first on */
  int numbers;                     /* that are added together, at most */
  double *part_number;             /* [own parts][numbers] */
  float *span_number;              /* [own spans][numbers], then those of all [spans][numbers] */
  float *sum;                      /* [numbers] */
  int *bytes;                      /* [ranks] scratch */
} esp__shares;

/* A graph for the share of `split` in batches of up to `batch` images; else as esp_graph_new. */
esp_status esp__graph_new_shared(esp_graph **graph, const esp__split *split, int batch,
                                 bool gradients, esp_error *err);
/* Images of a whole batch of `batch` that come before the share, and that are in it. */
int esp__split_first_image(const esp__split *t);
int esp__split_images(const esp__split *t, int batch);
/* Adds up counts over the processes that share the graph's batches; together. */
void esp__graph_add_counts(const esp_graph *g, int64_t *count, int n);
/* The least of what they have; together. */
int64_t esp__graph_least(const esp_graph *g, int64_t own);

/* Blocks of images of this process, [begin, end), counted from its own first one. */
typedef struct esp__block_range {
  int begin, end;
} esp__block_range;
/* Those of its part number i, in this batch. */
esp__block_range esp__graph_part(const esp_graph *g, int i);

/* Parts are summed in chunks of at most `size` blocks. How many there are; those of part i alone;
 * where chunk i is. */
int esp__graph_chunks(const esp_graph *g, int size);
int esp__graph_part_chunks(const esp_graph *g, int i, int size);
esp__block_range esp__graph_chunk(const esp_graph *g, int size, int i);

/* While planning: so many numbers will be added together. */
void esp__graph_reserve_numbers(esp_graph *g, int numbers);
esp_status esp__shares_plan(esp_graph *g, esp_error *err);
/* Before a pass over a batch. */
void esp__shares_begin(esp_graph *g, const esp_batch *batch);

/* This process's own span number k begins with its part of this number; *parts: how many it has. */
int esp__shares_parts_of(const esp__shares *s, int k, int *parts);

/* Where the sums of this process's parts go, [parts][n] of `n` numbers. */
static inline double *esp__shares_part_numbers(const esp__shares *s) {
  return s->part_number;
}
/* What they add up to, with those of the other processes: [n]. All call it together. */
const double *esp__shares_add(esp__shares *s, int n);
/* The same of one number of each part, `stride` apart, where all parts are this process's. */
double esp__shares_add_own(const esp__shares *s, const double *number, int stride);
#endif
