/* What a person sees of a run: one line that changes on a terminal, plain lines elsewhere. */
#ifndef ESP_RUN_PROGRESS_H
#define ESP_RUN_PROGRESS_H

#include <espalier/status.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct esp_progress {
  FILE *out; /* NULL: nothing is shown */
  bool terminal, line_open;
  double shown;        /* clock, when something was shown last */
  double begun;        /* clock, when this process began to train */
  int64_t images_done; /* trained on by this process */
} esp_progress;

/* How far a run is. */
typedef struct esp_progress_state {
  const char *stage; /* "training", "round 2/5" */
  int64_t epoch, epochs, batch, batches;
  double loss, top1;   /* of the epoch so far */
  int64_t images_left; /* of the whole run */
} esp_progress_state;

void esp_progress_start(esp_progress *p, FILE *out);
/* After each step: shows something when enough time has passed. */
void esp_progress_step(esp_progress *p, int64_t images, const esp_progress_state *s);
/* Images a second that this process has trained on. */
double esp_progress_rate(const esp_progress *p);
/* "2 h 05 min", "3 min 20 s" */
void esp_format_time(char text[32], double seconds);
/* A line that stays. */
void esp_progress_say(esp_progress *p, const char *format, ...) ESP_PRINTF(2, 3);

#endif
