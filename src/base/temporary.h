/* How the names of temporary files end. Those that a killed process left are removed by whoever
 * writes the same file next, so nobody else's may be called so. */
#ifndef ESP_BASE_TEMPORARY_H
#define ESP_BASE_TEMPORARY_H

#define ESP_TEMPORARY_ENDING ".espalier.tmp"

#endif
