#include "cli/examples.h"

#include "base/shown.h"

#include <espalier/data.h>
#include <espalier/tensor.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t text_limit = (size_t)1 << 26;

/* How examples of one kind of network are read. */
typedef struct esp__example_kind {
  const char *noun;
  esp_status (*open)(esp__examples *x, const char *file, esp_error *err);
  esp_status (*answer)(esp__examples *x, const char *argument, esp_error *err);
} esp__example_kind;

static size_t values_of(const esp__examples *x) {
  const esp_shape s = x->o->model->input;
  return (size_t)s.channels * (size_t)s.height * (size_t)s.width;
}

static esp_status open_engine(esp__examples *x, esp_error *err) {
  ESP_TRY(esp__engine_open_predictor(&x->engine, x->o, 1, err));
  x->logits = x->engine.logits;
  return ESP_OK;
}

/* The logits of what stands in the engine's image. */
static void run(esp__examples *x) {
  esp_predict(x->engine.predictor, x->engine.image, x->logits);
}

/* ---- pictures ---- */

/* Without mean and deviation a picture cannot be given as the network was trained on it. */
static esp_status check_normalisation(const esp__examples *x, const char *file, const char *noun,
                                      esp_error *err) {
  const esp_data_options *d = &x->o->config.data;
  const int channels = x->o->model->input.channels;
  if (d->mean.count == channels && d->std.count == channels) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: its configuration has %d numbers as data.mean and %d as data.std; "
                  "expected one for each of the %d channels of a %s",
                  file, d->mean.count, d->std.count, channels, noun);
}

static esp_status open_pictures(esp__examples *x, const char *file, esp_error *err) {
  ESP_TRY(check_normalisation(x, file, "picture", err));
  return open_engine(x, err);
}

static esp_status answer_picture(esp__examples *x, const char *path, esp_error *err) {
  ESP_TRY(esp_picture_load(path, x->o->model->input, x->values, err));
  esp_predict_pixels(x->engine.predictor, x->values, x->logits);
  return ESP_OK;
}

/* ---- texts ---- */

static esp_status open_texts(esp__examples *x, const char *file, esp_error *err) {
  if (!x->o->vocabulary)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: the network reads tokens, and there is no vocabulary in the file", file);
  return open_engine(x, err);
}

static esp_status answer_tokens(esp__examples *x, const char *text, esp_error *err) {
  uint16_t *token = x->values;
  const int length = x->o->model->input.width;
  ESP_TRY(esp_text_encode(text, &x->o->config.data.text, x->o->vocabulary, length, token, &x->count,
                          err));
  for (int t = 0; t < length; t++) x->engine.image[t] = (float)token[t];
  run(x);
  return ESP_OK;
}

static bool is_file(const char *argument) {
  const char *ending = strrchr(argument, '.');
  return ending && strcasecmp(ending, ".txt") == 0;
}

/* A line of standard input, the text of a file, or the argument itself. */
static esp_status answer_text(esp__examples *x, const char *argument, esp_error *err) {
  char *text = NULL;
  size_t bytes;
  esp_error why;
  if (!x->lines && is_file(argument))
    ESP_TRY(esp_file_read(argument, text_limit, &text, &bytes, err));
  const esp_status status = answer_tokens(x, text ? text : argument, &why);
  free(text);
  if (status == ESP_OK) return ESP_OK;
  return esp_fail(err, status, "'%.200s': %s", ESP_SHOWN(argument), why.text);
}

/* ---- sounds ---- */

static esp_status open_sounds(esp__examples *x, const char *file, esp_error *err) {
  ESP_TRY(check_normalisation(x, file, "sound", err));
  return open_engine(x, err);
}

static esp_status answer_sound(esp__examples *x, const char *path, esp_error *err) {
  ESP_TRY(esp_sound_load(path, &x->o->config.data.audio, x->o->model->input, x->values, err));
  esp_predict_features(x->engine.predictor, x->values, x->logits);
  return ESP_OK;
}

/* ---- rows of tables ---- */

static esp_status open_rows(esp__examples *x, const char *file, esp_error *err) {
  const int channels = x->o->model->input.channels;
  ESP_TRY(check_normalisation(x, file, "row", err));
  ESP_TRY(esp__names_split(&x->column, x->o->config.data.table.inputs, "inputs", err));
  if (x->column.count != channels)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: its configuration names %d columns as data.inputs; the network reads %d",
                    file, x->column.count, channels);
  return open_engine(x, err);
}

/* The next row of the table at work, or the first of another. */
static esp_status answer_row(esp__examples *x, const char *path, esp_error *err) {
  if (x->row == x->table.rows) {
    esp_columns_free(&x->table);
    x->row = 0;
    ESP_TRY(esp_columns_read(&x->table, path, x->column.item, x->column.count, err));
  }
  esp_predict_features(x->engine.predictor, x->table.value + (size_t)x->row * values_of(x),
                       x->logits);
  snprintf(x->place, sizeof x->place, "%.4100s:%d", path, x->table.line[x->row++]);
  x->shown = x->place;
  return ESP_OK;
}

static const esp__example_kind pictures = {"pictures", open_pictures, answer_picture},
                               texts = {"texts", open_texts, answer_text},
                               sounds = {"sounds", open_sounds, answer_sound},
                               rows = {"tables", open_rows, answer_row};

/* ---- */

esp_status esp__examples_open(esp__examples *x, const esp_loaded_run *o, const char *file,
                              const char *const *argument, int arguments, esp_error *err) {
  *x = (esp__examples){.o = o, .next = argument, .left = arguments};
  x->kind = o->model->input.vocabulary                     ? &texts
            : strcmp(o->config.data.dataset, "audio") == 0 ? &sounds
            : strcmp(o->config.data.dataset, "csv") == 0   ? &rows
                                                           : &pictures;
  x->many = arguments > 1 || (x->kind == &texts && strcmp(argument[0], "-") == 0);
  x->values = calloc(values_of(x), sizeof(float));
  if (!x->values) return esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  return x->kind->open(x, file, err);
}

/* The next line of standard input; false behind the last. */
static bool next_line(esp__examples *x) {
  ssize_t length;
  do {
    length = getline(&x->line, &x->line_room, stdin);
    while (length > 0 && strchr("\r\n", x->line[length - 1])) x->line[--length] = '\0';
  } while (length == 0);
  return length > 0;
}

static bool next_name(esp__examples *x) {
  if (x->row < x->table.rows) return true;
  if (!x->lines && x->left > 0 && x->kind == &texts && strcmp(*x->next, "-") == 0) {
    x->lines = true;
    x->next++;
    x->left--;
  }
  if (x->lines && next_line(x)) {
    x->name = x->line;
    return true;
  }
  x->lines = false;
  if (x->left == 0) return false;
  x->left--;
  x->name = *x->next++;
  return true;
}

esp_status esp__examples_next(esp__examples *x, bool *more, esp_error *err) {
  *more = next_name(x);
  if (!*more) return ESP_OK;
  x->shown = x->name;
  return x->kind->answer(x, x->name, err);
}

const char *esp__examples_noun(const esp__examples *x) {
  return x->kind->noun;
}

void esp__examples_close(esp__examples *x) {
  esp__engine_close(&x->engine);
  esp_columns_free(&x->table);
  esp__names_free(&x->column);
  free(x->values);
  free(x->line);
}
