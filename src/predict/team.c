#include "predict/team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* Looks that a waiting thread takes before it lets others run. What it waits for is a part of one
 * step of one image, which takes microseconds. */
enum { LOOKS = 4096 };

typedef struct worker {
  esp__team *team;
  int part;
  pthread_t thread;
} worker;

struct esp__team {
  int threads;
  worker *worker; /* [threads]; the first is the caller */
  int started;
  pthread_mutex_t lock;
  pthread_cond_t begin; /* `job` has changed */
  atomic_uint job;      /* how many there were; the last one is the end where it `ends` */
  bool ends;
  esp__team_fn *run;
  void *user;
  atomic_uint arrived, meetings;
};

static void pause_for(int look) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
  if (look > LOOKS) sched_yield();
}

void esp__team_meet(esp__team *p) {
  const unsigned meeting = atomic_load(&p->meetings);
  if (atomic_fetch_add(&p->arrived, 1) + 1 == (unsigned)p->threads) {
    atomic_store(&p->arrived, 0);
    atomic_fetch_add(&p->meetings, 1);
    return;
  }
  for (int look = 0; atomic_load(&p->meetings) == meeting; look += look <= LOOKS) pause_for(look);
}

/* Waits for a job after number `done`, asleep after some looks; false at the end. */
static bool next_job(esp__team *p, unsigned *done) {
  for (int look = 0; look < LOOKS && atomic_load(&p->job) == *done; look++) pause_for(look);
  pthread_mutex_lock(&p->lock);
  while (atomic_load(&p->job) == *done) pthread_cond_wait(&p->begin, &p->lock);
  *done = atomic_load(&p->job);
  const bool more = !p->ends;
  pthread_mutex_unlock(&p->lock);
  return more;
}

/* Makes a job known, whose members are written already. */
static void announce(esp__team *p) {
  pthread_mutex_lock(&p->lock);
  atomic_fetch_add(&p->job, 1);
  pthread_cond_broadcast(&p->begin);
  pthread_mutex_unlock(&p->lock);
}

static void *work(void *own) {
  const worker *w = own;
  unsigned done = 0;
  while (next_job(w->team, &done)) {
    w->team->run(w->team->user, w->part);
    esp__team_meet(w->team);
  }
  return NULL;
}

void esp__team_run(esp__team *p, esp__team_fn *run, void *user) {
  p->run = run;
  p->user = user;
  announce(p);
  run(user, 0);
  esp__team_meet(p);
}

static esp_status start(esp__team *p, esp_error *err) {
  for (p->started = 1; p->started < p->threads; p->started++) {
    worker *w = &p->worker[p->started];
    *w = (worker){.team = p, .part = p->started};
    if (pthread_create(&w->thread, NULL, work, w) != 0)
      return esp_fail(err, ESP_ERR_MEMORY, "the system has no thread number %d", p->started + 1);
  }
  return ESP_OK;
}

esp_status esp__team_new(esp__team **team, int threads, esp_error *err) {
  esp__team *p = calloc(1, sizeof *p);
  if (p) p->worker = calloc((size_t)threads, sizeof *p->worker);
  if (!p || !p->worker) {
    free(p);
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for %d threads", threads);
  }
  p->threads = threads;
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->begin, NULL);
  const esp_status status = start(p, err);
  if (status == ESP_OK)
    *team = p;
  else
    esp__team_free(p);
  return status;
}

void esp__team_free(esp__team *p) {
  if (!p) return;
  p->ends = true;
  announce(p);
  for (int i = 1; i < p->started; i++) pthread_join(p->worker[i].thread, NULL);
  pthread_cond_destroy(&p->begin);
  pthread_mutex_destroy(&p->lock);
  free(p->worker);
  free(p);
}
