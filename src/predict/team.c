#include "predict/team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Looks for work that a thread takes before it sleeps, or lets others run: some tenths of a
 * millisecond. A part of one step of one image takes microseconds. */
enum { LOOKS = 4096 };

typedef struct worker {
  esp__team *team;
  int number;
  pthread_t thread;
} worker;

struct esp__team {
  int threads;
  worker *worker; /* [threads]; the first is the caller */
  int started;
  /* What there is to do: the next part in the lower 20 bits, how many parts in the 20 above, and
   * behind them a number that makes tickets of different things differ. */
  atomic_uint_least64_t ticket;
  atomic_int done; /* parts */
  esp__team_fn *run;
  void *user;
  /* Threads that sleep until there is a ticket, or the end. */
  atomic_int asleep;
  atomic_bool ends;
  pthread_mutex_t lock;
  pthread_cond_t wake;
};

enum { PART_BITS = 20 };
static const uint64_t part_mask = ((uint64_t)1 << PART_BITS) - 1,
                      one_thing = (uint64_t)1 << 2 * PART_BITS;

static int next_of(uint64_t ticket) {
  return (int)(ticket & part_mask);
}
static int parts_of(uint64_t ticket) {
  return (int)(ticket >> PART_BITS & part_mask);
}
static bool has_work(const esp__team *t) {
  const uint64_t ticket = atomic_load(&t->ticket);
  return next_of(ticket) < parts_of(ticket);
}

static void pause_for(int look) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
  if (look >= LOOKS) sched_yield();
}

/* Does parts until none is left. What they belong to stays as it is until they are done. */
static void work(esp__team *t, int thread) {
  while (has_work(t)) {
    const uint64_t own = atomic_fetch_add(&t->ticket, 1);
    if (next_of(own) >= parts_of(own)) return;
    t->run(t->user, next_of(own), thread);
    atomic_fetch_add(&t->done, 1);
  }
}

static void sleep_until_work(esp__team *t) {
  pthread_mutex_lock(&t->lock);
  atomic_fetch_add(&t->asleep, 1);
  while (!has_work(t) && !atomic_load(&t->ends)) pthread_cond_wait(&t->wake, &t->lock);
  atomic_fetch_sub(&t->asleep, 1);
  pthread_mutex_unlock(&t->lock);
}

static void *serve(void *own) {
  const worker *w = own;
  esp__team *t = w->team;
  while (!atomic_load(&t->ends)) {
    for (int look = 0; look < LOOKS && !has_work(t); look++) pause_for(look);
    if (!has_work(t)) sleep_until_work(t);
    work(t, w->number);
  }
  return NULL;
}

static void wake_all(esp__team *t) {
  if (atomic_load(&t->asleep) == 0) return;
  pthread_mutex_lock(&t->lock);
  pthread_cond_broadcast(&t->wake);
  pthread_mutex_unlock(&t->lock);
}

void esp__team_run(esp__team *t, int parts, esp__team_fn *run, void *user) {
  const uint64_t number = atomic_load(&t->ticket) / one_thing + 1;
  t->run = run;
  t->user = user;
  atomic_store(&t->done, 0);
  atomic_store(&t->ticket, number * one_thing + ((uint64_t)parts << PART_BITS));
  wake_all(t);
  work(t, 0);
  for (int look = 0; atomic_load(&t->done) < parts; look += look < LOOKS) pause_for(look);
}

static esp_status start(esp__team *t, esp_error *err) {
  for (t->started = 1; t->started < t->threads; t->started++) {
    worker *w = &t->worker[t->started];
    *w = (worker){.team = t, .number = t->started};
    if (pthread_create(&w->thread, NULL, serve, w) != 0)
      return esp_fail(err, ESP_ERR_MEMORY, "the system has no thread number %d", t->started + 1);
  }
  return ESP_OK;
}

esp_status esp__team_new(esp__team **team, int threads, esp_error *err) {
  esp__team *t = calloc(1, sizeof *t);
  if (t) t->worker = calloc((size_t)threads, sizeof *t->worker);
  if (!t || !t->worker) {
    free(t);
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for %d threads", threads);
  }
  t->threads = threads;
  pthread_mutex_init(&t->lock, NULL);
  pthread_cond_init(&t->wake, NULL);
  const esp_status status = start(t, err);
  if (status == ESP_OK)
    *team = t;
  else
    esp__team_free(t);
  return status;
}

void esp__team_free(esp__team *t) {
  if (!t) return;
  pthread_mutex_lock(&t->lock);
  atomic_store(&t->ends, true);
  pthread_cond_broadcast(&t->wake);
  pthread_mutex_unlock(&t->lock);
  for (int i = 1; i < t->started; i++) pthread_join(t->worker[i].thread, NULL);
  pthread_cond_destroy(&t->wake);
  pthread_mutex_destroy(&t->lock);
  free(t->worker);
  free(t);
}
