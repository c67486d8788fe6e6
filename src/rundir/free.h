/* Directories that a run or sweep may begin in. */
#ifndef ESP_RUNDIR_FREE_H
#define ESP_RUNDIR_FREE_H

#include <stdbool.h>

/* Whether nothing is in the directory but what is left of a run or sweep that was killed before it
 * began: temporary files, a lock, what a process of a sweep said. */
bool esp__directory_is_free(const char *path);

#endif
