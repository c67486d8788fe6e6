/* What the environment says of the launcher. */
#include <espalier/ranks.h>

#include <stdlib.h>

/* The variables in which launchers say how many processes there are, and which one this is. */
static const struct {
  const char *count, *rank;
} launchers[] = {
    {"PMI_SIZE", "PMI_RANK"},
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
    {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID"},
};

static int number_in(const char *variable) {
  const char *text = getenv(variable);
  const long value = text ? strtol(text, NULL, 10) : 0;
  return value > 0 && value < 1 << 20 ? (int)value : 0;
}

int esp_ranks_launched(int *rank) {
  *rank = 0;
  for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
    const int count = number_in(launchers[i].count);
    if (count < 2) continue;
    *rank = number_in(launchers[i].rank);
    return count;
  }
  return 1;
}
