/* Sounds: from files of all formats to features, at any rate, in one order of arithmetic. */
#include "files.h"
#include "suite.h"
#include "wav_files.h"

#include "data/resample.h"
#include "sound/spectrum.h"

#include <espalier/tensor.h>

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

static char *folder;
static esp_dataset *set;
static esp_error err;
static wav w;

static void setup(void) {
  folder = folder_make();
}

static void teardown(void) {
  esp_dataset_free(set);
  set = NULL;
  folder_remove(folder);
}

/* ---- files ---- */

static void reads(const float *expected, size_t samples) {
  esp__sound sound;
  wav_end(&w);
  wav_write(&w, folder, "a.wav");
  ck_assert_msg(esp__wav_read(&sound, path_of(folder, "a.wav"), &err) == ESP_OK, "%s", err.text);
  ck_assert_uint_eq(sound.samples, samples);
  for (size_t i = 0; i < samples; i++) ck_assert_float_eq(sound.sample[i], expected[i]);
  free(sound.sample);
}

static uint64_t bits_of(double value, int bits) {
  uint64_t whole = 0;
  const float narrow = (float)value;
  memcpy(&whole, bits == 32 ? (const void *)&narrow : &value, (size_t)bits / 8);
  return whole;
}

START_TEST(every_format_is_read) {
  static const float ramp[] = {-1.0f, 0.0f, 0.5f};
  static const uint64_t pcm[][3] = {
      {0, 128, 192}, {0x8000, 0, 0x4000}, {0x800000, 0, 0x400000}, {0x80000000u, 0, 0x40000000u}};
  for (int bytes = 1; bytes <= 4; bytes++) {
    wav_begin(&w, 1, 1, 8000, 8 * bytes);
    wav_samples(&w);
    for (int i = 0; i < 3; i++) wav_put(&w, pcm[bytes - 1][i], bytes);
    reads(ramp, 3);
  }
  for (int bits = 32; bits <= 64; bits += 32) {
    wav_begin(&w, 3, 1, 8000, bits);
    wav_samples(&w);
    for (int i = 0; i < 3; i++) wav_put(&w, bits_of((double)ramp[i], bits), bits / 8);
    reads(ramp, 3);
  }
}
END_TEST

START_TEST(channels_are_mixed) {
  static const float mean[] = {0.25f, -0.5f};
  wav_begin(&w, 1, 2, 44100, 16);
  wav_samples(&w);
  const int both[] = {0x4000, 0, -0x8000, 0};
  for (int i = 0; i < 4; i++) wav_put(&w, (uint64_t)both[i], 2);
  reads(mean, 2);
}
END_TEST

START_TEST(what_is_no_sound_is_refused) {
  static const struct {
    size_t at, bytes; /* what is overwritten, and the file's length; 0: as it is */
    const char *with, *message;
  } bad[] = {
      {0, 0, "RIFX", "at byte 0: expected a WAV file"},
      {8, 0, "AVI ", "at byte 0: expected a WAV file"},
      {20, 0, "\x55", "at byte 20: format 85 of 16 bits; expected PCM"},
      {34, 0, "\x0c", "format 1 of 12 bits"},
      {22, 0, "\x41", "at byte 22: 65 channels, expected 1 to 64"},
      {24, 0, "\x01", "samples a second, expected 1000 to 192000"},
      {32, 0, "\x03", "at byte 32: 3 bytes for 1 channels of 16 bits each"},
      {40, 0, "\x21", "at byte 36: 'data' says that it has 33 bytes, and 32 are left"},
      {40, 0, "\x1f", "31 bytes of samples, expected a multiple of 2"},
      {40, 0, "\xff\xff\xff\xff", "'data' says that it has 4294967295 bytes"},
      {0, 60, "R", "'data' says that it has 32 bytes, and 16 are left"},
      {0, 43, "R", "ends without samples"},
      {36, 0, "junk", "ends without samples"},
      {12, 0, "fmt?", "at byte 44: samples before a 'fmt '"},
      {16, 0, "\x0e", "a 'fmt ' of 14 bytes"},
      {40, 0, "\0\0\0\0", "0 bytes of samples"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    esp__sound sound;
    wav_begin(&w, 1, 1, 8000, 16);
    wav_samples(&w);
    for (int s = 0; s < 16; s++) wav_put(&w, 1, 2);
    wav_end(&w);
    if (i == 5) w.data[25] = 0;
    memcpy(w.data + bad[i].at, bad[i].with, i == 15 || i == 9 ? 4 : strlen(bad[i].with));
    if (bad[i].bytes) w.bytes = bad[i].bytes;
    wav_write(&w, folder, "a.wav");
    ck_assert_int_eq(esp__wav_read(&sound, path_of(folder, "a.wav"), &err), ESP_ERR_INPUT);
    ck_assert_msg(strstr(err.text, bad[i].message) != NULL, "%zu: %s", i, err.text);
  }
}
END_TEST

START_TEST(a_number_that_is_not_finite_is_refused) {
  esp__sound sound;
  wav_begin(&w, 3, 1, 8000, 32);
  wav_samples(&w);
  wav_put(&w, 0x7fc00000, 4);
  wav_end(&w);
  wav_write(&w, folder, "a.wav");
  ck_assert_int_eq(esp__wav_read(&sound, path_of(folder, "a.wav"), &err), ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "no finite number") != NULL, "%s", err.text);
}
END_TEST

