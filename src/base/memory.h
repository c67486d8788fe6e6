#ifndef ESP_BASE_MEMORY_H
#define ESP_BASE_MEMORY_H

#include <stddef.h>

/* The most memory this process has had resident so far, in MiB; 0 where the system does not say. */
double esp__peak_rss_mib(void);

/* Bytes of memory that the system could still give to this process, swap included; SIZE_MAX where
 * it does not say. */
size_t esp__memory_available(void);

#endif
