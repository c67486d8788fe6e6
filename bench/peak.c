#include "peak.h"

#include "base/clock.h"

#include <omp.h>
#include <string.h>

peak_function *peak_find(const char *isa) {
#if defined(__x86_64__)
  if (strcmp(isa, "avx512") == 0) return peak_avx512;
  if (strcmp(isa, "avx2") == 0) return peak_avx2;
#elif defined(__aarch64__)
  if (strcmp(isa, "neon") == 0) return peak_neon;
#endif
  return strcmp(isa, "scalar") == 0 ? peak_scalar : 0;
}

double peak_measure(peak_function *f, int threads) {
  double best = 0.0;
  float total = 0.0f;
  for (int repeat = 0; repeat < 9; repeat++) {
    double work = 0.0, start = 0.0;
#pragma omp parallel num_threads(threads) reduction(+ : work, total)
    {
#pragma omp barrier
#pragma omp master
      start = esp__seconds();
      float sink = 0.0f;
      work += f(300000, &sink);
      total += sink;
    }
    const double rate = work / (esp__seconds() - start) / 1e9;
    if (rate > best) best = rate;
  }
  return total == 1.0f ? 0.0 : best; /* the sums must be computed */
}
