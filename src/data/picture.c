/* A picture file becomes an image of the wanted shape: scaled to cover it, the overhang cut off
 * evenly. */
#include "data/orientation.h"
#include "data/scale.h"
#include "data/set.h"
#include "data/stb.h"
#include "data/whole.h"

#include <espalier/file.h>

#include <errno.h>
#include <stdlib.h>

static const size_t file_limit = (size_t)256 << 20;

/* The largest window of the wanted proportions, in the middle of the picture. */
static esp__crop middle(int width, int height, esp_shape shape) {
  double w = width, h = height;
  if (w * shape.height > h * shape.width)
    w = h * shape.width / shape.height;
  else
    h = w * shape.height / shape.width;
  return (esp__crop){(height - h) / 2.0, (width - w) / 2.0, h, w};
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
  const esp__source source = {pixels, shape.channels, height, width};
  esp__scale(&source, middle(width, height, shape), shape, to);
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
