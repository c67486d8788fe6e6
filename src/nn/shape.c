/* Shapes of images as text. */
#include "nn/layers.h"

#include <stdio.h>

enum { SIDE_MAX = 4096, VOCABULARY_MAX = 1 << 20 };

static bool vocabulary_fits(esp_shape s) {
  if (s.vocabulary == 0) return true;
  return s.channels == 1 && s.height == 1 && s.vocabulary >= 2 && s.vocabulary <= VOCABULARY_MAX;
}

bool esp__shape_fits(esp_shape s) {
  return s.channels >= 1 && s.channels <= ESP_WIDTH_MAX && s.height >= 1 && s.height <= SIDE_MAX &&
         s.width >= 1 && s.width <= SIDE_MAX && vocabulary_fits(s);
}

/* Digits at *text, at most 7 of them; 0 for anything else. */
static int read_number(const char **text) {
  int n = 0, digits = 0;
  for (; **text >= '0' && **text <= '9' && digits < 8; digits++) n = 10 * n + (*(*text)++ - '0');
  return digits < 8 ? n : 0;
}

esp_status esp_shape_parse(const char *text, esp_shape *shape, esp_error *err) {
  int number[4] = {0};
  const char *at = text;
  for (int i = 0; i < 3; i++) {
    number[i] = read_number(&at);
    if (i < 2 && *at++ != 'x') break;
  }
  const bool tokens = number[2] && *at == ':';
  if (tokens) {
    at++;
    number[3] = read_number(&at);
  }
  *shape = (esp_shape){number[0], number[1], number[2], number[3]};
  if (number[2] && !*at && tokens == (number[3] > 0) && esp__shape_fits(*shape)) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "the shape is '%.40s', expected channels x height x width such as 3x32x32, sides up to %d, "
      "or 1x1xLENGTH:VOCABULARY such as 1x1x24:5000, of 2 to %d tokens",
      text, SIDE_MAX, VOCABULARY_MAX);
}

void esp_shape_write(esp_shape s, char text[ESP_SHAPE_TEXT]) {
  const int length = snprintf(text, ESP_SHAPE_TEXT, "%dx%dx%d", s.channels, s.height, s.width);
  if (s.vocabulary) snprintf(text + length, ESP_SHAPE_TEXT - (size_t)length, ":%d", s.vocabulary);
}
