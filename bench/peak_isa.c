/* Compiled once per instruction set. */
#include "peak.h"

#include "kernels/kernels.h"
#include "kernels/simd.h"

enum { CHAINS = ESP_VECTOR == 8 ? 12 : 24 };

double ESP_ISA_NAME(peak)(long rounds, float *sink) {
  esp__vec sum[CHAINS];
  const esp__vec a = esp__vec_set(0.999f), b = esp__vec_set(0.001f);
#pragma GCC unroll 24
  for (int i = 0; i < CHAINS; i++) sum[i] = esp__vec_set((float)i);
  for (long r = 0; r < rounds; r++)
#pragma GCC unroll 24
    for (int i = 0; i < CHAINS; i++) sum[i] = esp__vec_fma(sum[i], a, b);
  _Alignas(64) float out[16];
  for (int i = 0; i < CHAINS; i++) {
    esp__vec_store(out, sum[i]);
    *sink += out[0];
  }
  return 2.0 * ESP_VECTOR * CHAINS * (double)rounds;
}
