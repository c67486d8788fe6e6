#include "kernels/isa.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && !defined(ESP_SCALAR_ONLY)
#include <cpuid.h>

static bool has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
static bool has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
static bool has_avxvnni(void) {
  enum { LEAF = 7, PART = 1, AVX_VNNI = 1 << 4 };
  unsigned a, b, c, d;
  return has_avx2() && __get_cpuid_count(LEAF, PART, &a, &b, &c, &d) && (a & AVX_VNNI);
}
static bool has_avx512vnni(void) {
  return has_avx512() && __builtin_cpu_supports("avx512vnni");
}
#elif defined(__aarch64__) && !defined(ESP_SCALAR_ONLY)
#include <sys/auxv.h>

static bool has_dot_products(void) {
  enum { ASIMDDP = 1 << 20 }; /* HWCAP_ASIMDDP of asm/hwcap.h */
  return (getauxval(AT_HWCAP) & ASIMDDP) != 0;
}
#endif
static bool always(void) {
  return true;
}

/* A set, or a variant for dot products of the set `of`. */
static const struct {
  const char *name, *of;
  bool (*runs)(void);
} sets[] = {
    {"scalar", "scalar", always},
#if defined(__x86_64__) && !defined(ESP_SCALAR_ONLY)
    {"avx2", "avx2", has_avx2},       {"avxvnni", "avx2", has_avxvnni},
    {"avx512", "avx512", has_avx512}, {"avx512vnni", "avx512", has_avx512vnni},
#elif defined(__aarch64__) && !defined(ESP_SCALAR_ONLY)
    {"neon", "neon", always},
    {"neondot", "neon", has_dot_products},
#endif
};
enum { SETS = sizeof sets / sizeof *sets, NONE = SETS };

static bool is_variant(size_t s) {
  return strcmp(sets[s].name, sets[s].of) != 0;
}

const char *esp__isa_at(size_t i) {
  for (size_t s = 0; s < SETS; s++)
    if (!is_variant(s) && sets[s].runs() && i-- == 0) return sets[s].name;
  return NULL;
}

const char *esp__isa_dots_at(size_t i) {
  for (size_t s = 0; s < SETS; s++)
    if (sets[s].runs() && i-- == 0) return sets[s].name;
  return NULL;
}

/* The set that ESPALIER_ISA names, or NONE. */
static size_t wanted(void) {
  const char *name = getenv("ESPALIER_ISA");
  for (size_t s = 0; name && s < SETS; s++)
    if (strcmp(name, sets[s].name) == 0 && sets[s].runs()) return s;
  return NONE;
}

const char *esp__isa_chosen(void) {
  const char *best = NULL, *name;
  const size_t s = wanted();
  if (s != NONE) return sets[s].of;
  for (size_t i = 0; (name = esp__isa_at(i)); i++) best = name;
  return best;
}

const char *esp__isa_dots_chosen(void) {
  const char *best = NULL, *name;
  const size_t s = wanted();
  if (s != NONE) return sets[s].name;
  for (size_t i = 0; (name = esp__isa_dots_at(i)); i++) best = name;
  return best;
}
