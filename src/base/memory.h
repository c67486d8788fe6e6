#ifndef ESP_BASE_MEMORY_H
#define ESP_BASE_MEMORY_H

/* The most memory this process has had resident so far, in MiB; 0 where the system does not say. */
double esp__peak_rss_mib(void);

#endif
