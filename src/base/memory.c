#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* Linux: getrusage would count the process that started this one, from before it became this
 * one. */
static double from_proc(void) {
  double kib = 0.0;
  char line[256];
  FILE *f = fopen("/proc/self/status", "r");
  if (!f) return 0.0;
  while (fgets(line, sizeof line, f) && sscanf(line, "VmHWM: %lf", &kib) != 1) continue;
  fclose(f);
  return kib / 1024.0;
}

static double from_usage(void) {
  struct rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0.0;
#ifdef __APPLE__
  return (double)usage.ru_maxrss / (1024.0 * 1024.0); /* bytes */
#else
  return (double)usage.ru_maxrss / 1024.0; /* KiB */
#endif
}

double esp__peak_rss_mib(void) {
  const double mib = from_proc();
  return mib > 0.0 ? mib : from_usage();
}

size_t esp__memory_available(void) {
  char line[256];
  unsigned long long kib, sum = 0;
  int found = 0;
  FILE *f = fopen("/proc/meminfo", "r");
  if (!f) return SIZE_MAX;
  while (found < 2 && fgets(line, sizeof line, f))
    if (sscanf(line, "MemAvailable: %llu", &kib) == 1 ||
        sscanf(line, "SwapFree: %llu", &kib) == 1) {
      sum += kib;
      found++;
    }
  fclose(f);
  return found > 0 && sum < SIZE_MAX / 1024 ? (size_t)sum * 1024 : SIZE_MAX;
}

static size_t alignment_of(size_t bytes) {
  return bytes >= ESP_HUGE_PAGE ? ESP_HUGE_PAGE : 64;
}

size_t esp__memory_rounded(size_t bytes) {
  const size_t align = alignment_of(bytes);
  return (bytes + align - 1) / align * align;
}

void *esp__memory_zeroed(size_t bytes) {
  const size_t align = alignment_of(bytes), size = esp__memory_rounded(bytes);
  void *p = aligned_alloc(align, size);
#ifdef MADV_HUGEPAGE
  if (p && align == ESP_HUGE_PAGE) madvise(p, size, MADV_HUGEPAGE); /* only advice */
#endif
  return p ? memset(p, 0, size) : NULL;
}
