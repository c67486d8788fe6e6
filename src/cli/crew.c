#include "cli/crew.h"

#include "base/clock.h"
#include "base/lock.h"
#include "cli/worker.h"
#include "run/progress.h"
#include "rundir/progress_json.h"
#include <espalier/results.h>

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef enum state { TO_DO, AT_WORK, ELSEWHERE, DONE, FAILED } state;

typedef struct crew {
  esp_sweep *sweep;
  esp__worker_pool_options o;
  esp__worker *worker; /* [jobs] */
  state *state;        /* of each run */
  bool terminal, line_open;
  double begun, shown, reported, looked; /* clocks */
  double done_before;                    /* epochs that were done when we began */
} crew;

static const double every_terminal = 0.5, every_pipe = 60.0, every_report = 10.0,
                    every_look = 2.0; /* seconds */

/* ---- what people see ---- */

static void close_line(crew *c) {
  if (c->line_open) fputs("\r\033[K", stdout);
  c->line_open = false;
}

/* Epochs of run i that are done. */
static double epochs_done(const crew *c, int i) {
  char path[4096];
  double age;
  esp__heartbeat p;
  const double all = (double)esp_sweep_epochs(c->sweep, i);
  if (c->state[i] == DONE || c->state[i] == FAILED) return all;
  return esp__heartbeat_read(&p, esp_sweep_path(c->sweep, i, path), &age)
             ? esp__heartbeat_epochs(&p, all)
             : 0.0;
}

static int count(const crew *c, state wanted) {
  int n = 0;
  for (int i = 0; i < c->sweep->runs; i++) n += c->o.mine[i] && c->state[i] == wanted;
  return n;
}

static int count_mine(const crew *c) {
  int n = 0;
  for (int i = 0; i < c->sweep->runs; i++) n += c->o.mine[i];
  return n;
}

static void sum_epochs(const crew *c, double *done, double *all) {
  *done = *all = 0.0;
  for (int i = 0; i < c->sweep->runs; i++) {
    if (!c->o.mine[i]) continue;
    *done += epochs_done(c, i);
    *all += (double)esp_sweep_epochs(c->sweep, i);
  }
}

/* Time left: as many epochs a second as since we began. */
static void show(crew *c) {
  char left[32] = "?", elsewhere[32] = "", failed[32] = "";
  double done, all;
  const double now = esp__seconds();
  if (now - c->shown < (c->terminal ? every_terminal : every_pipe)) return;
  c->shown = now;
  sum_epochs(c, &done, &all);
  if (done > c->done_before)
    esp__format_time(left, (all - done) * (now - c->begun) / (done - c->done_before));
  if (count(c, ELSEWHERE))
    snprintf(elsewhere, sizeof elsewhere, ", %d elsewhere", count(c, ELSEWHERE));
  if (count(c, FAILED)) snprintf(failed, sizeof failed, ", %d failed", count(c, FAILED));
  close_line(c);
  printf("%d of %d runs done, %d at work%s%s  %.1f %% of the epochs  %s left%s", count(c, DONE),
         count_mine(c), count(c, AT_WORK), elsewhere, failed,
         all > 0.0 ? 100.0 * done / all : 100.0, left, c->terminal ? "" : "\n");
  c->line_open = c->terminal;
  fflush(stdout);
}

static void say_finished(crew *c, int i, double seconds) {
  char path[4096], time_text[32];
  esp_results r;
  esp__format_time(time_text, seconds);
  close_line(c);
  if (esp_results_read(&r, esp_sweep_path(c->sweep, i, path), NULL) == ESP_OK && r.rounds > 0) {
    const esp_round *last = &r.round[r.rounds - 1];
    printf("finished  %s: top-1 %.2f %% at a sparsity of %.2f %%, %s\n", c->sweep->run[i].name,
           100.0 * last->test_accuracy, 100.0 * last->sparsity, time_text);
    esp_results_free(&r);
  }
  fflush(stdout);
}

static void say_failed(crew *c, int i, const char *why) {
  close_line(c);
  printf("failed    %s: %s\n", c->sweep->run[i].name, why);
  fflush(stdout);
}

/* ---- who does what ---- */

/* Looks again at runs that another process was at. */
static void look_elsewhere(crew *c) {
  char path[4096];
  const double now = esp__seconds();
  if (now - c->looked < every_look) return;
  c->looked = now;
  for (int i = 0; i < c->sweep->runs; i++)
    if (c->state[i] == ELSEWHERE)
      c->state[i] = esp_results_finished(esp_sweep_path(c->sweep, i, path)) ? DONE : TO_DO;
}

/* The next run that can begin, -1 if there is none now. Those whose training failed fail with
 * it. */
