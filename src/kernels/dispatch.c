#include "kernels/isa.h"
#include "kernels/kernels.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

extern const esp__kernels esp__kernels_scalar, esp__kernels_avx2, esp__kernels_avx512,
    esp__kernels_neon;

static const esp__kernels *const sets[] = {
    &esp__kernels_scalar,
#if defined(__x86_64__) && !defined(ESP_SCALAR_ONLY)
    &esp__kernels_avx2,
    &esp__kernels_avx512,
#elif defined(__aarch64__) && !defined(ESP_SCALAR_ONLY)
    &esp__kernels_neon,
#endif
};
enum { SETS = sizeof sets / sizeof *sets };

static const esp__kernels *find(const char *isa) {
  for (size_t s = 0; isa && s < SETS; s++)
    if (strcmp(isa, sets[s]->isa) == 0) return sets[s];
  return NULL;
}

const esp__kernels *esp__kernels_at(size_t i) {
  return find(esp__isa_at(i));
}

static const esp__kernels *active;
static pthread_once_t chosen = PTHREAD_ONCE_INIT;

static void choose(void) {
  active = find(esp__isa_chosen());
}

const esp__kernels *esp__kernels_active(void) {
  pthread_once(&chosen, choose);
  return active;
}

esp_status esp__kernels_check(esp_error *err) {
  const char *isa = getenv("ESPALIER_ISA");
  if (!isa || strcmp(isa, esp__isa_dots_chosen()) == 0) return ESP_OK;
  char known[128] = "";
  const char *name;
  for (size_t i = 0; (name = esp__isa_dots_at(i)); i++) {
    if (i) strcat(known, ", ");
    strcat(known, name);
  }
  return esp_fail(err, ESP_ERR_INPUT,
                  "environment ESPALIER_ISA = '%s': expected one of %s on this machine", isa,
                  known);
}
