/* What a command may write over: only what was made by the same command. */
#ifndef ESP_BASE_REPLACE_H
#define ESP_BASE_REPLACE_H

#include <espalier/status.h>

/* Fails unless nothing of that name is there, or an empty file, or one whose first bytes have
 * `mark` in them. `what` says of a file what is wrong with it: "is no packed file". */
esp_status esp__check_replaced(const char *path, const char *mark, const char *what,
                               esp_error *err);

#endif
