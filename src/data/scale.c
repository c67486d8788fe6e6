#include "data/scale.h"

#include "data/set.h"

#include <math.h>

/* How output positions of one axis lie over the source: position i is centred at
 * start + (i + 1/2) * step source pixels, under a triangle that reaches `reach` to either side:
 * bilinear when enlarging, an area average when reducing. */
typedef struct axis {
  double start, step, reach;
  int source; /* pixels */
} axis;

static axis axis_of(int source, double start, double window, int wanted) {
  double step = window / wanted;
  return (axis){start, step, step > 1.0 ? step : 1.0, source};
}

/* The pixels [*first, *last) whose middle lies under the triangle of position i, and its centre. */
static double span(const axis *a, int i, int *first, int *last) {
  double centre = a->start + (i + 0.5) * a->step;
  int low = (int)floor(centre - a->reach - 0.5) + 1, high = (int)ceil(centre + a->reach - 0.5);
  *first = low < 0 ? 0 : low;
  *last = high > a->source ? a->source : high;
  return centre;
}

static double weight(const axis *a, double centre, int pixel) {
  double distance = pixel + 0.5 - centre;
  if (distance < 0.0) distance = -distance;
  return distance < a->reach ? 1.0 - distance / a->reach : 0.0;
}

/* The weighted means, one a channel, around (row, column) of the output. */
static void sample(const uint8_t *pixels, int channels, const axis *down, const axis *across,
                   int row, int column, double mean[3]) {
  int y0, y1, x0, x1;
  double cy = span(down, row, &y0, &y1), cx = span(across, column, &x0, &x1), total = 0.0;
  for (int c = 0; c < channels; c++) mean[c] = 0.0;
  for (int y = y0; y < y1; y++) {
    double wy = weight(down, cy, y);
    const uint8_t *at =
        pixels + ((size_t)y * (size_t)across->source + (size_t)x0) * (size_t)channels;
    for (int x = x0; x < x1; x++, at += channels) {
      double w = wy * weight(across, cx, x);
      total += w;
      for (int c = 0; c < channels; c++) mean[c] += w * at[c];
    }
  }
  for (int c = 0; c < channels; c++) mean[c] /= total;
}

void esp__scale(const esp__source *from, esp__crop w, esp_shape shape, uint8_t *to) {
  const axis across = axis_of(from->width, w.left, w.width, shape.width),
             down = axis_of(from->height, w.top, w.height, shape.height);
  size_t plane = esp__plane_values(shape);
  for (int row = 0; row < shape.height; row++)
    for (int column = 0; column < shape.width; column++) {
      double mean[3];
      sample(from->pixels, from->channels, &down, &across, row, column, mean);
      size_t at = (size_t)row * (size_t)shape.width + (size_t)column;
      for (int c = 0; c < from->channels; c++)
        to[(size_t)c * plane + at] = (uint8_t)(mean[c] + 0.5);
    }
}
