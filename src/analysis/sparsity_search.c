#include <espalier/sparsity_search.h>

#include "base/shown.h"
#include "base/text.h"
#include "config/check.h"
#include "config/parse.h"
#include "config/stages.h"
#include "rundir/free.h"
#include "rundir/paths.h"

#include <espalier/file.h>
#include <espalier/results.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const double slack = 1e-9;

typedef esp_sparsity_search_outcome outcome;

typedef struct bisection {
  const esp_config *base;
  esp_sweep runs; /* run 0 is the dense one */
  outcome outcome[ESP_SEARCH_RUNS_MAX];
  int best; /* the sparsest good run; 0 = the dense one */
  esp_run_control control;
} bisection;

/* ---- the configurations ---- */

static bool by_sparsity(const esp_prune_options *o) {
  const esp_prune_schedule *schedule = esp_prune_schedule_of(o);
  const esp_distribution *distribution = esp_distribution_of(o);
  return !distribution->explicit_total && !distribution->limit &&
         !esp_structure_find(o->structure)->choose && !schedule->listed && !schedule->react;
}

static esp_status check(const esp_config *c, const char *path, esp_error *err) {
  if (!esp__prunes(c))
    return esp_fail(err, ESP_ERR_INPUT, "%s: [prune] method = none: expected one that prunes",
                    path);
  if (c->data.validation == 0)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%s: networks are compared on validation images: expected [data] validation above 0, "
        "such as a tenth of the training images",
        path);
  if (by_sparsity(&c->prune)) return esp__config_check(c, err);
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: the key sparsity alone must say how much goes; "
                  "expected another schedule than list and feedback, distribution than per-layer "
                  "and threshold, structure than n:m",
                  path);
}

/* A copy of the base with another name. */
static esp_status derive(const bisection *b, esp_sweep_run *run, const char *name, esp_error *err) {
  *run = (esp_sweep_run){.name = strdup(name), .dense = -1};
  if (!run->name) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the search");
  ESP_TRY(esp_config_copy(&run->config, b->base, err));
  /* They decide nothing in these runs, so trials serve searches with others too. */
  ESP_TRY(esp__config_set(&run->config, "prune.tolerance", "0.01", name, err));
  ESP_TRY(esp__config_set(&run->config, "prune.least_step", "0.01", name, err));
  ESP_TRY(esp__config_set(&run->config, "run.output", b->runs.dir, name, err));
  return esp__config_set(&run->config, "run.name", name, name, err);
}

/* The dense network, and the weights that will be rewound to. */
static esp_status derive_dense(const bisection *b, esp_sweep_run *run, esp_error *err) {
  char moment[32];
  const esp_prune_options *o = &b->base->prune;
  const bool step = o->rewind_step > 0;
  ESP_TRY(derive(b, run, "dense", err));
  snprintf(moment, sizeof moment, "%lld", (long long)(step ? o->rewind_step : o->rewind_epoch));
  if (esp__retrain_of(b->base) == ESP_WEIGHT_REWIND)
    ESP_TRY(esp__config_set(&run->config, step ? "run.keep_steps" : "run.keep_epochs", moment,
                            "dense", err));
  ESP_TRY(
      esp__config_set(&run->config, "prune.sparsity", "0.9", "dense", err)); /* decides nothing */
  ESP_TRY(esp__config_set(&run->config, "prune.regulariser", "none", "dense", err));
  return esp__config_set(&run->config, "prune.method", "none", "dense", err);
}

static esp_status derive_trial(const bisection *b, esp_sweep_run *run, double sparsity,
                               esp_error *err) {
  char name[64], value[32], dense[ESP_PATH_MAX];
  snprintf(value, sizeof value, "%.6g", sparsity);
  snprintf(name, sizeof name, "sparsity=%s", value);
  ESP_TRY(derive(b, run, name, err));
  if (esp__has_plain_dense_stage(b->base))
    ESP_TRY(
        esp__config_set(&run->config, "run.dense", esp_sweep_path(&b->runs, 0, dense), name, err));
  return esp__config_set(&run->config, "prune.sparsity", value, name, err);
}

