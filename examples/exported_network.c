/* A program with a network in it: says what is in a picture, and needs nothing of Espalier to run.
 *
 *     espalier export runs/quickstart -o net.c
 *     cc -O2 exported_network.c net.c -o what_is_it
 *     ./what_is_it < picture.ppm
 *
 * The picture is a binary PPM or PGM (P6, P5) of the network's size. On a microcontroller the
 * pixels come from a camera, in the same order; net_run is all that is called. */
#include "net.h"

#include <stdio.h>

/* The pixels of the picture on standard input; 0 if it is another than the network takes. */
static int read_picture(unsigned char *pixels, size_t bytes) {
  const char kind = NET_CHANNELS == 1 ? '5' : '6';
  char letter, digit;
  int width, height, most;
  if (scanf("%c%c %d %d %d%*c", &letter, &digit, &width, &height, &most) != 5) return 0;
  if (letter != 'P' || digit != kind || width != NET_WIDTH || height != NET_HEIGHT || most != 255)
    return 0;
  return fread(pixels, 1, bytes, stdin) == bytes;
}

static int largest(const float *logits) {
  int best = 0;
  for (int i = 1; i < NET_CLASSES; i++)
    if (logits[i] > logits[best]) best = i;
  return best;
}

int main(void) {
  static unsigned char pixels[NET_HEIGHT * NET_WIDTH * NET_CHANNELS];
  float logits[NET_LOGITS];
  if (!read_picture(pixels, sizeof pixels)) {
    fprintf(stderr, "expected a P%c picture of %dx%d pixels\n", NET_CHANNELS == 1 ? '5' : '6',
            NET_WIDTH, NET_HEIGHT);
    return 2;
  }
  net_run(pixels, logits);
  puts(net_class[largest(logits)]);
  return 0;
}
