/* A picture file becomes an image of the wanted shape: scaled to cover it, the overhang cut off
 * evenly. */
#include "data/orientation.h"
#include "data/set.h"
#include "data/stb.h"
#include "data/whole.h"

#include <espalier/file.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static const size_t file_limit = (size_t)256 << 20;

/* How output positions of one axis lie over the source: position i is centred at
 * start + (i + 1/2) * step source pixels, under a triangle that reaches `reach` to either side:
 * bilinear when enlarging, an area average when reducing. */
typedef struct axis {
  double start, step, reach;
  int source; /* pixels */
} axis;

static axis axis_of(int source, double window, int wanted) {
  double step = window / wanted;
  return (axis){(source - window) / 2.0, step, step > 1.0 ? step : 1.0, source};
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

static void fit(const uint8_t *pixels, int width, int height, esp_shape shape, uint8_t *to) {
  /* The largest window of the wanted proportions, in the middle of the picture. */
  double w = width, h = height;
  if (w * shape.height > h * shape.width)
    w = h * shape.width / shape.height;
  else
    h = w * shape.height / shape.width;
  axis across = axis_of(width, w, shape.width), down = axis_of(height, h, shape.height);
  size_t plane = esp__plane_values(shape);
  for (int row = 0; row < shape.height; row++)
    for (int column = 0; column < shape.width; column++) {
      double mean[3];
      sample(pixels, shape.channels, &down, &across, row, column, mean);
      size_t at = (size_t)row * (size_t)shape.width + (size_t)column;
      for (int c = 0; c < shape.channels; c++)
        to[(size_t)c * plane + at] = (uint8_t)(mean[c] + 0.5);
    }
}

_Static_assert(ESP_PICTURE_SIDE_MAX == 8192, "a message says it");

/* stb_image does not tell want of memory from bad data; errno, which was 0, does. */
static esp_status unreadable(const char *path, const char *why, esp_error *err) {
  return errno == ENOMEM ? esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory for the picture", path)
                         : esp_fail(err, ESP_ERR_INPUT, "%s: unreadable picture: %s", path, why);
}

static esp_status decode(const char *path, const uint8_t *data, size_t bytes, esp_shape shape,
                         uint8_t *to, esp_error *err) {
  const char *why = "";
  int width = 0, height = 0;
  ESP_TRY(esp__picture_whole(path, data, bytes, err));
  errno = 0;
  if (!esp__stb_header_sound(data, bytes))
    return unreadable(path, "header is damaged, or announces more than 8192x8192 pixels", err);
  uint8_t *pixels = esp__stb_decode(data, bytes, shape.channels, &width, &height, &why);
  if (!pixels) return unreadable(path, why, err);
  if (!esp__orient(&pixels, &width, &height, shape.channels, esp__exif_orientation(data, bytes))) {
    free(pixels);
    return esp_fail(err, ESP_ERR_MEMORY, "%s: no memory to turn the picture upright", path);
  }
  fit(pixels, width, height, shape, to);
  free(pixels);
  return ESP_OK;
}

esp_status esp_picture_load(const char *path, esp_shape shape, uint8_t *pixels, esp_error *err) {
  if ((shape.channels != 1 && shape.channels != 3) || shape.height < 1 ||
      shape.height > ESP_SIDE_MAX || shape.width < 1 || shape.width > ESP_SIDE_MAX)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%s: pictures become 1 or 3 channels of up to %dx%d pixels, the model wants %dx%dx%d", path,
        ESP_SIDE_MAX, ESP_SIDE_MAX, shape.channels, shape.height, shape.width);
  char *data = NULL;
  size_t bytes = 0;
  ESP_TRY(esp_file_read(path, file_limit, &data, &bytes, err));
  esp_status status = decode(path, (const uint8_t *)data, bytes, shape, pixels, err);
  free(data);
  return status;
}
