#include "data/wav.h"

#include "base/shown.h"
#include "sound/spectrum.h"

#include <espalier/file.h>

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PCM = 1, FLOAT = 3, EXTENSIBLE = 0xfffe, CHANNELS_MAX = 64 };
static const size_t file_limit = (size_t)1 << 30;

/* How samples stand in the file. */
typedef struct format {
  unsigned tag, channels, bits;
  uint32_t rate;
} format;

typedef struct reader {
  const char *path;
  const uint8_t *data;
  size_t bytes;
  format format;
} reader;

static uint32_t little(const uint8_t *p, int bytes) {
  uint32_t value = 0;
  for (int i = 0; i < bytes; i++) value |= (uint32_t)p[i] << (8 * i);
  return value;
}

/* ---- one sample ---- */

/* Full scale is 1; the highest bit of `bits` is the sign. */
static double signed_value(const uint8_t *p, int bytes) {
  const uint32_t up = little(p, bytes) << (32 - 8 * bytes);
  return (double)(int32_t)up / 2147483648.0;
}

static double float_value(const uint8_t *p) {
  const uint32_t bits = little(p, 4);
  float value;
  memcpy(&value, &bits, sizeof value);
  return (double)value;
}

static double double_value(const uint8_t *p) {
  const uint64_t bits = (uint64_t)little(p, 4) | (uint64_t)little(p + 4, 4) << 32;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* PCM of 8 bits has no sign: 128 is silence. */
static double value_of(const format *f, const uint8_t *p) {
  if (f->tag == FLOAT) return f->bits == 32 ? float_value(p) : double_value(p);
  return f->bits == 8 ? (p[0] - 128) / 128.0 : signed_value(p, (int)f->bits / 8);
}

/* ---- chunks ---- */

static esp_status check_format(const reader *r, const format *f, size_t at, esp_error *err) {
  const bool pcm = f->tag == PCM && f->bits >= 8 && f->bits <= 32 && f->bits % 8 == 0,
             real = f->tag == FLOAT && (f->bits == 32 || f->bits == 64);
  if (!pcm && !real)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: at byte %zu: format %u of %u bits; expected PCM (1) of 8, 16, 24 or 32 "
                    "bits, or floating point (3) of 32 or 64",
                    r->path, at, f->tag, f->bits);
  if (f->channels < 1 || f->channels > CHANNELS_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "%s: at byte %zu: %u channels, expected 1 to %d", r->path,
                    at + 2, f->channels, CHANNELS_MAX);
  if (f->rate < ESP_RATE_MIN || f->rate > ESP_RATE_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "%s: at byte %zu: %u samples a second, expected %d to %d",
                    r->path, at + 4, (unsigned)f->rate, ESP_RATE_MIN, ESP_RATE_MAX);
  return ESP_OK;
}

static esp_status read_format(reader *r, size_t at, size_t bytes, esp_error *err) {
  const uint8_t *p = r->data + at;
  if (bytes < 16)
    return esp_fail(err, ESP_ERR_INPUT, "%s: at byte %zu: a 'fmt ' of %zu bytes, expected 16",
                    r->path, at, bytes);
  format f = {little(p, 2), little(p + 2, 2), little(p + 14, 2), little(p + 4, 4)};
  if (f.tag == EXTENSIBLE && bytes >= 26) f.tag = little(p + 24, 2);
  ESP_TRY(check_format(r, &f, at, err));
  if (little(p + 12, 2) != f.channels * f.bits / 8)
    return esp_fail(err, ESP_ERR_INPUT, "%s: at byte %zu: %u bytes for %u channels of %u bits each",
                    r->path, at + 12, little(p + 12, 2), f.channels, f.bits);
  r->format = f;
  return ESP_OK;
}

/* The mean over the channels of each moment. */
static bool mix(const format *f, const uint8_t *data, esp__sound *sound) {
  const size_t one = f->bits / 8;
  bool finite = true;
  for (size_t i = 0; i < sound->samples; i++) {
    double sum = 0.0;
    for (unsigned c = 0; c < f->channels; c++, data += one) sum += value_of(f, data);
    sound->sample[i] = (float)(sum / f->channels);
    finite = finite && isfinite(sound->sample[i]);
  }
  return finite;
}

static esp_status read_samples(const reader *r, size_t at, size_t bytes, esp__sound *sound,
                               esp_error *err) {
  const format *f = &r->format;
  if (f->tag == 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: at byte %zu: samples before a 'fmt '", r->path, at);
  const size_t moment = f->channels * f->bits / 8;
  if (bytes == 0 || bytes % moment)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: at byte %zu: %zu bytes of samples, expected a multiple of %zu that is not "
                    "0",
                    r->path, at, bytes, moment);
  *sound = (esp__sound){malloc(bytes / moment * sizeof(float)), bytes / moment, (int)f->rate};
  if (!sound->sample)
    return esp_fail(err, ESP_ERR_MEMORY, "%s: no memory for %zu samples", r->path, sound->samples);
  if (mix(f, r->data + at, sound)) return ESP_OK;
  free(sound->sample);
  *sound = (esp__sound){0};
  return esp_fail(err, ESP_ERR_INPUT, "%s: has a sample that is no finite number", r->path);
}

/* Goes from chunk to chunk until that of the samples. */
static esp_status read_chunks(reader *r, esp__sound *sound, esp_error *err) {
  if (r->bytes < 12 || memcmp(r->data, "RIFF", 4) != 0 || memcmp(r->data + 8, "WAVE", 4) != 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: at byte 0: expected a WAV file (RIFF, WAVE)", r->path);
  for (size_t at = 12; r->bytes - at >= 8;) {
    const uint8_t *chunk = r->data + at;
    char name[5] = "";
    const size_t bytes = little(chunk + 4, 4), left = r->bytes - at - 8;
    if (bytes > left)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: at byte %zu: '%s' says that it has %zu bytes, and %zu are left", r->path,
                      at, ESP_SHOWN(memcpy(name, chunk, 4)), bytes, left);
    if (memcmp(chunk, "data", 4) == 0) return read_samples(r, at + 8, bytes, sound, err);
    if (memcmp(chunk, "fmt ", 4) == 0) ESP_TRY(read_format(r, at + 8, bytes, err));
    at += 8 + (bytes < left ? bytes + bytes % 2 : bytes);
  }
  return esp_fail(err, ESP_ERR_INPUT, "%s: ends without samples", r->path);
}

esp_status esp__wav_read(esp__sound *sound, const char *path, esp_error *err) {
  char *data;
  size_t bytes;
  *sound = (esp__sound){0};
  ESP_TRY(esp_file_read(path, file_limit, &data, &bytes, err));
  reader r = {.path = path, .data = (const uint8_t *)data, .bytes = bytes};
  const esp_status status = read_chunks(&r, sound, err);
  free(data);
  return status;
}
