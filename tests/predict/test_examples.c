/* What a predictor is given: pixels and features as the data have them, and sounds, whole or frame
 * by frame. Each becomes the very numbers that the data loader makes of it. */
#include "folder.h"
#include "suite.h"

#include "predict/sounds.h"
#include "sound/spectrum.h"

#include <espalier/predict.h>
#include <espalier/random.h>
#include <espalier/run.h>
#include <espalier/tensor.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLASSES = 3, FRAMES = 9, BANDS = 12, SAMPLES = 3200, WINDOW = 480, HOP = 320 };

static esp_error err;

static esp_model *model_of(esp_shape input) {
  char arch[] = "custom", layers[] = "conv 5 1x3\nrelu\nflatten\nlinear classes\n";
  const esp_model_options o = {.arch = arch, .layers = layers, .width = 1.0};
  esp_model *m;
  ck_assert_msg(esp_model_new(&m, &o, input, CLASSES, 1, &err) == ESP_OK, "%s", err.text);
  return m;
}

/* Pixels of all values, and features, of two channels that are normalised by crooked numbers. */
START_TEST(examples_are_normalised_as_the_loader_does) {
  enum { SIDE = 16, PLANE = SIDE * SIDE, VALUES = 2 * PLANE };
  const float mean[2] = {0.4914f, 0.1307f}, deviation[2] = {0.247f, 0.3081f};
  static uint8_t pixels[VALUES];
  static float features[VALUES], of_pixels[VALUES], of_features[VALUES];
  esp_model *m = model_of((esp_shape){2, SIDE, SIDE, 0});
  esp_network *n;
  esp_predictor *p;
  float given[CLASSES], wanted[CLASSES];
  for (int i = 0; i < VALUES; i++) {
    const int c = i / PLANE;
    pixels[i] = (uint8_t)i;
    features[i] = (float)esp_random_normal(3, (uint64_t)i);
    of_pixels[i] = esp_normalise_pixel(pixels[i], mean[c], deviation[c]);
    of_features[i] = esp_normalise_feature(features[i], mean[c], deviation[c]);
  }
  ck_assert(esp_network_of_model(&n, m, mean, deviation, &err) == ESP_OK);
  ck_assert(esp_predictor_new(&p, n, &err) == ESP_OK);
  ck_assert_int_eq(esp_network_hearing(n).rate, 0);
  esp_predict_pixels(p, pixels, given);
  esp_predict(p, of_pixels, wanted);
  ck_assert_mem_eq(given, wanted, sizeof given);
  esp_predict_features(p, features, given);
  esp_predict(p, of_features, wanted);
  ck_assert_mem_eq(given, wanted, sizeof given);
  esp_predictor_free(p);
  esp_network_free(n);
  esp_model_free(m);
}
END_TEST

/* ---- sounds ---- */

/* A network of sounds, out of a file. */
static void open_network(esp_network **n, bool sequence) {
  char *folder = folder_make(), path[FOLDER_PATH_MAX], config[1024];
  char numbers[BANDS * 8 + 1] = "", ones[BANDS * 8 + 1] = "";
  const esp_shape picture = {1, FRAMES, BANDS, 0}, line = {BANDS, 1, FRAMES, 0};
  esp_model *m = model_of(sequence ? line : picture);
  for (int c = 0; c < (sequence ? BANDS : 1); c++) {
    strcat(numbers, " -4.5");
    strcat(ones, " 1.75");
  }
  snprintf(config, sizeof config,
           "[data]\ndataset = audio\nrate = 16000\nseconds = 0.2\nwindow = 30\nhop = 20\n"
           "bands = 12\nlayout = %s\nmean =%s\nstd =%s\n",
           sequence ? "sequence" : "picture", numbers, ones);
  snprintf(path, sizeof path, "%s/net.safetensors", folder);
  const esp_provenance from = {config, "yes\nno\nstop\n", NULL};
  ck_assert_msg(esp_weights_save(m, from, path, &err) == ESP_OK, "%s", err.text);
  ck_assert_msg(esp_network_open(n, path, &err) == ESP_OK, "%s", err.text);
  esp_model_free(m);
  folder_remove(folder);
}

static esp_spectrum *spectrum_of(bool sequence) {
  char picture[] = "picture", line[] = "sequence";
  const esp_audio_options o = {.rate = 16000,
                               .seconds = 0.2,
                               .window = 30,
                               .hop = 20,
                               .bands = BANDS,
                               .layout = sequence ? line : picture};
  esp_spectrum *s;
  ck_assert(esp__spectrum_new(&s, &o, &err) == ESP_OK);
  return s;
}

