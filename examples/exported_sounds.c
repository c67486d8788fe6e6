/* A program with a network of sounds in it: says what is said, and needs nothing of Espalier to run.
 *
 *     espalier export runs/speech-ds-cnn -o net.c
 *     cc -O2 exported_sounds.c net.c -o what_is_said
 *     arecord -q -t raw -f S16_LE -c 1 -r 16000 | ./what_is_said
 *
 * Samples are 16-bit numbers of this machine's byte order, one channel, as many a second as the
 * network was trained with. Whenever a frame is complete its features come behind the others, and
 * the network answers for the last NET_FRAMES. A network with layout = sequence wants them the other
 * way round: feature b of frame t at [b * NET_FRAMES + t]. */
#include "net.h"

#include <stdio.h>
#include <string.h>

static int largest(const float *logits) {
  int best = 0;
  for (int i = 1; i < NET_CLASSES; i++)
    if (logits[i] > logits[best]) best = i;
  return best;
}

/* Drops the oldest frame, and puts the newest behind the others. */
static void hear_frame(const int16_t *samples, float *features) {
  memmove(features, features + NET_BANDS, (NET_FRAMES - 1) * NET_BANDS * sizeof *features);
  net_hear(samples, features + (NET_FRAMES - 1) * NET_BANDS);
}

int main(void) {
  static int16_t samples[NET_WINDOW];
  static float features[NET_FRAMES * NET_BANDS];
  float logits[NET_LOGITS];
  size_t fresh = NET_WINDOW;
  for (int frames = 1; fread(samples + NET_WINDOW - fresh, 2, fresh, stdin) == fresh; frames++) {
    hear_frame(samples, features);
    fresh = NET_HOP;
    memmove(samples, samples + fresh, (NET_WINDOW - fresh) * 2);
    if (frames < NET_FRAMES) continue;
    net_run(features, logits);
    puts(net_class[largest(logits)]);
    fflush(stdout);
  }
  return 0;
}
