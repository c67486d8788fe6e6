#include "cli/ranks.h"

#include "cli/guard.h"
#include "ranks/agree.h"

#include <stdlib.h>

/* Only one process speaks of what all of them know. */
static void be_silent(int rank, esp_error *err) {
  if (rank > 0) *err->text = '\0';
}

esp_status esp__cli_check_alone(const esp__command *c, esp_error *err) {
  int rank;
  const int launched = esp_ranks_launched(&rank);
  if (launched == 1 || c->shared) return ESP_OK;
  const esp_status status =
      esp_fail(err, ESP_ERR_INPUT,
               "started as %d processes; expected one, since only run and resume share "
               "their work",
               launched);
  be_silent(rank, err);
  return status;
}

static void end_all(esp_ranks *ranks, const char *why) {
  esp__cli_say_last(why);
  esp_ranks_abort(ranks, 1);
  _Exit(1);
}

static esp_status join(esp_run_control *control, esp_error *err) {
  ESP_TRY(esp_ranks_join(&control->ranks, end_all, err));
  return esp__ranks_check_version(control->ranks, err);
}

esp_status esp__cli_join(esp_run_control *control, esp_error *err) {
  int rank;
  const int launched = esp_ranks_launched(&rank);
  if (launched > 1) esp__cli_guard(rank, launched);
  const esp_status status = join(control, err);
  if (status != ESP_OK) {
    be_silent(rank, err);
    esp_ranks_leave(control->ranks);
  }
  if (rank > 0) control->progress = NULL;
  return status;
}

esp_status esp__cli_leave(const esp_run_control *control, esp_status status, esp_error *err) {
  if (status != ESP_OK) be_silent(esp_ranks_rank(control->ranks), err);
  esp_ranks_leave(control->ranks);
  return status;
}

esp_status esp__cli_fail_together(esp_status status, esp_error *err) {
  int rank;
  esp_run_control control = {0};
  if (status == ESP_OK || esp_ranks_launched(&rank) == 1) return status;
  ESP_TRY(esp__cli_join(&control, err));
  return esp__cli_leave(&control, esp__ranks_agree(control.ranks, status, err), err);
}
