/* A trial of every kernel (trial.h), one a member of ESP_KERNELS: a kernel without a trial does not
 * link. They stand in trials_*.c. */
#ifndef TRIALS_H
#define TRIALS_H

#include "kernels/trial.h"
#include "suite.h"

#include "base/integer.h"

#include <stdlib.h>

enum { LANE_BYTES = ESP_LANES * sizeof(float) };

#define K(member, type, function) void try_##member(trial *t);
ESP_KERNELS(K)
#undef K

/* ---- what several trials draw ---- */

static inline esp__epilogue draw_switches(trial *t) {
  return (esp__epilogue){.accumulate = trial_flip(t), .relu = trial_flip(t)};
}

static inline void draw_epilogue(trial *t, esp__epilogue *f, int outputs, size_t floats) {
  if (trial_flip(t)) f->bias = trial_floats(t, (size_t)outputs);
  if (trial_flip(t)) f->residual = trial_floats(t, floats);
  if (!trial_flip(t)) return;
  f->scale = trial_floats(t, (size_t)outputs);
  f->shift = trial_floats(t, (size_t)outputs);
}

static inline esp__extent draw_extent(trial *t) {
  return (esp__extent){trial_draw(t, 1, 9), trial_draw(t, 1, 9)};
}

/* Rows with gaps of 0 to 3 pixels between them, and none behind the last. */
static inline esp__rows draw_plane(trial *t, esp__extent e) {
  const size_t stride = (size_t)(e.width + trial_draw(t, 0, 3)) * ESP_LANES;
  return (esp__rows){trial_floats(t, (size_t)(e.rows - 1) * stride + (size_t)e.width * ESP_LANES),
                     stride};
}

static inline void writes_plane(trial *t, esp__extent e, esp__rows p) {
  for (int r = 0; r < e.rows; r++)
    trial_writes(t, p.at + (size_t)r * p.stride, (size_t)e.width * LANE_BYTES);
}

#endif
