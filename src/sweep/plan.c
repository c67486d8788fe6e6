/* From the lists of a sweep to its runs. */
#include "config/check.h"
#include "config/parse.h"
#include "config/stages.h"
#include "rundir/paths.h"
#include "sweep/file.h"
#include "sweep/names.h"
#include "sweep/reuse_dense.h"

#include <espalier/file.h>
#include <espalier/random.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static esp_status no_memory(esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the runs of the sweep");
}

/* ---- which combinations ---- */

typedef struct plan {
  const esp__sweep_file *file; /* its axes are the sweep's by now */
  const esp_axis *axis;
  int axes;
  const char *source;
  int64_t total; /* combinations that there are */
  size_t count;  /* runs asked for */
} plan;

static bool mode_is(const plan *p, const char *mode) {
  return strcmp(p->file->options.mode, mode) == 0;
}

/* The length of the lists side by side: 1 = there are none. */
static esp_status count_zip(const plan *p, int64_t *length, esp_error *err) {
  const bool *crossed = p->file->crossed;
  const esp_axis *longest = NULL;
  for (int i = 0; i < p->axes; i++)
    if (!crossed[i] && (!longest || p->axis[i].values > longest->values)) longest = &p->axis[i];
  *length = longest ? longest->values : 1;
  for (int i = 0; i < p->axes; i++) {
    const esp_axis *a = &p->axis[i];
    if (!crossed[i] && a->values != 1 && a->values != longest->values)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: mode = zip: %s has %d values and %s has %d; expected as many, or one",
                      a->where, a->key, a->values, longest->key, longest->values);
  }
  return ESP_OK;
}

static esp_status count_runs(plan *p, esp_error *err) {
  const int64_t limit = UINT32_MAX;
  ESP_TRY(count_zip(p, &p->total, err));
  for (int i = 0; i < p->axes; i++)
    if (p->file->crossed[i])
      p->total = p->total > limit / p->axis[i].values ? limit + 1 : p->total * p->axis[i].values;
  int64_t wanted = p->total;
  if (mode_is(p, "random")) {
    wanted = p->file->options.count;
    if (wanted < 1 || wanted > p->total || p->total > limit)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: [sweep] count = %lld: expected 1 to the %lld%s combinations of the grid",
                      p->source, (long long)wanted, (long long)p->total,
                      p->total > limit ? " or more" : "");
  }
  if (wanted > ESP_SWEEP_RUNS_MAX)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: [sweep]: %lld%s runs, expected at most %d; list fewer values, "
                    "or use mode = random with a count",
                    p->source, (long long)wanted, wanted > limit ? " or more" : "",
                    ESP_SWEEP_RUNS_MAX);
  p->count = (size_t)wanted;
  return ESP_OK;
}

static bool among(const int64_t *drawn, size_t n, int64_t what) {
  for (size_t i = 0; i < n; i++)
    if (drawn[i] == what) return true;
  return false;
}

/* Different combinations of the grid, in the order in which they are drawn. */
static void draw(const plan *p, int64_t *number) {
  const esp_key key = esp_key_of((esp_key)p->file->options.seed, ESP_STREAM_SWEEP);
  uint64_t tries = 0;
  for (size_t n = 0; n < p->count;) {
    const int64_t next = esp_random_below(key, tries++, (uint32_t)p->total);
    if (!among(number, n, next)) number[n++] = next;
  }
}

/* Which value of each axis combination `number` has: the last list changes fastest, those side by
 * side slowest. */
static void choose(const plan *p, int64_t number, int *choice) {
  for (int i = p->axes - 1; i >= 0; i--) {
    if (!p->file->crossed[i]) continue;
    choice[i] = (int)(number % p->axis[i].values);
    number /= p->axis[i].values;
  }
  for (int i = 0; i < p->axes; i++)
    if (!p->file->crossed[i]) choice[i] = p->axis[i].values == 1 ? 0 : (int)number;
}

/* ---- one run ---- */

static esp_status set_values(const plan *p, esp_sweep_run *run, const char *output,
                             esp_error *err) {
  esp_config *c = &run->config;
  for (int i = 0; i < p->axes; i++) {
    const esp_axis *a = &p->axis[i];
    ESP_TRY(esp__config_set(c, a->key, a->value[run->choice[i]], a->where, err));
  }
  ESP_TRY(esp__config_set(c, "run.name", run->name, p->source, err));
  ESP_TRY(esp__config_set(c, "run.output", output, p->source, err));
  ESP_TRY(
      esp__config_set(c, "run.threads", "0", p->source, err)); /* the environment says how many */
  esp_error why = {0};
  const esp_status status = esp__config_check(c, &why);
  return status == ESP_OK ? ESP_OK
                          : esp_fail(err, status, "%s: run %s: %s", p->source, run->name, why.text);
}