/* ---- the runs ---- */

static esp_status read_outcome(const bisection *b, int i, outcome *o, esp_error *err) {
  char dir[ESP_PATH_MAX];
  esp_results r;
  ESP_TRY(esp_results_read(&r, esp_sweep_path(&b->runs, i, dir), err));
  if (r.rounds == 0) {
    esp_results_free(&r);
    return esp_fail(err, ESP_ERR_INPUT, "%s: its result.json has no results", dir);
  }
  const esp_round *last = &r.round[r.rounds - 1];
  o->seconds = 0.0;
  for (int k = 0; k < r.rounds; k++)
    if (r.round[k].round > 0 || !b->runs.run[i].config.run.dense[0])
      o->seconds += r.round[k].seconds;
  o->sparsity = i == 0 ? 0.0 : last->sparsity;
  o->validation = last->validation_quality;
  o->test = last->test_quality;
  o->good = i == 0 || b->outcome[0].validation - o->validation <=
                          esp_feedback_options_of(&b->base->prune)->tolerance + slack;
  esp_results_free(&r);
  return ESP_OK;
}

/* Makes, resumes, or only reads the newest run. */
static esp_status do_run(bisection *b, esp_error *err) {
  char dir[ESP_PATH_MAX];
  const int i = b->runs.runs - 1;
  ESP_TRY(esp_sweep_survey_run(&b->runs, i, err));
  ESP_TRY(esp_sweep_make_run(&b->runs, i, err));
  if (b->runs.run[i].state != ESP_SWEEP_FINISHED) {
    if (b->control.progress)
      fprintf(b->control.progress, "\n---- %s\n", ESP_SHOWN(b->runs.run[i].name));
    const esp_status status =
        esp_run_resume(esp_sweep_path(&b->runs, i, dir), 0, NULL, b->control, err);
    if (status == ESP_ERR_INTERRUPTED)
      return esp_fail(err, status, "stopped; go on with: espalier search %s", b->runs.dir);
    ESP_TRY(status);
  }
  return read_outcome(b, i, &b->outcome[i], err);
}

/* ---- what is left ---- */

static const char *const columns[] = {
    "run",  "sparsity_requested", "sparsity", "validation_quality", "change", "good",
    "best", "test_quality",       NULL,
};

static void print_rows(const bisection *b, FILE *f) {
  esp__print_quality_columns(f, esp_config_quality(b->base), columns);
  fputc('\n', f);
  for (int i = 0; i < b->runs.runs; i++) {
    const outcome *o = &b->outcome[i];
    fprintf(f, "%s,%.6g,%.6g,%.6g,%.6g,%s,%s,%.6g\n", b->runs.run[i].name, o->requested,
            o->sparsity, o->validation, o->validation - b->outcome[0].validation,
            o->good ? "yes" : "no", i == b->best ? "yes" : "no", o->test);
  }
}

static esp_status write_csv(const bisection *b, esp_error *err) {
  char path[ESP_PATH_MAX];
  esp__text t;
  ESP_TRY(esp__path_make(path, b->runs.dir, ESP_FILE_SEARCH_TRIALS, err));
  ESP_TRY(esp__text_begin(&t, ESP_FILE_SEARCH_TRIALS, err));
  print_rows(b, t.out);
  return esp__text_write(&t, path, err);
}

static void print_trial(const bisection *b, const esp_quality *q, int i, FILE *out) {
  const outcome *o = &b->outcome[i];
  char validation[ESP_QUALITY_TEXT], change[ESP_QUALITY_TEXT], test[ESP_QUALITY_TEXT];
  fprintf(out, "%-20s %10.2f %13s %8s %8s %s\n", ESP_SHOWN(b->runs.run[i].name),
          100.0 * o->sparsity, esp_quality_number(q, o->validation, false, validation),
          esp_quality_number(q, o->validation - b->outcome[0].validation, true, change),
          esp_quality_number(q, o->test, false, test), o->good ? "" : "not good");
}

