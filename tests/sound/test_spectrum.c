/* Spectra: the transform, the floor, and what noise amounts to. */
#include "suite.h"

#include "sound/spectrum.h"

#include <espalier/random.h>

#include <math.h>
#include <stdlib.h>

enum { WINDOW = 256, FRAMES = 30, BANDS = 10 };

static esp_error err;

/* 4000 samples: (4000 - 256) / 128 + 1 frames. */
static esp_spectrum *open_spectrum(char *layout) {
  const esp_audio_options o = {
      .rate = 8000, .seconds = 0.5, .window = 32, .hop = 16, .bands = BANDS, .layout = layout};
  esp_spectrum *s;
  ck_assert_int_eq(esp__spectrum_new(&s, &o, &err), ESP_OK);
  ck_assert(s->window == WINDOW && s->frames == FRAMES);
  return s;
}

static void features_of(const esp_spectrum *s, const float *sample, size_t samples,
                        float *feature) {
  float frame[WINDOW];
  double *scratch = malloc(esp__spectrum_scratch(s) * sizeof *scratch);
  esp__spectrum_features(s, sample, samples, frame, scratch, feature);
  free(scratch);
}

START_TEST(the_transform_is_the_sum_that_defines_it) {
  for (int size = 4; size <= 64; size *= 2) {
    esp__fft f;
    double x[64], work[64], power[33];
    for (int i = 0; i < size; i++) x[i] = (double)esp_random_uniform(7, (uint64_t)i) - 0.5;
    ck_assert_int_eq(esp__fft_make(&f, size, &err), ESP_OK);
    esp__fft_power(&f, x, work, power);
    for (int k = 0; k <= size / 2; k++) {
      double re = 0.0, im = 0.0;
      for (int i = 0; i < size; i++) {
        re += x[i] * cos(2.0 * M_PI * i * k / size);
        im += x[i] * sin(2.0 * M_PI * i * k / size);
      }
      ck_assert_double_eq_tol(power[k], re * re + im * im, 1e-12);
    }
    esp__fft_free(&f);
  }
}
END_TEST

START_TEST(silence_is_the_floor) {
  esp_spectrum *s = open_spectrum((char[]){"picture"});
  float feature[FRAMES * BANDS], sample[100] = {0};
  features_of(s, sample, 100, feature);
  for (int i = 0; i < FRAMES * BANDS; i++) ck_assert_float_eq(feature[i], (float)esp__silence);
  sample[50] = 1.0f; /* 100 samples lie in the middle of 4000, from 1950: the click at 2000 */
  features_of(s, sample, 100, feature);
  for (int t = 0; t < FRAMES; t++) {
    const bool heard = t * 128 <= 2000 && 2000 < t * 128 + WINDOW;
    ck_assert((feature[t * BANDS] > (float)esp__silence) == heard);
  }
  esp__spectrum_free(s);
}
END_TEST

/* What is taken for the energy of white noise in a band is that of white noise. */
START_TEST(white_noise_has_the_energy_that_is_assumed) {
  enum { SAMPLES = 4000, ROUNDS = 20 };
  esp_spectrum *s = open_spectrum((char[]){"picture"});
  static float sample[SAMPLES], feature[FRAMES * BANDS];
  double mean[BANDS] = {0};
  for (uint64_t round = 0; round < ROUNDS; round++) {
    esp_random_normals(round, 1.0, sample, SAMPLES);
    features_of(s, sample, SAMPLES, feature);
    for (int t = 0; t < FRAMES; t++)
      for (int b = 0; b < BANDS; b++)
        mean[b] += exp((double)feature[t * BANDS + b]) / (FRAMES * ROUNDS);
  }
  for (int b = 0; b < BANDS; b++) ck_assert_double_eq_tol(mean[b] / s->noise_energy[b], 1.0, 0.1);
  esp__spectrum_free(s);
}
END_TEST

/* A sound that is longer than its frames by an odd number of samples, one that is as long, in both
 * layouts: feature by feature those of its frames. */
START_TEST(a_sound_is_its_frames) {
  enum { MOST = 4101 };
  const size_t samples = _i ? 4000 : MOST, lost = _i ? 0 : 50;
  static float sample[MOST], feature[FRAMES * BANDS];
  float frame[BANDS];
  esp_random_normals(5, 0.1, sample, MOST);
  for (int layout = 0; layout < 2; layout++) {
    esp_spectrum *s = open_spectrum(layout ? (char[]){"sequence"} : (char[]){"picture"});
    double *scratch = malloc(esp__spectrum_scratch(s) * sizeof *scratch);
    features_of(s, sample, samples, feature);
    for (int t = 0; t < FRAMES; t++) {
      esp__spectrum_frame(s, sample + lost + t * 128, scratch, frame);
      for (int b = 0; b < BANDS; b++)
        ck_assert(feature[layout ? b * FRAMES + t : t * BANDS + b] == frame[b]);
    }
    free(scratch);
    esp__spectrum_free(s);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("spectra");
  TCase *c = tcase_create("spectra");
  tcase_add_test(c, the_transform_is_the_sum_that_defines_it);
  tcase_add_test(c, silence_is_the_floor);
  tcase_add_test(c, white_noise_has_the_energy_that_is_assumed);
  tcase_add_loop_test(c, a_sound_is_its_frames, 0, 2);
  suite_add_tcase(suite, c);
  return suite_run(suite);
}