static esp_status plan_run(const plan *p, esp_sweep_run *run, int64_t number, const char *output,
                           esp_error *err) {
  char name[ESP_RUN_NAME_MAX + 1];
  run->dense = -1;
  if (!(run->choice = calloc((size_t)p->axes, sizeof *run->choice))) return no_memory(err);
  choose(p, number, run->choice);
  esp__sweep_name("", p->axis, p->axes, run->choice, NULL, name);
  if (!(run->name = strdup(name))) return no_memory(err);
  ESP_TRY(esp_config_copy(&run->config, &p->file->base, err));
  return set_values(p, run, output, err);
}

/* ---- the same run twice ---- */

typedef struct print {
  char hex[65];
  const char *name;
} print;

static int compare_prints(const void *a, const void *b) {
  return strcmp(((const print *)a)->hex, ((const print *)b)->hex);
}

/* Of all that it says but its name: runs may differ in neutral keys. */
static esp_status fingerprint(const esp_sweep_run *run, print *p, esp_error *err) {
  char *text;
  esp_sha256 s;
  ESP_TRY(esp_config_text(&run->config, &text, err));
  const char *rest = strchr(text, '\n') + 1; /* behind "[run]" comes the name */
  rest = strchr(rest, '\n');
  esp_sha256_start(&s);
  esp_sha256_add(&s, rest, strlen(rest));
  esp_sha256_end(&s, p->hex);
  p->name = run->name;
  free(text);
  return ESP_OK;
}

const esp_quality *esp_sweep_quality(const esp_sweep *s) {
  return esp_config_quality(&s->run[0].config);
}

/* Their tables have one column for it. */
static esp_status check_quality(const esp_sweep *s, esp_error *err) {
  const esp_quality *first = esp_sweep_quality(s);
  for (int i = 1; i < s->runs; i++) {
    const esp_quality *q = esp_config_quality(&s->run[i].config);
    if (q != first)
      return esp_fail(err, ESP_ERR_INPUT,
                      "run '%.100s' is judged by %s, run '%.100s' by %s: expected data sets of one "
                      "kind, with classes or with targets",
                      s->run[0].name, first->title, s->run[i].name, q->title);
  }
  return ESP_OK;
}

static esp_status check_different(const plan *p, const esp_sweep_run *run, esp_error *err) {
  print *all = calloc(p->count, sizeof *all);
  if (!all) return no_memory(err);
  esp_status status = ESP_OK;
  for (size_t i = 0; i < p->count && status == ESP_OK; i++)
    status = fingerprint(&run[i], &all[i], err);
  if (status == ESP_OK) qsort(all, p->count, sizeof *all, compare_prints);
  for (size_t i = 1; i < p->count && status == ESP_OK; i++)
    if (strcmp(all[i].hex, all[i - 1].hex) == 0)
      status = esp_fail(err, ESP_ERR_INPUT, "%s: [sweep] asks for the same run twice: %s and %s",
                        p->source, all[i - 1].name, all[i].name);
  free(all);
  return status;
}

/* ---- all of them ---- */

static esp_status plan_runs(plan *p, esp_sweep *s, esp_error *err) {
  int64_t *number = calloc(p->count, sizeof *number);
  s->run = calloc(p->count, sizeof *s->run);
  if (!number || !s->run) {
    free(number);
    return no_memory(err);
  }
  for (size_t i = 0; i < p->count; i++) number[i] = (int64_t)i;
  if (mode_is(p, "random")) draw(p, number);
  esp_status status = ESP_OK;
  for (size_t i = 0; i < p->count && status == ESP_OK; i++) {
    s->runs++;
    status = plan_run(p, &s->run[i], number[i], s->dir, err);
  }
  free(number);
  if (status == ESP_OK) status = check_different(p, s->run, err);
  if (status == ESP_OK) status = check_quality(s, err);
  return status == ESP_OK ? esp__sweep_share(s, err) : status;
}