/* ---- rates ---- */

/* The largest difference from `amplitude` times a sine, away from the ends, of one at another rate
 * that was converted. */
static double apart(int from, int to, double hertz, double amplitude) {
  esp__sound sound;
  esp__resampler resampler = {0};
  double most = 0.0;
  wav_write_sine(folder, "sine.wav", from, 0.25, hertz, 0.5);
  ck_assert_int_eq(esp__wav_read(&sound, path_of(folder, "sine.wav"), &err), ESP_OK);
  ck_assert_int_eq(esp__resample(&resampler, &sound, to, &err), ESP_OK);
  ck_assert_int_eq(sound.rate, to);
  ck_assert_uint_eq(sound.samples, (size_t)to / 4);
  for (size_t i = sound.samples / 4; i < sound.samples / 2; i++)
    most = fmax(
        most, fabs((double)sound.sample[i] - amplitude * sin(2.0 * M_PI * hertz * (double)i / to)));
  esp__resampler_free(&resampler);
  free(sound.sample);
  return most;
}

START_TEST(a_rate_becomes_another) {
  ck_assert_double_lt(apart(44100, 16000, 1000.0, 0.5), 2e-4); /* 16 bits: 3e-5 */
  ck_assert_double_lt(apart(44100, 16000, 6000.0, 0.5), 2e-4);
  ck_assert_double_lt(apart(8000, 16000, 3000.0, 0.5), 2e-4);
  ck_assert_double_lt(apart(48000, 16000, 500.0, 0.5), 2e-4);
  ck_assert_double_lt(apart(16000, 16000, 7000.0, 0.5), 2e-4);
}
END_TEST

START_TEST(what_a_rate_cannot_hold_is_gone) {
  ck_assert_double_lt(apart(44100, 16000, 8400.0, 0.0), 2e-4);
  ck_assert_double_lt(apart(44100, 16000, 15000.0, 0.0), 2e-4);
  ck_assert_double_lt(apart(48000, 8000, 7000.0, 0.0), 2e-4);
}
END_TEST

/* ---- features ---- */

static esp_data_options sounds(const char *layout) {
  static char name[16];
  esp_data_options opt = options_for("audio", folder);
  snprintf(name, sizeof name, "%s", layout);
  opt.audio = (esp_audio_options){
      .rate = 8000, .seconds = 0.5, .window = 32, .hop = 16, .bands = 10, .layout = name};
  return opt;
}

/* Two classes of two sounds each, of one frequency each. */
static void make_sounds(void) {
  static const char *const names[] = {"low/a.wav", "low/b.wav", "high/a.wav", "high/b.wav"};
  static const double hertz[] = {300.0, 400.0, 2000.0, 3000.0};
  for (int i = 0; i < 4; i++)
    wav_write_sine(folder, names[i], i % 2 ? 8000 : 11025, i ? 0.5 : 0.9, hertz[i], 0.5);
}

