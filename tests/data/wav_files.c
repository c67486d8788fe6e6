#include "wav_files.h"

#include "files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void put_text(wav *w, const char *text) {
  memcpy(w->data + w->bytes, text, strlen(text));
  w->bytes += strlen(text);
}

void wav_put(wav *w, uint64_t value, int bytes) {
  need(w->bytes + (size_t)bytes <= WAV_MAX, "a sound of at most 1 MiB");
  for (int i = 0; i < bytes; i++) w->data[w->bytes++] = (uint8_t)(value >> (8 * i));
}

void wav_begin(wav *w, int tag, int channels, int rate, int bits) {
  w->bytes = 0;
  put_text(w, "RIFF????WAVEfmt ");
  wav_put(w, 16, 4);
  wav_put(w, (uint64_t)tag, 2);
  wav_put(w, (uint64_t)channels, 2);
  wav_put(w, (uint64_t)rate, 4);
  wav_put(w, (uint64_t)(rate * channels * bits / 8), 4);
  wav_put(w, (uint64_t)(channels * bits / 8), 2);
  wav_put(w, (uint64_t)bits, 2);
}

void wav_samples(wav *w) {
  put_text(w, "data????");
}

static void put_length(wav *w, size_t at, size_t length) {
  for (size_t i = 0; i < 4; i++) w->data[at + i] = (uint8_t)(length >> (8 * i));
}

void wav_end(wav *w) {
  const size_t length = w->bytes - 44;
  put_length(w, 4, w->bytes - 8);
  put_length(w, 40, length);
}

void wav_write(const wav *w, const char *folder, const char *name) {
  file_write(folder, name, w->data, w->bytes);
}

void wav_write_sine(const char *folder, const char *name, int rate, double seconds, double hertz,
                    double amplitude) {
  wav *w = malloc(sizeof *w);
  need(w != NULL, "memory for a sound");
  wav_begin(w, 1, 1, rate, 16);
  wav_samples(w);
  for (int i = 0; i < (int)(seconds * rate); i++)
    wav_put(w, (uint64_t)(int64_t)lrint(32767.0 * amplitude * sin(2.0 * M_PI * hertz * i / rate)),
            2);
  wav_end(w);
  wav_write(w, folder, name);
  free(w);
}
