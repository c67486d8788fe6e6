/* WAV files, made for the tests of sounds. A failure ends the program. */
#ifndef ESP_TESTS_DATA_WAV_FILES_H
#define ESP_TESTS_DATA_WAV_FILES_H

#include <stddef.h>
#include <stdint.h>

enum { WAV_MAX = 1 << 20 };

/* A file in memory, chunk by chunk. */
typedef struct wav {
  uint8_t data[WAV_MAX];
  size_t bytes;
} wav;

/* The header and a 'fmt ' chunk. */
void wav_begin(wav *w, int tag, int channels, int rate, int bits);
/* Begins 'data'; wav_end says how long it has become. */
void wav_samples(wav *w);
/* The lowest `bytes` of the value. */
void wav_put(wav *w, uint64_t value, int bytes);
void wav_end(wav *w);
void wav_write(const wav *w, const char *folder, const char *name);
/* A sine of that frequency and amplitude, 16 bits, one channel. */
void wav_write_sine(const char *folder, const char *name, int rate, double seconds, double hertz,
                    double amplitude);

#endif
