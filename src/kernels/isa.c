#include "kernels/isa.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && !defined(ESP_SCALAR_ONLY)
static bool has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
static bool has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#endif
static bool always(void) {
  return true;
}

static const struct {
  const char *name;
  bool (*runs)(void);
} sets[] = {
    {"scalar", always},
#if defined(__x86_64__) && !defined(ESP_SCALAR_ONLY)
    {"avx2", has_avx2},
    {"avx512", has_avx512},
#elif defined(__aarch64__) && !defined(ESP_SCALAR_ONLY)
    {"neon", always},
#endif
};
enum { SETS = sizeof sets / sizeof *sets };

const char *esp__isa_at(size_t i) {
  for (size_t s = 0; s < SETS; s++)
    if (sets[s].runs() && i-- == 0) return sets[s].name;
  return NULL;
}

const char *esp__isa_chosen(void) {
  const char *wanted = getenv("ESPALIER_ISA"), *best = NULL, *name;
  for (size_t i = 0; (name = esp__isa_at(i)); i++) {
    if (wanted && strcmp(wanted, name) == 0) return name;
    best = name;
  }
  return best;
}