static int next_run(crew *c) {
  for (int i = 0; i < c->sweep->runs; i++) {
    const int dense = c->sweep->run[i].dense;
    if (!c->o.mine[i] || c->state[i] != TO_DO) continue;
    if (dense < 0 || c->state[dense] == DONE) return i;
    if (c->state[dense] != FAILED) continue;
    c->state[i] = FAILED;
    say_failed(c, i, "the training that it shares has failed");
  }
  return -1;
}

static esp__worker *free_worker(crew *c) {
  for (int k = 0; k < c->o.jobs; k++)
    if (c->worker[k].process == 0) return &c->worker[k];
  return NULL;
}

static void begin(crew *c, esp__worker *w, int i) {
  esp__worker_start start;
  esp_error why = {0};
  if (esp__worker_begin(w, c->sweep, i, &start, &why) != ESP_OK) {
    c->state[i] = FAILED;
    say_failed(c, i, why.text);
  } else {
    c->state[i] = start == ESP_WORKER_BUSY ? ELSEWHERE : AT_WORK;
  }
}

/* The directory is locked meanwhile: another share of the sweep may be at it too. */
static esp_status report(crew *c, bool last, esp_error *err) {
  esp__lock lock;
  if (!last && esp__seconds() - c->reported < every_report) return ESP_OK;
  ESP_TRY(esp__lock_take(&lock, c->sweep->dir, true, err));
  const esp_status status = esp_sweep_report(c->sweep, err);
  esp__lock_drop(&lock);
  c->reported = esp__seconds();
  return status;
}

static esp_status collect(crew *c, esp_error *err) {
  for (int k = 0; k < c->o.jobs; k++) {
    esp__worker *w = &c->worker[k];
    char line[1024];
    if (w->process == 0) continue;
    const esp__worker_end end = esp__worker_look(w, c->sweep, line);
    if (end == ESP_WORKER_RUNS) continue;
    if (end == ESP_WORKER_YIELDED) {
      c->state[w->run] = ELSEWHERE;
      continue;
    }
    if (end == ESP_WORKER_FAILED && *c->o.stop) {
      c->state[w->run] = TO_DO; /* it was stopped */
      continue;
    }
    c->state[w->run] = end == ESP_WORKER_FAILED ? FAILED : DONE;
    if (end == ESP_WORKER_FAILED) say_failed(c, w->run, line);
    if (end == ESP_WORKER_FINISHED) say_finished(c, w->run, esp__seconds() - w->begun);
    ESP_TRY(report(c, false, err));
  }
  return ESP_OK;
}

static esp_status work(crew *c, esp_error *err) {
  bool told = false;
  for (;;) {
    esp__worker *w;
    int next;
    ESP_TRY(collect(c, err));
    look_elsewhere(c);
    while (!*c->o.stop && (w = free_worker(c)) && (next = next_run(c)) >= 0) begin(c, w, next);
    if (*c->o.stop && !told)
      for (int k = 0; k < c->o.jobs; k++) esp__worker_stop(&c->worker[k]);
    told = *c->o.stop != 0;
    if (count(c, AT_WORK) == 0 && (told || count(c, TO_DO) + count(c, ELSEWHERE) == 0)) break;
    show(c);
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
  }
  close_line(c);
  return report(c, true, err);
}

static esp_status outcome(const crew *c, esp_error *err) {
  const int failed = count(c, FAILED);
  if (*c->o.stop)
    return esp_fail(err, ESP_ERR_INTERRUPTED, "stopped; go on with: espalier sweep %s",
                    c->sweep->dir);
  if (failed > 0)
    return esp_fail(err, ESP_ERR_FAILED,
                    "%d of %d runs failed; to try them again: espalier sweep %s", failed,
                    count_mine(c), c->sweep->dir);
  return ESP_OK;
}

/* The threads are divided among the runs at a time, through the environment of their processes. */
static void divide_threads(const crew *c) {
  char text[16];
  const int all = c->sweep->threads > 0 ? (int)c->sweep->threads : omp_get_max_threads();
  snprintf(text, sizeof text, "%d", all > c->o.jobs ? all / c->o.jobs : 1);
  setenv("OMP_NUM_THREADS", text, 1);
}

esp_status esp__worker_pool_work(esp_sweep *s, esp__worker_pool_options o, esp_error *err) {
  double all;
  crew c = {.sweep = s, .o = o, .terminal = isatty(STDOUT_FILENO), .begun = esp__seconds()};
  c.shown = c.begun;
  c.worker = calloc((size_t)o.jobs, sizeof *c.worker);
  c.state = calloc((size_t)s->runs, sizeof *c.state);
  esp_status status =
      c.worker && c.state ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the sweep");
  if (status == ESP_OK) {
    for (int i = 0; i < s->runs; i++)
      c.state[i] = s->run[i].state == ESP_SWEEP_FINISHED ? DONE : TO_DO;
    sum_epochs(&c, &c.done_before, &all);
    divide_threads(&c);
    status = work(&c, err);
    if (status == ESP_OK) status = outcome(&c, err);
  }
  free(c.worker);
  free(c.state);
  return status;
}
