/* Features of sounds: shifted in time, amid white noise, and normalised. */
#include "data/fill.h"

#include "data/set.h"
#include "sound/spectrum.h"

#include "base/mathx.h"

#include <espalier/tensor.h>

#include <math.h>

/* How one sound is changed in one epoch. */
typedef struct change {
  int later;       /* frames; before and behind the sound is silence */
  double variance; /* of the noise */
  esp_key noise;   /* of the numbers it is made of, one a feature */
} change;

enum { DRAW_SHIFT, DRAW_LEVEL, DRAW_NOISE };

/* A function of seed, epoch and image alone, whoever asks and when. */
static change draw_change(const esp__filler *f, uint64_t epoch, uint32_t image) {
  const esp_key key =
      esp_key_of(esp_key_of(esp_key_of(f->opt.seed, ESP_STREAM_AUGMENT), epoch), image);
  const int most = f->opt.shift;
  const double level = f->opt.noise * (double)esp_random_uniform(key, DRAW_LEVEL);
  return (change){(int)esp_random_below(key, DRAW_SHIFT, 2 * (uint32_t)most + 1) - most,
                  level * level, esp_key_of(key, DRAW_NOISE)};
}

/* |X|^2 of noise in a band, a mean of independent exponential variates, is gamma distributed; its
 * cube root is nearly normal (Wilson and Hilferty 1931). */
static double noise_in(const esp_spectrum *s, int band, double normal) {
  const double spread = 1.0 / (9.0 * s->noise_values[band]);
  const double root = 1.0 - spread + normal * sqrt(spread);
  return root > 0.0 ? s->noise_energy[band] * root * root * root : 0.0;
}

/* The energies of the sound and of the noise add up. */
static double with_noise(const esp_spectrum *s, const change *ch, double feature, int band,
                         uint64_t place) {
  const double noise = noise_in(s, band, esp_random_normal(ch->noise, place));
  return esp__log(esp__exp(feature) + ch->variance * noise);
}

static void change_sound(const esp__filler *f, const float *value, const change *ch, int lane,
                         float *block) {
  const esp_spectrum *s = f->spectrum;
  for (int t = 0; t < s->frames; t++)
    for (int b = 0; b < s->bands; b++) {
      const int from = t - ch->later;
      const size_t to = esp__feature_at(s, t, b);
      double x =
          from >= 0 && from < s->frames ? (double)value[esp__feature_at(s, from, b)] : esp__silence;
      if (ch->variance > 0.0) x = with_noise(s, ch, x, b, to);
      const int c = s->sequence ? b : 0;
      block[to * ESP_LANES + (size_t)lane] = esp_normalise_feature((float)x, f->mean[c], f->std[c]);
    }
}

static void keep(const esp__filler *f, const float *value, int lane, float *block) {
  const size_t plane = esp__plane_values(f->shape), image = esp__image_values(f->shape);
  for (size_t i = 0; i < image; i++)
    block[i * ESP_LANES + (size_t)lane] =
        esp_normalise_feature(value[i], f->mean[i / plane], f->std[i / plane]);
}

void esp__fill_features(esp__filler *f, uint64_t epoch, const uint32_t *index, int lanes,
                        float *block) {
  const bool changed = f->spectrum && (f->opt.shift > 0 || f->opt.noise > 0.0);
  for (int lane = 0; lane < lanes; lane++) {
    const float *value = f->images->features + index[lane] * esp__image_values(f->shape);
    if (!changed) {
      keep(f, value, lane, block);
      continue;
    }
    const change ch = draw_change(f, epoch, index[lane]);
    change_sound(f, value, &ch, lane, block);
  }
}
