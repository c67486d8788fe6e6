/* Why a call of the system failed. */
#ifndef ESP_BASE_REASON_H
#define ESP_BASE_REASON_H

#include <espalier/status.h>

#include <errno.h>

/* The status of a call that failed for the reason `number`, an errno: want of memory is none of
 * files. */
static inline esp_status esp__status_of(int number) {
  return number == ENOMEM ? ESP_ERR_MEMORY : ESP_ERR_IO;
}

#endif
