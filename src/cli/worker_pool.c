#include "base/shown.h"
#include "cli/worker_pool.h"

#include "base/clock.h"
#include "base/lock.h"
#include "base/terminal.h"
#include "cli/worker.h"
#include "run/progress.h"
#include "rundir/progress_json.h"
#include <espalier/results.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef enum state { TO_DO, AT_WORK, ELSEWHERE, DONE, FAILED } state;

typedef struct worker_pool {
  esp_sweep *sweep;
  esp__worker_pool_options o;
  esp__worker *worker; /* [jobs] */
  state *state;        /* of each run */
  esp__status_line line;
  double begun, shown, reported, looked; /* clocks */
  double look_wait;                      /* seconds from `looked` to the next look */
  double done_before;                    /* epochs that were done when we began */
  sigset_t ends;                         /* the signal that says that a process has ended */
} worker_pool;

static const double every_terminal = 0.5, every_pipe = 60.0, every_report = 10.0, first_look = 0.1,
                    every_look = 2.0; /* seconds */
static const struct timespec nap = {.tv_nsec = 50000000};

/* ---- what people see ---- */

/* Epochs of run i that are done. */
static double epochs_done(const worker_pool *pool, int i) {
  char path[4096];
  double age;
  esp__heartbeat p;
  const double all = (double)esp_sweep_epochs(pool->sweep, i);
  if (pool->state[i] == DONE || pool->state[i] == FAILED) return all;
  return esp__heartbeat_read(&p, esp_sweep_path(pool->sweep, i, path), &age)
             ? esp__heartbeat_epochs(&p, all)
             : 0.0;
}

static int count(const worker_pool *pool, state wanted) {
  int n = 0;
  for (int i = 0; i < pool->sweep->runs; i++) n += pool->o.mine[i] && pool->state[i] == wanted;
  return n;
}

static int count_mine(const worker_pool *pool) {
  int n = 0;
  for (int i = 0; i < pool->sweep->runs; i++) n += pool->o.mine[i];
  return n;
}

static void sum_epochs(const worker_pool *pool, double *done, double *all) {
  *done = *all = 0.0;
  for (int i = 0; i < pool->sweep->runs; i++) {
    if (!pool->o.mine[i]) continue;
    *done += epochs_done(pool, i);
    *all += (double)esp_sweep_epochs(pool->sweep, i);
  }
}

/* Time left: as many epochs a second as since we began. */
static void show(worker_pool *pool) {
  char text[256], left[32] = "?", elsewhere[32] = "", failed[32] = "";
  double done, all;
  const double now = esp__seconds();
  if (now - pool->shown < (pool->line.terminal ? every_terminal : every_pipe)) return;
  pool->shown = now;
  sum_epochs(pool, &done, &all);
  if (done > pool->done_before)
    esp__format_time(left, (all - done) * (now - pool->begun) / (done - pool->done_before));
  if (count(pool, ELSEWHERE))
    snprintf(elsewhere, sizeof elsewhere, ", %d elsewhere", count(pool, ELSEWHERE));
  if (count(pool, FAILED)) snprintf(failed, sizeof failed, ", %d failed", count(pool, FAILED));
  snprintf(text, sizeof text, "%d of %d runs done, %d at work%s%s  %.1f %% of the epochs  %s left",
           count(pool, DONE), count_mine(pool), count(pool, AT_WORK), elsewhere, failed,
           all > 0.0 ? 100.0 * done / all : 100.0, left);
  esp__status_line_show(&pool->line, text);
}

static void say_finished(worker_pool *pool, int i, double seconds) {
  char path[4096], time_text[32];
  esp_results r;
  esp_error why;
  esp__format_time(time_text, seconds);
  esp__status_line_clear(&pool->line);
  const char *name = ESP_SHOWN(pool->sweep->run[i].name);
  if (esp_results_read(&r, esp_sweep_path(pool->sweep, i, path), &why) != ESP_OK) {
    printf("finished  %s, %s, but %s\n", name, time_text, why.text);
  } else if (r.rounds > 0) {
    const esp_round *last = &r.round[r.rounds - 1];
    char text[ESP_QUALITY_TEXT];
    printf("finished  %s: %s %s at a sparsity of %.2f %%, %s\n", name, r.quality->label,
           esp_quality_text(r.quality, last->test_quality, text), 100.0 * last->sparsity,
           time_text);
  }
  esp_results_free(&r);
  fflush(stdout);
}

static void say_failed(worker_pool *pool, int i, const char *why) {
  esp__status_line_clear(&pool->line);
  printf("failed    %s: %s\n", ESP_SHOWN(pool->sweep->run[i].name), ESP_SHOWN(why));
  fflush(stdout);
}

/* ---- who does what ---- */

/* Looks again at runs that another process was at; the longer they take, the less often. */
static void look_elsewhere(worker_pool *pool) {
  char path[4096];
  const double now = esp__seconds();
  if (now - pool->looked < pool->look_wait) return;
  pool->looked = now;
  pool->look_wait = 2.0 * pool->look_wait < every_look ? 2.0 * pool->look_wait : every_look;
  for (int i = 0; i < pool->sweep->runs; i++)
    if (pool->state[i] == ELSEWHERE)
      pool->state[i] = esp_results_finished(esp_sweep_path(pool->sweep, i, path)) ? DONE : TO_DO;
}

/* The next run that can begin, -1 if there is none now. Those whose training failed fail with
 * it. */
