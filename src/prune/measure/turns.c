#include "prune/measure/turns.h"

#include "ranks/ranks.h"

#include <stdlib.h>

enum { RUN = 1 << 16 }; /* numbers that are sent at a time */

static esp_ranks *ranks_of(const esp__turns *t) {
  return t->probe->ranks;
}

esp_status esp__turns_open(esp__turns *t, const esp_probe *probe, esp_error *err) {
  *t = (esp__turns){.probe = probe, .ranks = esp_ranks_count(probe->ranks)};
  if (t->ranks == 1) return ESP_OK;
  t->all = malloc((size_t)t->ranks * RUN * sizeof *t->all);
  t->bytes = malloc((size_t)t->ranks * sizeof *t->bytes);
  if (t->all && t->bytes) return ESP_OK;
  esp__turns_close(t);
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for what other processes have measured");
}

void esp__turns_close(esp__turns *t) {
  free(t->all);
  free(t->bytes);
}

/* ---- turns ---- */

static const esp_batch *own_batch(const esp__turns *t) {
  const esp_probe *p = t->probe;
  return t->ranks > 1 ? p->next_own(p->images, t->turn) : p->next(p->images);
}

/* How many processes have a batch: the first ones. */
static int count(const esp__turns *t, bool own) {
  int64_t sum = own;
  if (t->ranks > 1) esp__ranks_add(ranks_of(t), &sum, 1);
  return (int)sum;
}

bool esp__turns_next(esp__turns *t) {
  t->done += t->here;
  if (t->turn > 0 && t->here < t->ranks) return false;
  const esp_batch *batch = own_batch(t);
  t->mine = batch != NULL;
  t->here = count(t, t->mine);
  t->turn++;
  t->outcome = (esp_outcome){0};
  if (batch) t->outcome = esp_graph_forward(t->probe->graph, batch, t->probe->pass);
  return t->here > 0;
}

/* ---- sums ---- */

static void gather(const esp__turns *t, const void *own, size_t bytes) {
  for (int i = 0; i < t->ranks; i++) t->bytes[i] = i < t->here ? (int)bytes : 0;
  esp__ranks_gather(ranks_of(t), own, t->bytes, t->all);
}

static void add_run(const esp__turns *t, const float *own, size_t first, size_t n,
                    esp__turns_adder *add, void *sum) {
  gather(t, own + first, n * sizeof *own);
  for (int i = 0; i < t->here; i++) add(sum, first, n, t->all + (size_t)i * n);
}

void esp__turns_add(const esp__turns *t, const float *own, size_t n, esp__turns_adder *add,
                    void *sum) {
  if (t->ranks == 1) {
    add(sum, 0, n, own);
    return;
  }
  for (size_t first = 0; first < n; first += RUN)
    add_run(t, own, first, n - first < RUN ? n - first : RUN, add, sum);
}

void esp__turns_add_double(const esp__turns *t, double own, double *sum) {
  const double *each = &own;
  if (t->ranks > 1) {
    gather(t, &own, sizeof own);
    each = (const double *)t->all;
  }
  for (int i = 0; i < t->here; i++) *sum += each[i];
}
