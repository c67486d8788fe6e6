/* espalier watch: how far a run, a sweep or a search is, read from the files it writes */
#include "base/lock.h"
#include "base/shown.h"
#include "cli/cli.h"
#include "cli/worker.h"
#include "run/progress.h"
#include "rundir/paths.h"
#include "rundir/progress_json.h"

#include <espalier/csv.h>
#include <espalier/results.h>
#include <espalier/sparsity_search.h>
#include <espalier/sweep.h>

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SPARK = 60, FINISHED_SHOWN = 20 };
static const double quiet_after = 30.0; /* seconds without a sign of life */

/* ---- curves ---- */

static const char *bar(int level, bool blocks) {
  static const char *const utf8[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static const char *const ascii[] = {"_", ".", "-", "=", "+", "*", "%", "#"};
  return blocks ? utf8[level] : ascii[level];
}

/* The last values of a column of log.csv, from the smallest to the largest of them. */
static void print_curve(const esp_csv *log, const char *column, const char *title, double unit) {
  const int c = esp_csv_column(log, column), first = log->rows > SPARK ? log->rows - SPARK : 0;
  const bool blocks = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  double low = INFINITY, high = -INFINITY, value = (double)NAN;
  if (c < 0) return;
  for (int r = first; r < log->rows; r++) {
    value = strtod(esp_csv_cell(log, r, c), NULL);
    low = fmin(low, value);
    high = fmax(high, value);
  }
  if (!isfinite(low) || !isfinite(high)) return;
  printf("  %-10s ", title);
  for (int r = first; r < log->rows; r++) {
    const double v = strtod(esp_csv_cell(log, r, c), NULL);
    fputs(bar(high > low ? (int)(7.0 * (v - low) / (high - low) + 0.5) : 0, blocks), stdout);
  }
  printf("  %.4g to %.4g, now %.4g\n", unit * low, unit * high, unit * value);
}

/* A log has one of them. */
static void print_quality(const esp_csv *log, const esp_quality *q) {
  char column[ESP_QUALITY_COLUMN], title[32];
  snprintf(title, sizeof title, *q->unit ? "%s %s" : "%s", q->label, q->unit);
  print_curve(log, esp_quality_column(q, "train_quality", column), title, q->factor);
}

static void print_curves(const char *dir) {
  char path[ESP_PATH_MAX];
  esp_csv log;
  if (!esp__path_join(path, dir, ESP_FILE_LOG)) return;
  (void)esp_csv_read(&log, path, NULL); /* what can be read of it */
  if (log.rows > 1) {
    print_curve(&log, "train_loss", "loss", 1.0);
    for (int i = 0; i < 2; i++) print_quality(&log, esp_quality_of(i));
    print_curve(&log, "sparsity", "sparsity %", 100.0);
    print_curve(&log, "images_per_second", "images/s", 1.0);
  }
  esp_csv_free(&log);
}

/* ---- a run ---- */

/* What a run that was killed wrote last is still there, but not its lock. */
static bool is_at_work(const char *dir, esp__heartbeat *p, double *age) {
  return esp__heartbeat_read(p, dir, age) && !esp__lock_left(dir);
}

static void print_pulse(const char *name, const esp__heartbeat *p, double age) {
  char left[32], stage[64] = "training", ago[32], quality[ESP_QUALITY_TEXT];
  esp__format_time(left, p->seconds_left);
  esp__format_time(ago, age);
  if (p->stage > 0) snprintf(stage, sizeof stage, "round %d/%d", p->stage, p->stages - 1);
  printf("%s%s%s  epoch %lld/%lld  step %lld/%lld  loss %.4f  %s %s  sparsity %.2f %%  ", name,
         *name ? ": " : "", stage, (long long)p->epoch + 1, (long long)p->epochs,
         (long long)p->batch, (long long)p->batches, p->loss, p->is->label,
         esp_quality_text(p->is, p->quality, quality), 100.0 * p->sparsity);
  printf("%.0f images/s  ", p->images_per_second);
  if (age > quiet_after)
    printf("no sign of life for %s\n", ago);
  else
    printf("%s left\n", left);
}

static void print_finished(const char *name, const esp_results *r) {
  printf("%s%sfinished", ESP_SHOWN(name), *name ? ": " : "");
  if (r->rounds > 0) {
    const esp_round *last = &r->round[r->rounds - 1];
    char text[ESP_QUALITY_TEXT];
    printf("  %s %s  sparsity %.2f %%", r->quality->label,
           esp_quality_text(r->quality, last->test_quality, text), 100.0 * last->sparsity);
  }
  putchar('\n');
}

/* Whether it has ended. */
static bool show_run(const char *dir) {
  esp__heartbeat p;
  esp_results r;
  double age;
  const bool finished = esp_results_read(&r, dir, NULL) == ESP_OK;
  printf("run %s\n\n", ESP_SHOWN(dir));
  if (finished) {
    print_finished("", &r);
    esp_results_free(&r);
  } else if (is_at_work(dir, &p, &age)) {
    print_pulse("", &p, age);
  } else {
    puts("not at work");
  }
  print_curves(dir);
  return finished;
}

/* ---- a sweep ---- */

typedef struct tally {
  int finished, at_work, begun, waiting;
  double epochs, done;
  double speed; /* epochs a second, of the runs at work together */
  int drawn;    /* the run at work whose curves are shown, -1 = none */
} tally;

/* Epochs that a run has come to the end of, by its log. */
static double epochs_logged(const char *dir) {
  char path[ESP_PATH_MAX];
  esp_csv log;
  if (!esp__path_join(path, dir, ESP_FILE_LOG)) return 0.0;
  (void)esp_csv_read(&log, path, NULL); /* what can be read of it */
  const double rows = (double)log.rows;
  esp_csv_free(&log);
  return rows;
}

/* A run that is neither finished nor at work: it waits, or was stopped or failed, and then may have
 * said why. */
static void show_quiet(const esp_sweep *s, int i, const char *dir, tally *t) {
  char line[1024];
  if (access(dir, F_OK) != 0) {
    t->waiting++;
    return;
  }
  t->begun++;
  t->done += fmin(epochs_logged(dir), (double)esp_sweep_epochs(s, i));
  if (esp__worker_last_line(dir, line))
    printf("%s: not at work  %s\n", ESP_SHOWN(s->run[i].name), ESP_SHOWN(line));
}

static void show_one(const esp_sweep *s, int i, tally *t) {
  char dir[4096];
  esp__heartbeat p;
  esp_results r;
  double age;
  const double epochs = (double)esp_sweep_epochs(s, i);
  esp_sweep_path(s, i, dir);
  t->epochs += epochs;
  if (esp_results_read(&r, dir, NULL) == ESP_OK) {
    t->done += epochs;
    if (++t->finished <= FINISHED_SHOWN) print_finished(s->run[i].name, &r);
    esp_results_free(&r);
  } else if (is_at_work(dir, &p, &age)) {
    const double done = esp__heartbeat_epochs(&p, epochs);
    print_pulse(s->run[i].name, &p, age);
    t->at_work++;
    t->done += done;
    if (age > quiet_after) return;
    t->drawn = i;
    if (p.seconds_left > 0.0) t->speed += (epochs - done) / p.seconds_left;
  } else {
    show_quiet(s, i, dir, t);
  }
}

/* As if what waits went on like what is at work. */
static void print_time_left(const tally *t) {
  char left[32];
  if (!(t->speed > 0.0)) return;
  esp__format_time(left, (t->epochs - t->done) / t->speed);
  printf(", about %s left", left);
}

static bool show_sweep(const esp_sweep *s) {
  char dir[4096];
  tally t = {.drawn = -1};
  printf("sweep %s\n\n", ESP_SHOWN(s->dir));
  for (int i = 0; i < s->runs; i++) show_one(s, i, &t);
  if (t.finished > FINISHED_SHOWN)
    printf("and %d more that have finished\n", t.finished - FINISHED_SHOWN);
  if (t.drawn >= 0) print_curves(esp_sweep_path(s, t.drawn, dir));
  printf(
      "\n"
      "%d of %d runs finished, %d at work, %d stopped or failed, %d waiting; %.1f %% of the epochs",
      t.finished, s->runs, t.at_work, t.begun, t.waiting,
      t.epochs > 0.0 ? 100.0 * t.done / t.epochs : 100.0);
  print_time_left(&t);
  putchar('\n');
  return t.finished == s->runs;
}

/* ---- a search ---- */

/* Run 0 is the dense network, the others are trials. */
static const char *trial_name(const esp_sparsity_search *s, int i, char name[128]) {
  if (i == 0)
    snprintf(name, 128, "%s", s->runs.run[i].name);
  else
    snprintf(name, 128, "trial %d, %.100s", i, s->runs.run[i].name);
  return name;
}

static void print_trial(const esp_sparsity_search *s, int i) {
  char name[128];
  const esp_sparsity_search_outcome *o = &s->outcome[i];
  const esp_quality *q = esp_config_quality(&s->runs.run[0].config);
  char text[ESP_QUALITY_TEXT];
  printf("%s: finished  validation %s", trial_name(s, i, name),
         esp_quality_text(q, o->validation, text));
  if (i > 0)
    printf(" (%s)", esp_quality_number(q, o->validation - s->outcome[0].validation, true, text));
  printf("  %s %s  sparsity %.2f %%%s\n", q->label, esp_quality_text(q, o->test, text),
         100.0 * o->sparsity,
         i == 0    ? ""
         : o->good ? "  good"
                   : "  not good");
}

/* The run behind the finished ones. Returns how long it goes on, NAN where that is not known. */
static double print_next(const esp_sparsity_search *s) {
  char dir[4096], name[128];
  esp__heartbeat p;
  double age;
  esp_sweep_path(&s->runs, s->done, dir);
  trial_name(s, s->done, name);
  if (!is_at_work(dir, &p, &age)) {
    printf("%s: %s\n", name, access(dir, F_OK) == 0 ? "stopped or failed" : "waiting");
    return (double)NAN;
  }
  print_pulse(name, &p, age);
  return age > quiet_after ? (double)NAN : p.seconds_left;
}

/* The run at work, and as many trials as there may be, each as long as those before. */
static void print_left(const esp_sparsity_search *s, double now) {
  const int trials = s->done - 1, more = s->most - (s->done > 0);
  double seconds = 0.0;
  char left[32];
  for (int i = 1; i < s->done; i++) seconds += s->outcome[i].seconds;
  if (!isfinite(now) || (more > 0 && trials < 1)) return;
  esp__format_time(left, now + (more > 0 ? more * seconds / trials : 0.0));
  printf("; about %s left if all are needed", left);
}

static bool show_search(const esp_sparsity_search *s) {
  const bool ended = s->done == s->runs.runs;
  const esp_sparsity_search_outcome *best = &s->outcome[s->best];
  const esp_quality *q = esp_config_quality(&s->runs.run[0].config);
  char text[ESP_QUALITY_TEXT];
  double now = (double)NAN;
  printf("search %s\n\n", ESP_SHOWN(s->runs.dir));
  for (int i = 0; i < s->done; i++) print_trial(s, i);
  if (!ended) now = print_next(s);
  const int trials = s->done > 0 ? s->done - 1 : 0;
  printf("\n%d trial%s finished", trials, trials == 1 ? "" : "s");
  if (!ended) {
    printf(", at most %d more", s->most);
    print_left(s, now);
  }
  if (s->best > 0)
    printf("; the sparsest within %s%s of the dense one: %.2f %%\n",
           esp_quality_number(q, s->tolerance, false, text), esp_quality_points(q),
           100.0 * best->sparsity);
  else
    printf("; none within %s%s of the dense one%s\n",
           esp_quality_number(q, s->tolerance, false, text), esp_quality_points(q),
           ended ? "" : " yet");
  return ended;
}

/* ---- */

/* Which trials a search has depends on how far it is, so it is read anew at each look. */
static esp_status look_at_search(const char *dir, bool *ended, esp_error *err) {
  esp_sparsity_search s;
  ESP_TRY(esp_sparsity_search_look(&s, dir, err));
  *ended = show_search(&s);
  esp_sparsity_search_free(&s);
  return ESP_OK;
}

/* s: a sweep or a run; NULL: a search. */
static esp_status watch(const char *dir, const esp_sweep *s, bool once, esp_error *err) {
  const bool refresh = !once && isatty(STDOUT_FILENO);
  for (;;) {
    bool ended = false;
    if (refresh) fputs("\033[H\033[J", stdout);
    if (s)
      ended = s->axes > 0 ? show_sweep(s) : show_run(s->dir);
    else
      ESP_TRY(look_at_search(dir, &ended, err));
    fflush(stdout);
    if (!refresh || ended) return ESP_OK;
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
  }
}

typedef struct watch_options {
  bool once;
} watch_options;

static const esp__argument arguments[] = {
    {.name = "once",
     .type = ESP_ARGUMENT_FLAG,
     .offset = offsetof(watch_options, once),
     .help = "One look, as in a pipe."},
    {0},
};

static esp_status run(const esp__arguments *a, esp_error *err) {
  const watch_options *o = a->options;
  const char *dir = a->positional.item[0];
  esp_sweep s;
  setlocale(LC_CTYPE, "");
  if (esp__path_exists(dir, ESP_FILE_SEARCH)) return watch(dir, NULL, o->once, err);
  if (!esp__path_exists(dir, ESP_FILE_SWEEP) && !esp__path_exists(dir, ESP_FILE_CONFIG))
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%.200s: neither a sweep nor a run nor a search: expected a directory with sweep.ini, "
        "config.ini or search.ini",
        dir);
  ESP_TRY(esp_sweep_open(&s, dir, err));
  const esp_status status = watch(dir, &s, o->once, err);
  esp_sweep_free(&s);
  return status;
}

const esp__command esp__command_watch = {
    .name = "watch",
    .summary = "how far a run, sweep or search is, from another terminal",
    .description = "Reads the files that it writes, and refreshes each second until it ends.\n",
    .positional = {.usage = "DIR",
                   .expected = "a run, sweep or search",
                   .least = 1,
                   .most = 1,
                   .kind = ESP_WORD_DIRECTORY},
    .options = arguments,
    .options_bytes = sizeof(watch_options),
    .run = run,
};
