/* Commands that several processes carry out together. */
#ifndef ESP_CLI_RANKS_H
#define ESP_CLI_RANKS_H

#include "cli/args.h"

#include <espalier/run.h>

/* Fails where a launcher has started several processes of a command that is for one. Of those only
 * the first has a message. */
esp_status esp__cli_check_alone(const esp__command *c, esp_error *err);

/* Joins the processes that the launcher started; all but rank 0 are silent from then on. Fails
 * where they are not of one version; then they have left. */
esp_status esp__cli_join(esp_run_control *control, esp_error *err);
/* Before joining: a failure that others may not have seen. Where they have, one message is left;
 * else it names the rank. Returns `status`, at once where it is ESP_OK or this process is alone. */
esp_status esp__cli_fail_together(esp_status status, esp_error *err);
/* The end of what they did together; returns `status`. All but rank 0 have no message. */
esp_status esp__cli_leave(const esp_run_control *control, esp_status status, esp_error *err);

#endif
