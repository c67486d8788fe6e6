/* Dense or sparse kernels, by stopwatch: after a change of the mask each is timed twice, in turn,
 * on steps that are needed anyway. Both return the same bits, so the choice is free. */
#ifndef ESP_AUTOGRAD_AUTOTUNE_H
#define ESP_AUTOGRAD_AUTOTUNE_H

#include "autograd/node.h"

/* The choice for one layer and direction. */
typedef struct esp__autotune {
  int trials;          /* since the mask changed; even ones are dense */
  double seconds[2];   /* least time, dense and sparse */
  double density;      /* at the last measurement */
  uint64_t generation; /* of the mask when it was asked last */
  bool sparse, running;
  esp_kernel_reason reason; /* why it is sparse, or not */
  double started;
} esp__autotune;

/* Says whether to run sparse this time, and starts the clock if this is a trial. `tile_rows` as in
 * esp__sparse. */
bool esp__autotune_start(esp__autotune *a, const esp_graph *g, const esp_param *p, int tile_rows);
/* Stops the clock. */
void esp__autotune_stop(esp__autotune *a);
/* The pass goes another way, which is no matter of speed, for that reason. */
void esp__autotune_skip(esp__autotune *a, esp_kernel_reason reason);

#endif
