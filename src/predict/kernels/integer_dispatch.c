#include "kernels/isa.h"
#include "predict/kernels/integer_kernels.h"

#include <string.h>

extern const esp__integer_kernels esp__integer_kernels_scalar, esp__integer_kernels_avx2,
    esp__integer_kernels_avxvnni, esp__integer_kernels_avx512, esp__integer_kernels_avx512vnni,
    esp__integer_kernels_neon, esp__integer_kernels_neondot;

static const esp__integer_kernels *const sets[] = {
    &esp__integer_kernels_scalar,
#if defined(__x86_64__) && !defined(ESP_SCALAR_ONLY)
    &esp__integer_kernels_avx2,   &esp__integer_kernels_avxvnni,
    &esp__integer_kernels_avx512, &esp__integer_kernels_avx512vnni,
#elif defined(__aarch64__) && !defined(ESP_SCALAR_ONLY)
    &esp__integer_kernels_neon,
    &esp__integer_kernels_neondot,
#endif
};

const esp__integer_kernels *esp__integer_kernels_choose(void) {
  const char *isa = esp__isa_dots_chosen();
  for (size_t i = 1; i < sizeof sets / sizeof *sets; i++)
    if (strcmp(sets[i]->isa, isa) == 0) return sets[i];
  return sets[0];
}