/* The logits of a sound by the features that the data loader makes. */
static void loaded(const esp_network *n, bool sequence, const int16_t *samples, float *logits) {
  float sample[SAMPLES], frame[WINDOW], features[FRAMES * BANDS];
  esp_spectrum *s = spectrum_of(sequence);
  double *scratch = malloc(esp__spectrum_scratch(s) * sizeof *scratch);
  esp_predictor *p;
  for (int i = 0; i < SAMPLES; i++) sample[i] = (float)samples[i] / 32768.0f;
  esp__spectrum_features(s, sample, SAMPLES, frame, scratch, features);
  ck_assert(esp_predictor_new(&p, n, &err) == ESP_OK);
  esp_predict_features(p, features, logits);
  esp_predictor_free(p);
  free(scratch);
  esp__spectrum_free(s);
}

START_TEST(a_sound_is_heard_whole_and_in_frames) {
  enum { LONG = SAMPLES + 5 * HOP };
  static int16_t samples[LONG];
  const bool sequence = _i == 1;
  esp_network *n;
  esp_predictor *p;
  float wanted[CLASSES], given[CLASSES];
  for (uint64_t i = 0; i < LONG; i++)
    samples[i] = (int16_t)((int)esp_random_below(1, i, 65536) - 32768);
  open_network(&n, sequence);
  const esp_hearing h = esp_network_hearing(n);
  ck_assert(h.rate == 16000 && h.samples == SAMPLES && h.window == WINDOW && h.hop == HOP &&
            h.frames == FRAMES);
  ck_assert(esp_predictor_new(&p, n, &err) == ESP_OK);
  loaded(n, sequence, samples, wanted);
  for (int t = 0; t < FRAMES; t++) esp_predict_frame(p, samples + t * HOP, given);
  ck_assert_mem_eq(given, wanted, sizeof given);
  esp_predict_sound(p, samples, given);
  ck_assert_mem_eq(given, wanted, sizeof given);
  for (int t = FRAMES; t < FRAMES + 5; t++) esp_predict_frame(p, samples + t * HOP, given);
  loaded(n, sequence, samples + 5 * HOP, wanted);
  ck_assert_mem_eq(given, wanted, sizeof given);
  esp_predictor_free(p);
  esp_network_free(n);
}
END_TEST

/* A stream begins amid silence. */
START_TEST(before_a_stream_there_is_silence) {
  static int16_t samples[SAMPLES];
  esp_network *n;
  esp_predictor *p;
  float wanted[CLASSES], given[CLASSES];
  for (int i = (FRAMES - 1) * HOP; i < SAMPLES; i++) samples[i] = (int16_t)(i * 37 % 1000);
  open_network(&n, false);
  ck_assert(esp_predictor_new(&p, n, &err) == ESP_OK);
  /* The frame before the last one overlaps it, so its samples are silent in neither. */
  for (int t = FRAMES - 2; t < FRAMES; t++) esp_predict_frame(p, samples + t * HOP, given);
  loaded(n, false, samples, wanted);
  ck_assert_mem_eq(given, wanted, sizeof given);
  esp_predictor_free(p);
  esp_network_free(n);
}
END_TEST

/* A file may say anything. */
static const struct {
  const char *key, *value, *said;
} wrong[] = {
    {"rate", "1e300", "net: [data] rate = 1e+300: expected 1000 to 192000"},
    {"seconds", "nan", "net: [data] seconds = nan: expected 0.01 to 60"},
    {"window", "-3", "net: [data] window = -3: expected 1 to 1000"},
    {"hop", "none", "net: [data] hop = 0: expected 1 to 1000"},
    {"bands", "65", "net: [data] bands = 65: expected 1 to 64"},
    {"bands", "11", "a sound has 9 frames of 11 bands, and the network takes another shape"},
    {"seconds", ".02", "data.seconds: 0.02 s are 0 frames"},
};

START_TEST(numbers_of_a_file_are_checked) {
  const float zero = 0.0f, one = 1.0f;
  esp_model *m = model_of((esp_shape){1, FRAMES, BANDS, 0});
  esp_network *n;
  esp__sound_keys keys;
  ck_assert(esp_network_of_model(&n, m, &zero, &one, &err) == ESP_OK);
  esp__sound_keys_begin(&keys);
  esp__sound_keys_take(&keys, "dataset", "audio");
  esp__sound_keys_take(&keys, "seconds", "0.2");
  esp__sound_keys_take(&keys, "window", "30");
  esp__sound_keys_take(&keys, "bands", "12");
  esp__sound_keys_take(&keys, wrong[_i].key, wrong[_i].value);
  ck_assert_int_eq((int)esp__network_hear(n, &keys, "net", &err), (int)ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, wrong[_i].said), "%s", err.text);
  esp_network_free(n);
  esp_model_free(m);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("examples");
  TCase *c = tcase_create("examples");
  tcase_add_test(c, examples_are_normalised_as_the_loader_does);
  tcase_add_loop_test(c, a_sound_is_heard_whole_and_in_frames, 0, 2);
  tcase_add_test(c, before_a_stream_there_is_silence);
  tcase_add_loop_test(c, numbers_of_a_file_are_checked, 0, sizeof wrong / sizeof *wrong);
  suite_add_tcase(suite, c);
  return suite_run(suite);
}
