#ifndef ESP_BASE_MEMORY_H
#define ESP_BASE_MEMORY_H

#include <stddef.h>

/* The most memory this process has had resident so far, in MiB; 0 where the system does not say. */
double esp__peak_rss_mib(void);

/* Bytes of memory that the system could still give to this process, swap included; SIZE_MAX where
 * it does not say. */
size_t esp__memory_available(void);

enum { ESP_HUGE_PAGE = 2 << 20 }; /* bytes */
/* Bytes that esp__memory_zeroed takes for so many. */
size_t esp__memory_rounded(size_t bytes);
/* Zeroed, 64-byte aligned memory, to be freed; from ESP_HUGE_PAGE on in huge pages where the system
 * has them, since it is slow to look up many small ones. NULL: there is none. */
void *esp__memory_zeroed(size_t bytes);

#endif
