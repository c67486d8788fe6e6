/* Which way a 3x3 layer goes. The numbers were measured (docs/performance.md). */
#include "base/integer.h"
#include "kernels/winograd.h"

int esp__winograd_tiles(int height, int width) {
  return esp__ceil_div(height, ESP_WINOGRAD_TILE) * esp__ceil_div(width, ESP_WINOGRAD_TILE);
}

bool esp__winograd_costs_less(int height, int width, esp__winograd_size size) {
  enum { TRANSFORM = 7 };
  const double clearly = 0.75, slower = 1.2;
  const double all = (double)size.outputs * size.channels,
               own = (double)ESP_WINOGRAD_POINTS * esp__winograd_tiles(height, width) *
                     (all + TRANSFORM * (size.outputs + size.channels)),
               pixels = (3.0 * height - 2.0) * (3.0 * width - 2.0), dense = pixels * all * clearly,
               sparse = pixels * size.kept / 9.0 * slower;
  return own < dense && own < sparse; /* not with nothing left */
}
