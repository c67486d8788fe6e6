#include "autograd/block_sums.h"

/* Adds up the blocks of a part. */
static double sum_blocks(esp__block_range part, const double *number, int n) {
  double sum = 0.0;
  for (int block = part.begin; block < part.end; block++) sum += number[block * n];
  return sum;
}

void esp__block_sums(esp_graph *g, const double *number, int n, float *to) {
  double *sum = esp__shares_part_numbers(&g->shares);
  for (int i = 0; i < g->shares.parts; i++, sum += n)
    for (int c = 0; c < n; c++) sum[c] = sum_blocks(esp__graph_part(g, i), number + c, n);
  const double *all = esp__shares_add(&g->shares, n);
  for (int c = 0; c < n; c++) to[c] = (float)all[c];
}
