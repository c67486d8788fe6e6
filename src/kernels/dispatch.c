#include "kernels/kernels.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

extern const esp__kernels esp__kernels_scalar, esp__kernels_avx2, esp__kernels_avx512,
    esp__kernels_neon;

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

/* From the plainest to the best. */
static const struct {
  const esp__kernels *kernels;
  bool (*runs)(void);
} sets[] = {
    {&esp__kernels_scalar, always},
#if defined(__x86_64__) && !defined(ESP_SCALAR_ONLY)
    {&esp__kernels_avx2, has_avx2},
    {&esp__kernels_avx512, has_avx512},
#elif defined(__aarch64__) && !defined(ESP_SCALAR_ONLY)
    {&esp__kernels_neon, always},
#endif
};
enum { SETS = sizeof sets / sizeof *sets };

const esp__kernels *esp__kernels_at(size_t i) {
  for (size_t s = 0; s < SETS; s++)
    if (sets[s].runs() && i-- == 0) return sets[s].kernels;
  return NULL;
}

static const esp__kernels *find(const char *isa) {
  const esp__kernels *best = NULL, *k;
  for (size_t i = 0; (k = esp__kernels_at(i)); i++)
    if (!isa || strcmp(isa, k->isa) == 0) best = k;
  return best;
}

static const esp__kernels *active;
static pthread_once_t chosen = PTHREAD_ONCE_INIT;

static void choose(void) {
  active = find(getenv("ESPALIER_ISA"));
  if (!active) active = find(NULL);
}

const esp__kernels *esp__kernels_active(void) {
  pthread_once(&chosen, choose);
  return active;
}

esp_status esp__kernels_check(esp_error *err) {
  const char *isa = getenv("ESPALIER_ISA");
  if (!isa || find(isa)) return ESP_OK;
  char known[128] = "";
  const esp__kernels *k;
  for (size_t i = 0; (k = esp__kernels_at(i)); i++) {
    if (i) strcat(known, ", ");
    strcat(known, k->isa);
  }
  return esp_fail(err, ESP_ERR_INPUT,
                  "environment ESPALIER_ISA = '%s': expected one of %s on this machine", isa,
                  known);
}
