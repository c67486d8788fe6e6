#include "export/c_sounds.h"

#include "sound/spectrum.h"

esp_status esp__c_sounds_open(esp_spectrum **s, const esp_export_source *source, esp_error *err) {
  *s = NULL;
  if (!source->audio) return ESP_OK;
  ESP_TRY(esp__spectrum_new(s, source->audio, err));
  if (esp_shape_same(esp__spectrum_shape(*s), source->model->input)) return ESP_OK;
  esp_fail(err, ESP_ERR_INPUT,
           "[data]: a sound has %d frames of %d bands, which is not the shape that the network "
           "takes",
           (*s)->frames, (*s)->bands);
  esp__spectrum_free(*s);
  return ESP_ERR_INPUT;
}

/* ---- memory ---- */

static int bins_of(const esp_spectrum *s) {
  return s->fft.size / 2 + 1;
}

/* A transform of half the size, and its power. */
static int doubles_of(const esp_spectrum *s) {
  return s->fft.size + bins_of(s);
}

size_t esp__c_sounds_memory(const esp__c_writer *w) {
  return w->spectrum ? (size_t)doubles_of(w->spectrum) * sizeof(double) : 0;
}

/* ---- the header ---- */

void esp__c_write_sound_sizes(const esp__c_writer *w, FILE *out) {
  const esp_spectrum *s = w->spectrum;
  const char *u = w->upper;
  if (!s) return;
  fprintf(out,
          "/* A sound: samples a second, samples of a frame, between two frames, and in all. */\n"
          "enum {\n  %s_RATE = %d,\n  %s_WINDOW = %d,\n  %s_HOP = %d,\n  %s_SAMPLES = %d,\n"
          "  %s_FRAMES = %d,\n  %s_BANDS = %d\n};\n\n",
          u, s->rate, u, s->window, u, s->hop, u, s->samples, u, s->frames, u, s->bands);
}

void esp__c_write_sound_usage(const esp__c_writer *w, FILE *out) {
  const esp_spectrum *s = w->spectrum;
  const char *u = w->upper;
  if (!s) return;
  fprintf(out,
          "/* Computes the %s_BANDS features of a frame from its %s_WINDOW samples, each from "
          "-32768 to\n * 32767. Frame t of a sound begins at sample t * %s_HOP; its feature b is\n"
          " * features[",
          u, u, u);
  if (s->sequence)
    fprintf(out, "b * %s_FRAMES + t", u);
  else
    fprintf(out, "t * %s_BANDS + b", u);
  fprintf(out, "] of %s_run. Not to be called while that runs. */\n", w->name);
  fprintf(out, "void %s_hear(const int16_t *samples, float *features);\n\n", w->name);
}

/* ---- the source ---- */

esp__c_pieces esp__c_sound_pieces(const esp__c_writer *w) {
  return w->spectrum ? esp__c_piece_set(ESP_C_HEAR) : 0;
}

static void write_shorts(esp__c_writer *w, const char *name, int count, const int *value) {
  fprintf(w->out, "static const uint16_t %s[%d] = {", name, count);
  for (int i = 0; i < count; i++) fprintf(w->out, "%s%d,", i % 16 == 0 ? "\n" : "", value[i]);
  fputs("\n};\n", w->out);
  w->constants += (size_t)count * sizeof(uint16_t);
}

void esp__c_write_sound_tables(esp__c_writer *w) {
  const esp_spectrum *s = w->spectrum;
  int weights = 0;
  if (!s) return;
  for (int b = 0; b < s->bands; b++) weights += s->bins[b];
  fputs("/* The window of a frame, the transform, and the bands. */\n", w->out);
  esp__c_write_doubles(w, "hann", s->window, s->hann);
  esp__c_write_doubles(w, "cosine", s->fft.size / 2, s->fft.cosine);
  esp__c_write_doubles(w, "sine", s->fft.size / 2, s->fft.sine);
  write_shorts(w, "first_bin", s->bands, s->first);
  write_shorts(w, "band_bins", s->bands, s->bins);
  esp__c_write_doubles(w, "band_weight", weights, s->weight);
  fputs("static const spectrum heard = {hann, cosine, sine, band_weight, first_bin, band_bins,\n",
        w->out);
  fprintf(w->out, "    %d, %d, %d};\n\n", s->window, s->fft.size, s->bands);
  w->constants += 6 * sizeof(uint32_t) + 3 * sizeof(int32_t);
}

void esp__c_write_sound_function(const esp__c_writer *w) {
  if (!w->spectrum) return;
  fprintf(w->out,
          "\nvoid %s_hear(const int16_t *samples, float *features) {\n"
          "  hear(&heard, samples, room.frame, features);\n"
          "}\n",
          w->name);
}
