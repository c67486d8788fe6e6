/* What a person sees of a run: one line that changes on a terminal, plain lines elsewhere. */
#ifndef ESP_RUN_PROGRESS_H
#define ESP_RUN_PROGRESS_H

#include "base/terminal.h"

#include <espalier/quality.h>
#include <espalier/status.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct esp__progress {
  esp__status_line line;
  double shown;        /* clock, when something was shown last */
  double begun;        /* clock, when this process began to train */
  int64_t images_done; /* trained on by this process */
} esp__progress;

/* How far a run is. */
typedef struct esp__progress_state {
  const char *stage; /* "training", "round 2/5" */
  int64_t epoch, epochs, batch, batches;
  double loss, quality;  /* of the epoch so far */
  const esp_quality *is; /* what the quality is */
  int64_t images_left;   /* of the whole run */
} esp__progress_state;

void esp__progress_start(esp__progress *p, FILE *out);
/* After each step: shows something when enough time has passed. */
void esp__progress_step(esp__progress *p, int64_t images, const esp__progress_state *s);
/* Images a second that this process has trained on. */
double esp__progress_rate(const esp__progress *p);
/* "2 h 05 min", "3 min 20 s" */
void esp__format_time(char text[32], double seconds);
/* Takes the line away that changes: what follows is printed by others. */
void esp__progress_end(esp__progress *p);
/* A line that stays. */
void esp__progress_say(esp__progress *p, const char *format, ...) ESP_PRINTF(2, 3);

#endif
