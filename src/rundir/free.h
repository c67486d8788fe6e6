/* Directories that a run or sweep may begin in. */
#ifndef ESP_RUNDIR_FREE_H
#define ESP_RUNDIR_FREE_H

#include <espalier/status.h>

#include <stdbool.h>

/* Whether nothing is in the directory but what is left of a run or sweep that was killed before it
 * began: temporary files, a lock, what a process of a sweep said. */
bool esp__directory_is_free(const char *path);
/* Fails where a directory has files in it and none is called as one of `own`, a list that NULL
 * ends: then it is not `what`, "a run". */
esp_status esp__directory_check(const char *path, const char *const *own, const char *what,
                                esp_error *err);

#endif
