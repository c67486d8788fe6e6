/* espalier predict: what a trained network sees in pictures */
#include "base/shown.h"
#include "cli/cli.h"
#include "cli/engine.h"

#include <espalier/run.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BEST = 5 };

/* The name of an answer: of a group, its classes. */
static void print_answer(const esp_loaded_run *o, const esp_task *task, int answer) {
  for (int c = 0; c < o->model->classes; c++)
    if (esp_task_answer(task, c) == answer) printf(" %s", ESP_SHOWN(o->class_name[c]));
  putchar('\n');
}

static void print_best(const esp_loaded_run *o, const esp_task *task, const float *logits) {
  double max = -INFINITY, sum = 0.0, last = INFINITY;
  int last_answer = -1;
#define LOGIT(c) ((double)logits[task->first + (c)])
  for (int c = 0; c < task->answers; c++)
    if (LOGIT(c) > max) max = LOGIT(c);
  for (int c = 0; c < task->answers; c++) sum += exp(LOGIT(c) - max);
  for (int k = 0; k < BEST && k < task->answers; k++) {
    int best = -1;
    double best_value = -INFINITY;
    for (int c = 0; c < task->answers;
         c++) { /* the best that comes after the one before: lower, or equal and later */
      const double v = LOGIT(c);
      if ((v < last || (v == last && c > last_answer)) && v > best_value) {
        best = c;
        best_value = v;
      }
    }
    if (best < 0) break;
    printf("  %6.2f %% ", 100.0 * exp(best_value - max) / sum);
    print_answer(o, task, best);
    last = best_value;
    last_answer = best;
  }
#undef LOGIT
}

static void print_picture(const esp_loaded_run *o, const char *path, const float *logits) {
  const esp_tasks *tasks = &o->model->tasks;
  printf("%s\n", ESP_SHOWN(path));
  for (int t = 0; t < tasks->count; t++) {
    if (t > 0) printf(" %s\n", tasks->item[t].name);
    print_best(o, &tasks->item[t], logits);
  }
}

/* Names a picture that cannot be read, if that is what went wrong. */
static bool pass_over(esp_status status, const esp_error *err) {
  if (status != ESP_ERR_INPUT && status != ESP_ERR_IO) return false;
  fflush(stdout);
  fprintf(stderr, "espalier predict: %s\n", err->text);
  return true;
}

/* One that cannot be read leaves the others alone: each is named, and the command fails in the
 * end. */
static esp_status predict(const esp_loaded_run *o, const esp__engine *e, uint8_t *pixels,
                          const char *const *paths, int count, esp_error *err) {
  int unreadable = 0;
  for (int i = 0; i < count; i++) {
    const esp_status status = esp_picture_load(paths[i], o->model->input, pixels, err);
    if (count > 1 && pass_over(status, err)) {
      unreadable++;
      continue;
    }
    if (status != ESP_OK) return status;
    esp_predict_pixels(e->predictor, pixels, e->logits);
    print_picture(o, paths[i], e->logits);
  }
  if (unreadable == 0) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%d of %d pictures cannot be read", unreadable, count);
}

/* Without mean and deviation a picture cannot be given as the network was trained on it. */
static esp_status check_normalisation(const esp_loaded_run *o, const char *file, esp_error *err) {
  const esp_data_options *d = &o->config.data;
  const int channels = o->model->input.channels;
  if (d->mean.count == channels && d->std.count == channels) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: its configuration has %d numbers as data.mean and %d as data.std; expected "
                  "one for each of the %d channels of a picture",
                  file, d->mean.count, d->std.count, channels);
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  esp_loaded_run o;
  esp__engine e = {0};
  ESP_TRY(esp_load_run(&o, a->positional.item[0], false, 0, NULL, err));
  const esp_shape s = o.model->input;
  uint8_t *pixels = malloc((size_t)(s.channels * s.height * s.width));
  esp_status status = pixels ? check_normalisation(&o, a->positional.item[0], err)
                             : esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  if (status == ESP_OK) status = esp__engine_open_predictor(&e, &o, 1, err);
  if (status == ESP_OK)
    status = predict(&o, &e, pixels, a->positional.item + 1, a->positional.count - 1, err);
  esp__engine_close(&e);
  free(pixels);
  esp_loaded_run_free(&o);
  return status;
}

const esp__command esp__command_predict = {
    .name = "predict",
    .summary = "the five best classes of picture files (JPEG, PNG), with probabilities",
    .description =
        "A picture is scaled to the network's input. "
        "The weights file says what the classes are called.\n",
    .positional = {.usage = "DIR|FILE IMAGE...",
                   .expected = "a run directory or weights file, and pictures",
                   .least = 2,
                   .most = ESP_ARGUMENTS_ANY,
                   .kind = ESP_WORD_FILE},
    .plugins = true,
    .run = run,
};
