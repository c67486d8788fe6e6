#include "kernels/isa.h"
#include "predict/kernels/predict_kernels.h"

#include <string.h>

extern const esp__predict_kernels esp__predict_kernels_scalar, esp__predict_kernels_avx2,
    esp__predict_kernels_avx512, esp__predict_kernels_neon;

static const esp__predict_kernels *const sets[] = {
    &esp__predict_kernels_scalar,
#if defined(__x86_64__) && !defined(ESP_SCALAR_ONLY)
    &esp__predict_kernels_avx2,
    &esp__predict_kernels_avx512,
#elif defined(__aarch64__) && !defined(ESP_SCALAR_ONLY)
    &esp__predict_kernels_neon,
#endif
};

const esp__predict_kernels *esp__predict_kernels_choose(void) {
  const char *isa = esp__isa_chosen();
  for (size_t i = 1; i < sizeof sets / sizeof *sets; i++)
    if (strcmp(sets[i]->isa, isa) == 0) return sets[i];
  return sets[0];
}
