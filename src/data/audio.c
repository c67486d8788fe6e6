/* Sounds: a folder of WAV files for each class, whose spectra over time are what a network sees. */
#include "data/class_files.h"
#include "data/resample.h"
#include "data/set.h"
#include "sound/spectrum.h"
#include "data/unreadable.h"

#include <stdlib.h>
#include <string.h>

/* ---- one sound ---- */

/* What a thread needs of its own. */
typedef struct worker {
  const esp_spectrum *spectrum;
  esp__resampler resampler;
  float *frame;
  double *scratch;
} worker;

static esp_status worker_open(worker *w, const esp_spectrum *s, esp_error *err) {
  *w = (worker){.spectrum = s,
                .frame = malloc((size_t)s->window * sizeof(float)),
                .scratch = malloc(esp__spectrum_scratch(s) * sizeof(double))};
  return w->frame && w->scratch
             ? ESP_OK
             : esp_fail(err, ESP_ERR_MEMORY, "no memory for the spectra of sounds");
}

static void worker_close(worker *w) {
  esp__resampler_free(&w->resampler);
  free(w->frame);
  free(w->scratch);
}

/* *longer: it was cut. */
static esp_status read_sound(worker *w, const char *path, float *features, bool *longer,
                             esp_error *err) {
  esp__sound sound;
  ESP_TRY(esp__wav_read(&sound, path, err));
  const esp_status status = esp__resample(&w->resampler, &sound, w->spectrum->rate, err);
  *longer = sound.samples > (size_t)w->spectrum->samples;
  if (status == ESP_OK)
    esp__spectrum_features(w->spectrum, sound.sample, sound.samples, w->frame, w->scratch,
                           features);
  free(sound.sample);
  return status;
}

esp_status esp_sound_load(const char *path, const esp_audio_options *opt, esp_shape shape,
                          float *features, esp_error *err) {
  esp_spectrum *s;
  worker w = {0};
  bool longer;
  ESP_TRY(esp__spectrum_new(&s, opt, err));
  esp_status status =
      esp_shape_same(esp__spectrum_shape(s), shape)
          ? worker_open(&w, s, err)
          : esp_fail(err, ESP_ERR_INPUT,
                     "%s: its features are not of the shape that the network takes", path);
  if (status == ESP_OK) status = read_sound(&w, path, features, &longer, err);
  worker_close(&w);
  esp__spectrum_free(s);
  return status;
}

/* ---- all of a set ---- */

enum { TOGETHER = 256 }; /* files whose errors are kept at a time */

typedef struct outcome {
  esp_status status;
  esp_error why;
  bool longer;
} outcome;

static void read_some(const esp_spectrum *s, const esp__class_file *file, size_t files,
                      float *features, outcome *out) {
  const size_t values = esp__image_values(esp__spectrum_shape(s));
#pragma omp parallel
  {
    worker w;
    esp_error why = {0};
    const esp_status opened = worker_open(&w, s, &why);
#pragma omp for schedule(dynamic)
    for (size_t i = 0; i < files; i++) {
      out[i] = (outcome){opened, why, false};
      if (opened == ESP_OK)
        out[i].status =
            read_sound(&w, file[i].path, features + i * values, &out[i].longer, &out[i].why);
    }
    worker_close(&w);
  }
}

static esp_status read_sounds(esp_dataset *set, esp_images *images, const char *root,
                              const esp__class_files *files, esp__unreadable *bad, esp_error *err) {
  const size_t values = esp__image_values(set->shape);
  ESP_TRY(esp__images_grow(images, values * sizeof(float), files->count, root, err));
  outcome *out = malloc(TOGETHER * sizeof *out);
  esp_status status =
      out ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "no memory for the spectra of sounds");
  for (size_t first = 0; first < files->count && status == ESP_OK; first += TOGETHER) {
    const size_t left = files->count - first, some = left < TOGETHER ? left : TOGETHER;
    read_some(set->spectrum, files->item + first, some, images->features + first * values, out);
    for (size_t i = 0; i < some && status == ESP_OK; i++) {
      status = esp__unreadable_note(bad, out[i].status, &out[i].why, err);
      images->labels[first + i] = files->item[first + i].label;
      set->longer += out[i].longer;
    }
  }
  free(out);
  return status;
}

static esp_status read_all(esp_dataset *set, const char *root, const esp__class_files split[2],
                           esp_error *err) {
  esp__unreadable bad = {0};
  ESP_TRY(read_sounds(set, &set->train, root, &split[0], &bad, err));
  ESP_TRY(read_sounds(set, &set->test, root, &split[1], &bad, err));
  return esp__unreadable_end(&bad, "sounds", split[0].count + split[1].count, err);
}

static esp_status load(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                       esp_key seed, esp_error *err) {
  esp__class_files split[2] = {{0}, {0}};
  (void)wanted, (void)seed;
  ESP_TRY(esp__data_folder(opt, err));
  ESP_TRY(esp__spectrum_new(&set->spectrum, &opt->audio, err));
  set->shape = esp__spectrum_shape(set->spectrum);
  esp_status status = esp__class_files_split(set, opt->path, &esp__sound_files, split, err);
  if (status == ESP_OK) status = read_all(set, opt->path, split, err);
  esp__class_files_free(&split[0]);
  esp__class_files_free(&split[1]);
  return status;
}

const esp_dataset_kind esp__dataset_audio = {
    .name = "audio",
    .help =
        "WAV files in train/CLASS/ and test/CLASS/, or in CLASS/ alone, of which a fifth is to "
        "test on; a network sees the energy in bands of frequencies over time",
    .element = ESP_FEATURES,
    .load = load,
};