/* "validation %" */
static void print_label(FILE *out, const char *split, const esp_quality *q, int width) {
  char text[32];
  snprintf(text, sizeof text, "%s %s", split, *q->unit ? q->unit : q->label);
  fprintf(out, " %*s", width, text);
}

static void print_table(const bisection *b, FILE *out) {
  const outcome *best = &b->outcome[b->best];
  const esp_quality *q = esp_config_quality(b->base);
  const double tolerance = esp_feedback_options_of(&b->base->prune)->tolerance;
  char within[ESP_QUALITY_TEXT];
  esp_quality_number(q, tolerance, false, within);
  fprintf(out, "\n%-20s %10s", "run", "sparsity %");
  print_label(out, "validation", q, 13);
  fprintf(out, " %8s", "change");
  print_label(out, "test", q, 8);
  fputc('\n', out);
  for (int i = 0; i < b->runs.runs; i++) print_trial(b, q, i, out);
  if (b->best == 0)
    fprintf(out, "\nno pruned network is within %s%s of the dense one\n", within,
            esp_quality_points(q));
  else
    fprintf(out, "\nthe sparsest within %s%s of the dense one: %.2f %%, in %s/%s\n", within,
            esp_quality_points(q), 100.0 * best->sparsity, ESP_SHOWN(b->runs.dir),
            ESP_SHOWN(b->runs.run[b->best].name));
}

/* ---- the search ---- */

/* What is tried after the trials there are, whose results decide it, and how many more there may
 * be; false at the end. */
static bool next_sparsity(const bisection *b, double *sparsity, int *most) {
  const double least = esp_feedback_options_of(&b->base->prune)->least_step + slack;
  double good = 0.0, bad = b->base->prune.sparsity;
  for (int i = 1; i < b->runs.runs; i++)
    *(b->outcome[i].good ? &good : &bad) = b->outcome[i].requested;
  const bool first = b->runs.runs == 1;
  *sparsity = first ? bad : 0.5 * (good + bad);
  *most = first;
  for (double interval = bad - good; interval > least; interval *= 0.5) (*most)++;
  return b->runs.runs < ESP_SEARCH_RUNS_MAX && bad - good > least;
}

static void judge(bisection *b, int i) {
  if (b->outcome[i].good && b->outcome[i].requested >= b->outcome[b->best].requested) b->best = i;
}

static esp_status add_trial(bisection *b, double sparsity, esp_error *err) {
  const int i = b->runs.runs++;
  b->outcome[i] = (outcome){.requested = sparsity};
  return derive_trial(b, &b->runs.run[i], sparsity, err);
}

static esp_status bisect(bisection *b, esp_error *err) {
  double sparsity;
  int most;
  ESP_TRY(do_run(b, err));
  ESP_TRY(write_csv(b, err));
  while (next_sparsity(b, &sparsity, &most)) {
    if (b->control.progress) fprintf(b->control.progress, "\nat most %d more trials\n", most);
    ESP_TRY(add_trial(b, sparsity, err));
    ESP_TRY(do_run(b, err));
    judge(b, b->runs.runs - 1);
    ESP_TRY(write_csv(b, err));
  }
  if (b->control.progress) print_table(b, b->control.progress);
  return ESP_OK;
}