static int next_run(worker_pool *pool) {
  for (int i = 0; i < pool->sweep->runs; i++) {
    const int dense = pool->sweep->run[i].dense;
    if (!pool->o.mine[i] || pool->state[i] != TO_DO) continue;
    if (dense < 0 || pool->state[dense] == DONE) return i;
    if (pool->state[dense] != FAILED) continue;
    pool->state[i] = FAILED;
    say_failed(pool, i, "the training that it shares has failed");
  }
  return -1;
}

static esp__worker *free_worker(worker_pool *pool) {
  for (int k = 0; k < pool->o.jobs; k++)
    if (pool->worker[k].process == 0) return &pool->worker[k];
  return NULL;
}

static void begin(worker_pool *pool, esp__worker *w, int i) {
  esp__worker_start start;
  esp_error why = {0};
  if (esp__worker_begin(w, pool->sweep, i, &start, &why) != ESP_OK) {
    pool->state[i] = FAILED;
    say_failed(pool, i, why.text);
  } else {
    pool->state[i] = start == ESP_WORKER_BUSY ? ELSEWHERE : AT_WORK;
  }
}

/* The directory is locked meanwhile: another share of the sweep may be at it too. */
static esp_status report(worker_pool *pool, bool last, esp_error *err) {
  esp__lock lock;
  if (!last && esp__seconds() - pool->reported < every_report) return ESP_OK;
  ESP_TRY(esp__lock_take(&lock, pool->sweep->dir, true, err));
  const esp_status status = esp_sweep_report(pool->sweep, err);
  esp__lock_drop(&lock);
  pool->reported = esp__seconds();
  return status;
}

static esp_status collect(worker_pool *pool, esp_error *err) {
  for (int k = 0; k < pool->o.jobs; k++) {
    esp__worker *w = &pool->worker[k];
    char line[1024];
    if (w->process == 0) continue;
    const esp__worker_end end = esp__worker_look(w, pool->sweep, line);
    if (end == ESP_WORKER_RUNS) continue;
    if (end == ESP_WORKER_YIELDED) {
      pool->state[w->run] = ELSEWHERE;
      continue;
    }
    if (end == ESP_WORKER_FAILED && *pool->o.stop) {
      pool->state[w->run] = TO_DO; /* it was stopped */
      continue;
    }
    pool->state[w->run] = end == ESP_WORKER_FAILED ? FAILED : DONE;
    if (end == ESP_WORKER_FAILED) say_failed(pool, w->run, line);
    if (end == ESP_WORKER_FINISHED) say_finished(pool, w->run, esp__seconds() - w->begun);
    ESP_TRY(report(pool, false, err));
  }
  return ESP_OK;
}

static esp_status work(worker_pool *pool, esp_error *err) {
  bool told = false;
  for (;;) {
    esp__worker *w;
    int next;
    ESP_TRY(collect(pool, err));
    look_elsewhere(pool);
    while (!*pool->o.stop && (w = free_worker(pool)) && (next = next_run(pool)) >= 0)
      begin(pool, w, next);
    if (*pool->o.stop && !told)
      for (int k = 0; k < pool->o.jobs; k++) esp__worker_stop(&pool->worker[k]);
    told = *pool->o.stop != 0;
    if (count(pool, AT_WORK) == 0 && (told || count(pool, TO_DO) + count(pool, ELSEWHERE) == 0))
      break;
    show(pool);
    sigtimedwait(&pool->ends, NULL, &nap);
  }
  esp__status_line_clear(&pool->line);
  return report(pool, true, err);
}

static esp_status outcome(const worker_pool *pool, esp_error *err) {
  const int failed = count(pool, FAILED);
  if (*pool->o.stop)
    return esp_fail(err, ESP_ERR_INTERRUPTED, "stopped; go on with: espalier sweep %s",
                    pool->sweep->dir);
  if (failed > 0)
    return esp_fail(err, ESP_ERR_FAILED,
                    "%d of %d runs failed; to try them again: espalier sweep %s", failed,
                    count_mine(pool), pool->sweep->dir);
  return ESP_OK;
}

/* The threads are divided among the runs at a time, through the environment of their processes. */
static void divide_threads(const worker_pool *pool) {
  char text[16];
  snprintf(text, sizeof text, "%d", esp_sweep_threads(pool->sweep, pool->o.jobs));
  setenv("OMP_NUM_THREADS", text, 1);
}

/* The signal that says that a process has ended waits until we wait for it. */
static void hold_ends(sigset_t *ends) {
  sigemptyset(ends);
  sigaddset(ends, SIGCHLD);
  sigprocmask(SIG_BLOCK, ends, NULL);
}

esp_status esp__worker_pool_work(esp_sweep *s, esp__worker_pool_options o, esp_error *err) {
  double all;
  worker_pool pool = {.sweep = s,
                      .o = o,
                      .line = esp__status_line_on(stdout),
                      .begun = esp__seconds(),
                      .look_wait = first_look};
  pool.shown = pool.begun;
  pool.worker = calloc((size_t)o.jobs, sizeof *pool.worker);
  pool.state = calloc((size_t)s->runs, sizeof *pool.state);
  esp_status status = pool.worker && pool.state
                          ? ESP_OK
                          : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the sweep");
  if (status == ESP_OK) {
    for (int i = 0; i < s->runs; i++)
      pool.state[i] = s->run[i].state == ESP_SWEEP_FINISHED ? DONE : TO_DO;
    sum_epochs(&pool, &pool.done_before, &all);
    divide_threads(&pool);
    hold_ends(&pool.ends);
    status = work(&pool, err);
    if (status == ESP_OK) status = outcome(&pool, err);
  }
  free(pool.worker);
  free(pool.state);
  return status;
}