/* The band with most energy in a frame. */
static int loudest(const esp_images *images, uint32_t i, int frame) {
  int best = 0;
  const float *x =
      images->features + i * (uint32_t)(set->shape.height * set->shape.width) + frame * 10;
  for (int b = 1; b < 10; b++)
    if (x[b] > x[best]) best = b;
  return best;
}

START_TEST(a_tone_is_in_its_band) {
  esp_data_options opt = sounds("picture");
  make_sounds();
  data_load(&set, &opt, 1);
  /* 0.5 s are 4000 samples: (4000 - 256) / 128 + 1 frames */
  ck_assert(set->element == ESP_FEATURES && set->shape.channels == 1 && set->shape.height == 30 &&
            set->shape.width == 10);
  ck_assert_str_eq(set->class_name[0], "high");
  ck_assert_uint_eq(set->train.count, 2);
  ck_assert_uint_eq(set->longer, 1); /* of 0.9 s */
  /* mel(20) = 31.7, mel(4000) = 2146: a band's middle every 192.2, so 300 Hz (mel 402) is nearest
   * to that of band 1 (416), 400 Hz (mel 509) to 1, 2000 Hz (mel 1521) to 7, 3000 Hz (1877) to 9 */
  const esp_images *split[] = {&set->train, &set->test};
  for (int s = 0; s < 2; s++)
    for (uint32_t i = 0; i < 2; i++) {
      const int band = loudest(split[s], i, 15);
      ck_assert(split[s]->labels[i] ? band == 1 : band == 7 || band == 9);
    }
}
END_TEST

START_TEST(a_sequence_is_the_picture_turned) {
  esp_data_options opt = sounds("picture");
  make_sounds();
  data_load(&set, &opt, 1);
  float picture[300];
  memcpy(picture, set->train.features, sizeof picture);
  opt = sounds("sequence");
  data_load(&set, &opt, 1);
  ck_assert(set->shape.channels == 10 && set->shape.height == 1 && set->shape.width == 30);
  for (int t = 0; t < 30; t++)
    for (int b = 0; b < 10; b++)
      ck_assert_float_eq(set->train.features[b * 30 + t], picture[t * 10 + b]);
}
END_TEST

START_TEST(threads_change_nothing) {
  esp_dataset_digests one, two;
  esp_data_options opt = sounds("picture");
  make_sounds();
  omp_set_num_threads(1);
  data_load(&set, &opt, 1);
  ck_assert_int_eq(esp_dataset_digest(set, &one, &err), ESP_OK);
  omp_set_num_threads(3);
  data_load(&set, &opt, 1);
  ck_assert_int_eq(esp_dataset_digest(set, &two, &err), ESP_OK);
  ck_assert_str_eq(one.images, two.images);
}
END_TEST

