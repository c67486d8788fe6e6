/* How commands that train follow and stop a run. */
#ifndef ESP_CLI_CONTROL_H
#define ESP_CLI_CONTROL_H

#include <espalier/run.h>

/* Progress to stdout; the first signal to end lets the run finish its step, a second one ends the
 * process. SIGUSR1 is the first only. */
esp_run_control esp__cli_control(void);

#endif
