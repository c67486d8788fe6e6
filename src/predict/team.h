/* Some threads that do parts of one thing together. Internal to src/predict. */
#ifndef ESP_PREDICT_TEAM_H
#define ESP_PREDICT_TEAM_H

#include <espalier/status.h>

typedef struct esp__team esp__team;

/* The caller's thread, number 0, and `threads` - 1 others, which sleep while there is nothing to
 * do. Errors: the system has no memory or no threads. */
esp_status esp__team_new(esp__team **team, int threads, esp_error *err);
void esp__team_free(esp__team *team); /* NULL is nothing */

enum { ESP_TEAM_PARTS = 1 << 20 }; /* of one thing, at most */
/* Calls the function once for each of the parts 0 to `parts` - 1, on whichever thread is free, and
 * returns when all are done. A thread that the system does not run takes no part, so that none
 * waits for it. Not from within it. */
typedef void esp__team_fn(void *user, int part, int thread);
void esp__team_run(esp__team *team, int parts, esp__team_fn *run, void *user);

#endif
