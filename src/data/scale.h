/* A window of a picture, brought to another size. */
#ifndef ESP_DATA_SCALE_H
#define ESP_DATA_SCALE_H

#include <espalier/graph.h>

#include <stdint.h>

/* Pixels [height][width][channels]; 1 to 3 channels. */
typedef struct esp__source {
  const uint8_t *pixels;
  int channels, height, width;
} esp__source;

/* In pixels of the source; need not begin at a whole one. */
typedef struct esp__crop {
  double top, left, height, width;
} esp__crop;

/* Scales the window to height and width of `shape`: bilinear when enlarging, an area average when
 * reducing; into planes [channels][height][width], as many as the source has channels. */
void esp__scale(const esp__source *from, esp__crop w, esp_shape shape, uint8_t *to);

#endif
