/* WAV files: RIFF chunks (IBM and Microsoft 1991) with samples of PCM or floating point. */
#ifndef ESP_DATA_WAV_H
#define ESP_DATA_WAV_H

#include <espalier/status.h>

#include <stddef.h>

/* One channel, the mean of those in the file. */
typedef struct esp__sound {
  float *sample; /* [samples], full scale is 1 */
  size_t samples;
  int rate; /* samples a second */
} esp__sound;

/* Reads 8, 16, 24 or 32 bits of PCM, or 32 or 64 of floating point, of up to 64 channels. What is
 * compressed, cut short, without a sample or not finite is refused, with the byte. On failure
 * *sound needs no freeing. */
esp_status esp__wav_read(esp__sound *sound, const char *path, esp_error *err);

#endif