static esp_status name_directory(bisection *b, const char *dir, esp_error *err) {
  char path[ESP_PATH_MAX];
  const esp_run_options *o = &b->base->run;
  const int length = dir ? snprintf(path, sizeof path, "%s", dir)
                         : snprintf(path, sizeof path, "%s/%s", o->output, o->name);
  if (length < 1 || length >= 180) /* it becomes a value of each run's configuration */
    return esp_fail(err, ESP_ERR_INPUT, "%.60s: a directory name of %d bytes, expected 1 to 179",
                    path, length);
  if (!(b->runs.dir = strdup(path)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the search");
  if (esp__path_exists(path, ESP_FILE_CONFIG))
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: holds a run; choose another directory for the search with -o",
                    b->runs.dir);
  return esp__directory_check(path, (const char *[]){ESP_FILE_SEARCH, NULL}, "a search", err);
}

/* So that the directory alone says how to go on. */
static esp_status save_base(const bisection *b, esp_error *err) {
  char path[ESP_PATH_MAX], *text = NULL;
  ESP_TRY(esp__path_make(path, b->runs.dir, ESP_FILE_SEARCH, err));
  ESP_TRY(esp_directory_make(b->runs.dir, err));
  ESP_TRY(esp_config_text(b->base, &text, err));
  const esp_status status = esp_file_write(path, text, strlen(text), err);
  free(text);
  return status;
}

static esp_status plan_dense(bisection *b, const char *dir, esp_error *err) {
  ESP_TRY(name_directory(b, dir, err));
  if (!(b->runs.run = calloc(ESP_SEARCH_RUNS_MAX, sizeof *b->runs.run)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the search");
  b->runs.runs = 1;
  return derive_dense(b, &b->runs.run[0], err);
}

/* The dense run tells a directory of other runs: nothing is written there. */
static esp_status begin(bisection *b, const char *dir, esp_error *err) {
  ESP_TRY(plan_dense(b, dir, err));
  ESP_TRY(esp_sweep_survey_run(&b->runs, 0, err));
  return save_base(b, err);
}

static esp_status search(const esp_config *c, const char *dir, esp_run_control control,
                         esp_error *err) {
  bisection b = {.base = c, .control = control};
  esp_status status = begin(&b, dir, err);
  if (status == ESP_OK) status = bisect(&b, err);
  esp_sweep_free(&b.runs);
  return status;
}

esp_status esp_sparsity_search_run(const char *path, const char *dir, int overrides,
                                   const char *const *override, esp_run_control control,
                                   esp_error *err) {
  char inside[ESP_PATH_MAX];
  struct stat info;
  esp_config c;
  if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
    if (!esp__path_join(inside, path, ESP_FILE_SEARCH) || stat(inside, &info) != 0)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: not the directory of a search: expected one with search.ini", path);
    if (!dir) dir = path;
    path = inside;
  }
  ESP_TRY(esp_config_load(&c, path, overrides, override, err));
  esp_status status = check(&c, path, err);
  if (status == ESP_OK) status = search(&c, dir, control, err);
  esp_config_free(&c);
  return status;
}

/* ---- looking at one ---- */

/* Goes the way of the search for as far as there are results. */
static esp_status follow(bisection *b, esp_sparsity_search *s, esp_error *err) {
  double sparsity;
  while (read_outcome(b, s->done, &b->outcome[s->done], NULL) == ESP_OK) {
    judge(b, s->done++);
    if (!next_sparsity(b, &sparsity, &s->most)) {
      s->most = 0;
      return ESP_OK;
    }
    ESP_TRY(add_trial(b, sparsity, err));
  }
  if (s->done == 0) (void)next_sparsity(b, &sparsity, &s->most);
  return ESP_OK;
}

esp_status esp_sparsity_search_look(esp_sparsity_search *s, const char *dir, esp_error *err) {
  char path[ESP_PATH_MAX];
  *s = (esp_sparsity_search){0};
  ESP_TRY(esp__path_make(path, dir, ESP_FILE_SEARCH, err));
  esp_config c;
  ESP_TRY(esp_config_load(&c, path, 0, NULL, err));
  bisection b = {.base = &c};
  esp_status status = check(&c, path, err);
  if (status == ESP_OK) status = plan_dense(&b, dir, err);
  if (status == ESP_OK) status = follow(&b, s, err);
  s->runs = b.runs;
  s->best = b.best;
  s->tolerance = esp_feedback_options_of(&c.prune)->tolerance;
  memcpy(s->outcome, b.outcome, sizeof s->outcome);
  esp_config_free(&c);
  if (status != ESP_OK) esp_sparsity_search_free(s);
  return status;
}

void esp_sparsity_search_free(esp_sparsity_search *s) {
  esp_sweep_free(&s->runs);
  *s = (esp_sparsity_search){0};
}
