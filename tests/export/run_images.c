/* Runs an exported network on images and prints the bits of its logits, a row an image. It is
 * compiled together with the network; LOWER and UPPER are what its names begin with.
 *
 * usage: run_images < PIXELS > LOGITS */
#include HEADER

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define SIZE(what) JOIN(UPPER, what)

int main(void) {
  static unsigned char pixels[SIZE(_HEIGHT) * SIZE(_WIDTH) * SIZE(_CHANNELS)];
  static float logits[SIZE(_LOGITS)];
  while (fread(pixels, sizeof pixels, 1, stdin) == 1) {
    JOIN(LOWER, _run)(pixels, logits);
    for (int i = 0; i < SIZE(_LOGITS); i++) {
      uint32_t bits;
      memcpy(&bits, &logits[i], sizeof bits);
      printf("%08" PRIx32 "%c", bits, i + 1 < SIZE(_LOGITS) ? ' ' : '\n');
    }
  }
  return 0;
}
