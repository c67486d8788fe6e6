/* Dense against sparse over density, for every 3x3 layer of ResNet-20 and VGG-16: from which
 * sparsity on do the lists win?
 *
 * With auto=yes: what the choice by stopwatch costs. The time of what it has chosen over that of
 * the dense layer, which has no mask, both measured in turn, all passes together.
 *
 * Dense layers go by Winograd where they can; with direct=yes none does.
 *
 * usage: crossover [threads=0] [batch=128] [repeats=5] [network=resnet20|vgg16|other] [auto=yes]
 * [direct=yes] */
#include "layer.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double sparsities[] = {0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98};
enum { POINTS = sizeof sparsities / sizeof *sparsities };

/* Seconds of the forward pass, and of all three. */
typedef struct times {
  double forward, all;
} times;

static times measure(layer *l, int repeats) {
  times t = {layer_seconds(l, LAYER_FORWARD, repeats), 0};
  t.all = t.forward + layer_seconds(l, LAYER_TO_INPUT, repeats) +
          layer_seconds(l, LAYER_TO_WEIGHTS, repeats);
  return t;
}

/* Where the speed-up passes 1, between two points of the grid. */
static void print_crossing(const double *speedup) {
  int i = 0;
  while (i < POINTS && speedup[i] < 1.0) i++;
  if (i == 0)
    printf("   <%3.0f", 100.0 * sparsities[0]);
  else if (i == POINTS)
    printf("  none");
  else
    printf("  %4.1f", 100.0 * (sparsities[i - 1] + (sparsities[i] - sparsities[i - 1]) *
                                                       (1.0 - speedup[i - 1]) /
                                                       (speedup[i] - speedup[i - 1])));
}

static void bench_layer(const layer_shape *shape, int batch, int repeats, bool direct) {
  char name[64];
  double forward[POINTS], all[POINTS];
  layer l;
  layer_open(&l, shape, batch, esp__kernels_active(), direct);
  printf("%-9s %-24s", shape->network, layer_name(shape, name));
  const times dense = measure(&l, repeats);
  esp_graph_sparse(l.graph, ESP_SPARSE_ON);
  for (int i = 0; i < POINTS; i++) {
    layer_mask(&l, 1.0 - sparsities[i]);
    const times sparse = measure(&l, repeats);
    forward[i] = dense.forward / sparse.forward;
    all[i] = dense.all / sparse.all;
    printf(" %5.2f/%5.2f", forward[i], all[i]);
  }
  print_crossing(forward);
  print_crossing(all);
  putchar('\n');
  fflush(stdout);
  layer_close(&l);
}

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median over the repeats of the chosen kernels' time over that of the layer without a mask. */
static double chosen_over_dense(layer *l, int repeats) {
  double ratio[101];
  for (int i = 0; i < repeats; i++) {
    l->weight->mask = &l->mask;
    const double chosen = measure(l, 3).all;
    l->weight->mask = NULL;
    ratio[i] = chosen / measure(l, 3).all;
  }
  qsort(ratio, (size_t)repeats, sizeof *ratio, by_size);
  return ratio[repeats / 2];
}

/* Returns the largest ratio. */
static double bench_choice(const layer_shape *shape, int batch, int repeats, bool direct) {
  char name[64];
  double most = 0.0;
  layer l;
  layer_open(&l, shape, batch, esp__kernels_active(), direct);
  printf("%-9s %-24s", shape->network, layer_name(shape, name));
  for (int i = 0; i < POINTS; i++) {
    layer_mask(&l, 1.0 - sparsities[i]);
    measure(&l, 3); /* the stopwatch chooses */
    const double ratio = chosen_over_dense(&l, repeats);
    printf(" %11.3f", ratio);
    if (ratio > most) most = ratio;
  }
  putchar('\n');
  fflush(stdout);
  layer_close(&l);
  return most;
}

int main(int argc, char **argv) {
  int threads = 0, batch = 128, repeats = 5;
  char network[16] = "", choice[4] = "", direct[4] = "";
  for (int i = 1; i < argc; i++)
    if (sscanf(argv[i], "threads=%d", &threads) != 1 && sscanf(argv[i], "batch=%d", &batch) != 1 &&
        sscanf(argv[i], "repeats=%d", &repeats) != 1 &&
        sscanf(argv[i], "network=%15s", network) != 1 && sscanf(argv[i], "auto=%3s", choice) != 1 &&
        sscanf(argv[i], "direct=%3s", direct) != 1)
      return fputs(
                 "usage: crossover [threads=N] [batch=N] [repeats=N] [network=NAME] [auto=yes] "
                 "[direct=yes]\n",
                 stderr),
             2;
  if (batch < 1 || repeats < 1 || repeats > 100)
    return fputs("crossover: batch >= 1, repeats 1 to 100\n", stderr), 2;
  if (threads > 0) omp_set_num_threads(threads);
  const bool only_choice = strcmp(choice, "yes") == 0, no_winograd = strcmp(direct, "yes") == 0;
  double most = 0.0;
  printf("%s\n%-34s",
         only_choice
             ? "time of the chosen kernels over the dense ones', all passes, by sparsity"
             : "speed-up of the sparse kernels, forward / forward and both gradients, by sparsity; "
               "then where each passes 1",
         "");
  for (int i = 0; i < POINTS; i++) printf("        %2.0f %%", 100.0 * sparsities[i]);
  puts(only_choice ? "" : "   fwd   all");
  for (const layer_shape *s = layer_shapes; s->network; s++) {
    if (network[0] ? strcmp(s->network, network) != 0 : strcmp(s->network, "other") == 0) continue;
    if (!only_choice) {
      bench_layer(s, batch, repeats, no_winograd);
    } else {
      const double ratio = bench_choice(s, batch, repeats, no_winograd);
      if (ratio > most) most = ratio;
    }
  }
  if (only_choice) printf("largest: %.3f\n", most);
  return 0;
}
