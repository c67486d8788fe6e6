/* A run that is stopped in the middle of its training. */
#ifndef ESP_TESTS_CLI_MIDDLE_H
#define ESP_TESTS_CLI_MIDDLE_H

#include "rig.h"

#include <signal.h>

/* Steps of one image: many of them, and few images to draw whenever the run is opened. */
#define RUN                                                                \
  "run", "plain.ini", "data.train=200", "train.batch=1", "train.epochs=1", \
      "prune.method=magnitude", "prune.rounds=2", "run.checkpoint_minutes=0"
#define CHECKPOINT "a/checkpoint.safetensors"

static inline void stop_in_the_middle(void) {
  const process_options stop = {.signal = SIGTERM, .begun = CHECKPOINT};
  process p = espalier(&stop, (const char *[]){RUN, "-o", "a", NULL});
  ck_assert_msg(p.status == 130, "status %d: %s", p.status, p.err);
  process_free(&p);
}

#endif
