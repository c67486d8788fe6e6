/* Some threads that do parts of one thing together. Internal to src/predict. */
#ifndef ESP_PREDICT_TEAM_H
#define ESP_PREDICT_TEAM_H

#include <espalier/status.h>

typedef struct esp__team esp__team;

/* The caller's thread and `threads` - 1 others, which sleep while there is nothing to do. Errors:
 * the system has no memory or no threads. */
esp_status esp__team_new(esp__team **team, int threads, esp_error *err);
void esp__team_free(esp__team *team); /* NULL is nothing */

/* Calls the function once a thread with the parts 0 (the caller's) to threads - 1, and returns when
 * all have. Not from within it. */
typedef void esp__team_fn(void *user, int part);
void esp__team_run(esp__team *team, esp__team_fn *run, void *user);
/* Within it, from every part: returns when all parts have come so far, and sees what they wrote. */
void esp__team_meet(esp__team *team);

#endif
