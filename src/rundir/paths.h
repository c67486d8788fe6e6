/* The names of what a run directory holds: every one of them once. */
#ifndef ESP_RUNDIR_PATHS_H
#define ESP_RUNDIR_PATHS_H

enum { ESP_PATH_MAX = 4096 };

#endif