START_TEST(options_that_cannot_be) {
  make_sounds();
  static const struct {
    double seconds, window, hop;
    const char *message;
  } bad[] = {{0.02, 32, 16, "data.seconds: 0.02 s are 0 frames"},
             {60, 32, 1, "data.seconds: 60 s are 59969 frames"},
             {0.5, 0.5, 16, "data.window: 0.5 ms and data.hop: 16 ms are 4 and 128 samples"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    esp_data_options opt = sounds("picture");
    opt.audio.seconds = bad[i].seconds;
    opt.audio.window = bad[i].window;
    opt.audio.hop = bad[i].hop;
    data_refused(&opt, bad[i].message);
  }
}
END_TEST

START_TEST(all_that_cannot_be_read_are_named) {
  esp_dataset *none;
  esp_data_options opt = sounds("picture");
  make_sounds();
  file_write(folder, "low/c.wav", "no", 2);
  file_write(folder, "low/d.wav", "no", 2);
  ck_assert_int_eq(esp_dataset_load(&none, &opt, (esp_shape){0}, 1, &err), ESP_ERR_INPUT);
  ck_assert(strstr(err.text, "2 of 6 sounds cannot be read") && strstr(err.text, "c.wav: at") &&
            strstr(err.text, "d.wav: at"));
}
END_TEST

/* ---- augmentation ---- */

/* The features of the first epochs of a loader, one sound a batch, as they were before they were
 * normalised. */
static void heard(esp_loader_options opt, float feature[4][300]) {
  esp_loader *loader;
  opt.batch = 1;
  opt.seed = 3;
  ck_assert_int_eq(esp_loader_new(&loader, set, &set->train, opt, &err), ESP_OK);
  for (uint64_t epoch = 0; epoch < 4; epoch++) {
    esp_loader_start(loader, epoch, 0);
    const esp_batch *b = esp_loader_next(loader);
    for (int i = 0; i < 300; i++)
      feature[epoch][i] = b->images[i * ESP_LANES] * set->std[0] + set->mean[0];
  }
  esp_loader_free(loader);
}

START_TEST(a_shift_moves_frames_amid_silence) {
  static float plain[4][300], moved[4][300];
  esp_data_options opt = sounds("picture");
  int distances = 0;
  make_sounds();
  data_load(&set, &opt, 1);
  heard((esp_loader_options){0}, plain);
  heard((esp_loader_options){.shift = 3}, moved);
  for (int epoch = 0; epoch < 4; epoch++) {
    int later = -3;
    bool same = false;
    for (; later <= 3 && !same; later += !same) {
      same = true;
      for (int t = 0; t < 30; t++)
        for (int b = 0; b < 10; b++) {
          const int from = t - later;
          const float expected =
              from >= 0 && from < 30 ? plain[0][from * 10 + b] : (float)esp__silence;
          same = same && fabsf(moved[epoch][t * 10 + b] - expected) < 1e-4f;
        }
    }
    ck_assert(same);
    distances += later != 0;
  }
  ck_assert_int_gt(distances, 0);
}
END_TEST

/* Where there is silence, the mean energy of noise of a known deviation is heard; it is drawn anew
 * in each epoch, and the same each time. */
START_TEST(noise_has_the_energy_of_noise) {
  static float noisy[4][300], again[4][300];
  esp_data_options opt = sounds("picture");
  make_sounds();
  data_load(&set, &opt, 1);
  for (uint32_t i = 0; i < 300; i++) set->train.features[i] = (float)esp__silence;
  heard((esp_loader_options){.noise = 0.25}, noisy);
  heard((esp_loader_options){.noise = 0.25}, again);
  ck_assert_mem_eq(noisy, again, sizeof noisy);
  const esp_key key = esp_key_of(esp_key_of(esp_key_of(3, ESP_STREAM_AUGMENT), 0), 0);
  const double level = 0.25 * (double)esp_random_uniform(key, 1);
  double energy = 0.0;
  for (int t = 0; t < 30; t++) energy += exp((double)noisy[0][t * 10 + 9]) / 30.0;
  const double expected = level * level * set->spectrum->noise_energy[9];
  ck_assert_double_eq_tol(energy / expected, 1.0, 0.2);
  ck_assert(memcmp(noisy[0], noisy[1], sizeof noisy[0]) != 0);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sounds");
  TCase *c = tcase_create("sounds");
  tcase_add_checked_fixture(c, setup, teardown);
  tcase_add_test(c, every_format_is_read);
  tcase_add_test(c, channels_are_mixed);
  tcase_add_test(c, what_is_no_sound_is_refused);
  tcase_add_test(c, a_number_that_is_not_finite_is_refused);
  tcase_add_test(c, a_rate_becomes_another);
  tcase_add_test(c, what_a_rate_cannot_hold_is_gone);
  tcase_add_test(c, a_tone_is_in_its_band);
  tcase_add_test(c, a_sequence_is_the_picture_turned);
  tcase_add_test(c, threads_change_nothing);
  tcase_add_test(c, options_that_cannot_be);
  tcase_add_test(c, all_that_cannot_be_read_are_named);
  tcase_add_test(c, a_shift_moves_frames_amid_silence);
  tcase_add_test(c, noise_has_the_energy_of_noise);
  suite_add_tcase(suite, c);
  return suite_run(suite);
}
