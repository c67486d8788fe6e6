/* Shapes of images as text. */
#include "nn/layers.h"

enum { SIDE_MAX = 4096 };

bool esp__shape_fits(esp_shape s) {
  return s.channels >= 1 && s.channels <= ESP_WIDTH_MAX && s.height >= 1 && s.height <= SIDE_MAX &&
         s.width >= 1 && s.width <= SIDE_MAX;
}

/* Digits at *text, at most 5 of them; 0 for anything else. */
static int read_side(const char **text) {
  int n = 0, digits = 0;
  for (; **text >= '0' && **text <= '9' && digits < 6; digits++) n = 10 * n + (*(*text)++ - '0');
  return digits < 6 ? n : 0;
}

esp_status esp_shape_parse(const char *text, esp_shape *shape, esp_error *err) {
  int side[3] = {0};
  const char *at = text;
  for (int i = 0; i < 3; i++) {
    side[i] = read_side(&at);
    if (i < 2 && *at++ != 'x') break;
  }
  *shape = (esp_shape){side[0], side[1], side[2]};
  if (side[2] && !*at && esp__shape_fits(*shape)) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "the shape is '%.40s', expected channels x height x width such as 3x32x32, sides up to %d",
      text, SIDE_MAX);
}
