/* Every kind of layer on every instruction set: GF/s and per cent of the multiply-add peak measured in the
 * same run.
 *
 * usage: kernels [threads=0] [batch=128] [isa=NAME] [repeats=7] */
#include "layer.h"
#include "peak.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct mean {
  double log_sum[LAYER_PASSES];
  int count[LAYER_PASSES];
} mean;

/* No training goes back to the images. */
static bool happens(const layer_shape *s, int pass) {
  return pass != LAYER_TO_INPUT || s->channels > 3;
}

static void bench_layer(const layer_shape *shape, const esp_kernels *kernels, int batch, int repeats,
                        double peak, mean *three) {
  char name[64];
  layer l;
  layer_open(&l, shape, batch, kernels);
  printf("%-9s %-28s", shape->network, layer_name(shape, name));
  for (int p = 0; p < LAYER_PASSES; p++) {
    if (!happens(shape, p)) {
      printf("  %7s %5s", "-", "-");
      continue;
    }
    const double rate = layer_flops(&l) / layer_seconds(&l, (layer_pass)p, repeats) / 1e9;
    printf("  %7.1f %5.1f", rate, 100.0 * rate / peak);
    if (strcmp(shape->network, "other") == 0) continue;
    three->log_sum[p] += log(rate / peak);
    three->count[p]++;
  }
  putchar('\n');
  fflush(stdout);
  layer_close(&l);
}

static void bench_isa(const esp_kernels *kernels, int threads, int batch, int repeats) {
  mean three = {0};
  const double peak = peak_measure(peak_find(kernels->isa), threads);
  printf("\n%s, %d threads, batch %d: peak %.1f GF/s\n%-9s %-28s  %13s  %13s  %13s\n%-9s %-28s", kernels->isa,
         threads, batch, peak, "network", "layer", "forward", "to the input", "to the weights", "", "");
  for (int p = 0; p < LAYER_PASSES; p++) printf("  %7s %5s", "GF/s", "%");
  putchar('\n');
  for (const layer_shape *s = layer_shapes; s->network; s++)
    bench_layer(s, kernels, batch, repeats, peak, &three);
  printf("%-38s", "geometric mean of the 3x3 layers");
  for (int p = 0; p < LAYER_PASSES; p++)
    printf("  %7s %5.1f", "", 100.0 * exp(three.log_sum[p] / three.count[p]));
  putchar('\n');
}

int main(int argc, char **argv) {
  int threads = 0, batch = 128, repeats = 7;
  const char *isa = NULL;
  for (int i = 1; i < argc; i++)
    if (sscanf(argv[i], "threads=%d", &threads) != 1 && sscanf(argv[i], "batch=%d", &batch) != 1 &&
        sscanf(argv[i], "repeats=%d", &repeats) != 1) {
      if (strncmp(argv[i], "isa=", 4) != 0)
        return fputs("usage: kernels [threads=N] [batch=N] [isa=NAME] [repeats=N]\n", stderr), 2;
      isa = argv[i] + 4;
    }
  if (batch < 1 || repeats < 1 || repeats > 100)
    return fputs("kernels: batch >= 1, repeats 1 to 100\n", stderr), 2;
  if (threads > 0) omp_set_num_threads(threads);
  const esp_kernels *k;
  for (size_t i = 0; (k = esp_kernels_at(i)); i++) {
    const bool slow = strcmp(k->isa, "scalar") == 0; /* the reference takes minutes: only when asked for */
    if (isa ? strcmp(isa, k->isa) == 0 : !slow) bench_isa(k, omp_get_max_threads(), batch, repeats);
  }
  return 0;
}
