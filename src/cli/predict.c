/* espalier predict: what a trained network takes pictures, texts or sounds for, or estimates */
#include "base/shown.h"
#include "cli/cli.h"
#include "cli/examples.h"

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

/* In their units. */
static void print_targets(const esp_loaded_run *o, const float *outputs) {
  for (int t = 0; t < o->targets.count; t++)
    printf("  %s %.7g\n", ESP_SHOWN(o->class_name[t]),
           esp_target_value(&o->targets, t, outputs[t]));
}

static void print_example(const esp_loaded_run *o, const esp__examples *x) {
  const esp_tasks *tasks = &o->model->tasks;
  const float *logits = x->logits;
  printf("%s", ESP_SHOWN(x->shown));
  if (x->count.unknown > 0)
    printf(" (%lld of %lld tokens unknown)", (long long)x->count.unknown,
           (long long)x->count.tokens);
  putchar('\n');
  if (o->targets.count > 0) {
    print_targets(o, logits);
    return;
  }
  for (int t = 0; t < tasks->count; t++) {
    if (t > 0) printf(" %s\n", tasks->item[t].name);
    print_best(o, &tasks->item[t], logits);
  }
}

/* Names what cannot be read, if that is what went wrong. */
static bool pass_over(esp_status status, const esp_error *err) {
  if (status != ESP_ERR_INPUT && status != ESP_ERR_IO) return false;
  fflush(stdout);
  fprintf(stderr, "espalier predict: %s\n", err->text);
  return true;
}

/* One that cannot be read leaves the others alone: each is named, and the command fails in the
 * end. */
static esp_status predict(const esp_loaded_run *o, esp__examples *x, esp_error *err) {
  int unreadable = 0, count = 0;
  for (bool more;; count++) {
    const esp_status status = esp__examples_next(x, &more, err);
    if (status == ESP_OK && !more) break;
    if (status == ESP_OK)
      print_example(o, x);
    else if (x->many && pass_over(status, err))
      unreadable++;
    else
      return status;
  }
  if (unreadable == 0) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%d of %d %s cannot be read", unreadable, count,
                  esp__examples_noun(x));
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  esp_loaded_run o;
  esp__examples x = {0};
  ESP_TRY(esp_load_run(&o, a->positional.item[0], false, 0, NULL, err));
  esp_status status = esp__examples_open(&x, &o, a->positional.item[0], a->positional.item + 1,
                                         a->positional.count - 1, err);
  if (status == ESP_OK) status = predict(&o, &x, err);
  esp__examples_close(&x);
  esp_loaded_run_free(&o);
  return status;
}

const esp__command esp__command_predict = {
    .name = "predict",
    .summary = "the five best classes of pictures, texts or sounds, with probabilities; or targets",
    .description =
        "The weights file says what the network reads, and what the classes are called.\n"
        "- pictures: JPEG or PNG files, scaled to the network's input\n"
        "- texts: each argument is one; of a file that ends in .txt, all of it; of -, each line of "
        "standard input\n"
        "- sounds: WAV files\n"
        "- tables: CSV files with the columns that the network reads, wherever they stand; each "
        "row gets what the network estimates, in the units of the target\n",
    .positional = {.usage = "DIR|FILE INPUT...",
                   .expected =
                       "a run directory or weights file, and pictures, texts, sounds or tables",
                   .least = 2,
                   .most = ESP_ARGUMENTS_ANY,
                   .kind = ESP_WORD_FILE},
    .plugins = true,
    .run = run,
};
