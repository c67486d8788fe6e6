/* Every kind of layer on every instruction set: GF/s and per cent of the multiply-add peak measured
 * in the same run.
 *
 * usage: kernels [threads=0] [batch=128] [isa=NAME] [repeats=7] [layer=TEXT] [direct=yes]
 *        layer: only those with that text in their line; direct: without Winograd */
#include "layer.h"
#include "peak.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is asked for. */
typedef struct request {
  int threads, batch, repeats;
  const char *isa, *layer;
  bool direct;
} request;

typedef struct mean {
  double log_sum[LAYER_PASSES];
  int count[LAYER_PASSES];
} mean;

/* No training goes back to the images. */
static bool happens(const layer_shape *s, int pass) {
  return pass != LAYER_TO_INPUT || s->channels > 3;
}

static void bench_layer(const layer_shape *shape, const esp__kernels *kernels, const request *q,
                        double peak, mean *three) {
  char name[64];
  layer l;
  layer_open(&l, shape, q->batch, kernels, q->direct);
  printf("%-9s %-28s", shape->network, layer_name(shape, name));
  for (int p = 0; p < LAYER_PASSES; p++) {
    if (!happens(shape, p)) {
      printf("  %7s %5s", "-", "-");
      continue;
    }
    const double rate = layer_flops(&l) / layer_seconds(&l, (layer_pass)p, q->repeats) / 1e9;
    printf("  %7.1f %5.1f", rate, 100.0 * rate / peak);
    if (strcmp(shape->network, "other") == 0) continue;
    three->log_sum[p] += log(rate / peak);
    three->count[p]++;
  }
  putchar('\n');
  fflush(stdout);
  layer_close(&l);
}

static bool is_wanted(const layer_shape *s, const char *text) {
  char name[64];
  return !text || strstr(layer_name(s, name), text) || strcmp(s->network, text) == 0;
}

static void bench_isa(const esp__kernels *kernels, const request *q) {
  const int threads = omp_get_max_threads();
  mean three = {0};
  const double peak = peak_measure(peak_find(kernels->isa), threads);
  printf("\n%s, %d threads, batch %d: peak %.1f GF/s\n%-9s %-28s  %13s  %13s  %13s\n%-9s %-28s",
         kernels->isa, threads, q->batch, peak, "network", "layer", "forward", "to the input",
         "to the weights", "", "");
  for (int p = 0; p < LAYER_PASSES; p++) printf("  %7s %5s", "GF/s", "%");
  putchar('\n');
  for (const layer_shape *s = layer_shapes; s->network; s++)
    if (is_wanted(s, q->layer)) bench_layer(s, kernels, q, peak, &three);
  printf("%-38s", "geometric mean of the 3x3 layers");
  for (int p = 0; p < LAYER_PASSES; p++)
    printf("  %7s %5.1f", "", 100.0 * exp(three.log_sum[p] / three.count[p]));
  putchar('\n');
}

static int usage(void) {
  fputs("usage: kernels [threads=N] [batch=N] [isa=NAME] [repeats=N] [layer=TEXT] [direct=yes]\n",
        stderr);
  return 2;
}

int main(int argc, char **argv) {
  request q = {.batch = 128, .repeats = 7};
  for (int i = 1; i < argc; i++) {
    const char *value = strchr(argv[i], '=');
    if (sscanf(argv[i], "threads=%d", &q.threads) == 1 ||
        sscanf(argv[i], "batch=%d", &q.batch) == 1 ||
        sscanf(argv[i], "repeats=%d", &q.repeats) == 1)
      continue;
    if (value && strncmp(argv[i], "isa=", 4) == 0)
      q.isa = value + 1;
    else if (value && strncmp(argv[i], "layer=", 6) == 0)
      q.layer = value + 1;
    else if (strcmp(argv[i], "direct=yes") == 0)
      q.direct = true;
    else
      return usage();
  }
  if (q.batch < 1 || q.repeats < 1 || q.repeats > 100)
    return fputs("kernels: batch >= 1, repeats 1 to 100\n", stderr), 2;
  if (q.threads > 0) omp_set_num_threads(q.threads);
  const esp__kernels *k;
  for (size_t i = 0; (k = esp__kernels_at(i)); i++) {
    const bool slow =
        strcmp(k->isa, "scalar") == 0; /* the reference takes minutes: only when asked for */
    if (q.isa ? strcmp(q.isa, k->isa) == 0 : !slow) bench_isa(k, &q);
  }
  return 0;
}