static esp_status set_directory(esp_sweep *s, const esp_run_options *o, const char *dir,
                                esp_error *err) {
  const size_t bytes = strlen(o->output) + strlen(o->name) + 2;
  if (dir)
    s->dir = strdup(dir);
  else if ((s->dir = malloc(bytes)))
    snprintf(s->dir, bytes, "%s/%s", o->output, o->name);
  if (!s->dir) return no_memory(err);
  for (size_t n = strlen(s->dir); n > 1 && s->dir[n - 1] == '/'; n--) s->dir[n - 1] = '\0';
  if (*s->dir && strlen(s->dir) < 180)
    return ESP_OK; /* it becomes a value of each run's configuration */
  return esp_fail(err, ESP_ERR_INPUT, "%.60s: a directory name of %zu bytes, expected 1 to 179",
                  s->dir, strlen(s->dir));
}

static esp_status build(esp_sweep *s, esp__sweep_file *f, const char *source, const char *dir,
                        esp_error *err) {
  ESP_TRY(set_directory(s, &f->base.run, dir, err));
  ESP_TRY(esp__sweep_file_text(f, &s->text, err));
  if (!(s->axis = calloc((size_t)f->axes, sizeof *s->axis))) return no_memory(err);
  memcpy(s->axis, f->axis,
         (size_t)f->axes * sizeof *s->axis); /* they are the sweep's from here on */
  s->axes = f->axes;
  f->axes = 0;
  s->threads = f->base.run.threads;
  plan p = {.file = f, .axis = s->axis, .axes = s->axes, .source = source};
  ESP_TRY(count_runs(&p, err));
  return plan_runs(&p, s, err);
}

esp_status esp_sweep_load(esp_sweep *s, const char *path, const char *dir, int overrides,
                          const char *const *override, esp_error *err) {
  char inside[ESP_PATH_MAX];
  struct stat info;
  esp__sweep_file f;
  *s = (esp_sweep){0};
  if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
    if (!esp__path_join(inside, path, ESP_FILE_SWEEP) || stat(inside, &info) != 0)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: not the directory of a sweep: expected one with sweep.ini", path);
    if (!dir) dir = path;
    path = inside;
  }
  ESP_TRY(esp__sweep_file_load(&f, path, overrides, override, err));
  const esp_status status = build(s, &f, path, dir, err);
  esp__sweep_file_free(&f);
  if (status != ESP_OK) esp_sweep_free(s);
  return status;
}

static esp_status open_run(esp_sweep *s, const char *dir, const char *config, esp_error *err) {
  s->dir = strdup(dir);
  s->run = calloc(1, sizeof *s->run);
  if (!s->dir || !s->run) return no_memory(err);
  s->runs = 1;
  s->run[0].dense = -1;
  if (!(s->run[0].name = strdup("."))) return no_memory(err);
  return esp__config_load_run(&s->run[0].config, config, 0, NULL, err);
}

esp_status esp_sweep_open(esp_sweep *s, const char *dir, esp_error *err) {
  char path[ESP_PATH_MAX];
  struct stat info;
  *s = (esp_sweep){0};
  ESP_TRY(esp__path_make(path, dir, ESP_FILE_SWEEP, err));
  if (stat(path, &info) == 0) return esp_sweep_load(s, dir, NULL, 0, NULL, err);
  ESP_TRY(esp__path_make(path, dir, ESP_FILE_CONFIG, err));
  if (stat(path, &info) != 0)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%s: neither a sweep nor a run: expected a directory with sweep.ini or config.ini", dir);
  const esp_status status = open_run(s, dir, path, err);
  if (status != ESP_OK) esp_sweep_free(s);
  return status;
}

void esp_sweep_free(esp_sweep *s) {
  for (int i = 0; i < s->runs; i++) {
    free(s->run[i].name);
    free(s->run[i].choice);
    if (s->run[i].config.run.name) esp_config_free(&s->run[i].config);
  }
  for (int i = 0; i < s->axes; i++) esp__axis_free(&s->axis[i]);
  free(s->run);
  free(s->axis);
  free(s->text);
  free(s->dir);
  *s = (esp_sweep){0};
}

const char *esp_sweep_path(const esp_sweep *s, int i, char path[4096]) {
  esp__path_join(path, s->dir, s->run[i].name);
  return path;
}

int64_t esp_sweep_epochs(const esp_sweep *s, int i) {
  const esp_config *c = &s->run[i].config;
  int64_t epochs = 0;
  for (int stage = s->run[i].dense >= 0; stage < esp__stages(c); stage++)
    epochs += esp__stage_epochs(c, stage, 0);
  return epochs;
}
