/* Processes that MPI has started. The only file that knows MPI.
 *
 * Waiting is done here and not in MPI: some looks at once, then giving way to others, then short
 * naps, since two processes may share a core. */
#include "base/clock.h"
#include "ranks/ranks.h"

#include <limits.h>
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct esp_ranks {
  int rank, count;
  uint64_t sent;
  double patience; /* seconds; 0: any */
  esp_ranks_lost *lost;
  int *offset; /* [count] scratch of esp__ranks_gather */
};

struct esp__mail {
  int under_way;
  MPI_Request request[];
};

static void check(esp_ranks *r, int status) {
  char what[MPI_MAX_ERROR_STRING + 1] = "", why[MPI_MAX_ERROR_STRING + 64];
  int length;
  if (status == MPI_SUCCESS) return;
  MPI_Error_string(status, what, &length);
  for (char *c = what; *c; c++)
    if (*c == '\n') *c = ' ';
  snprintf(why, sizeof why, "rank %d of %d: the other processes are out of reach (%s)", r->rank,
           r->count, what);
  r->lost(r, why);
}

void esp__ranks_give_up(esp_ranks *r, const char *why) {
  r->lost(r, why);
}

/* ---- coming and going ---- */

static const double at_first = 600.0; /* seconds of patience, until the configuration is read */

#ifdef OPEN_MPI
#define MADE_BY "Open MPI"
#else
#define MADE_BY "MPICH"
#endif

static esp_status check_count(int launched, int count, esp_error *err) {
  if (launched == count) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "started as %d processes, of which MPI sees %d; expected the mpiexec of " MADE_BY
                  ", with which this program was built",
                  launched, count);
}

esp_status esp_ranks_join(esp_ranks **ranks, esp_ranks_lost *lost, esp_error *err) {
  int rank, provided;
  const int launched = esp_ranks_launched(&rank);
  *ranks = NULL;
  if (launched == 1) return ESP_OK;
  esp_ranks *r = calloc(1, sizeof *r);
  if (!r) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the processes");
  r->lost = lost;
  r->patience = at_first;
  MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, &r->rank);
  MPI_Comm_size(MPI_COMM_WORLD, &r->count);
  r->offset = calloc((size_t)r->count, sizeof *r->offset);
  esp_status status = check_count(launched, r->count, err);
  if (status == ESP_OK && !r->offset)
    status = esp_fail(err, ESP_ERR_MEMORY, "out of memory for the processes");
  if (status == ESP_OK)
    *ranks = r;
  else
    esp_ranks_leave(r);
  return status;
}

/* Who waits in MPI_Finalize waits for ever, so all meet before. MPICH's says goodbye to the others,
 * and does not answer them any more when they have answered: one who comes while its goodbye is
 * under way is not heard. So all are silent for longer than a message takes, and then come. */
void esp_ranks_leave(esp_ranks *r) {
  const struct timespec silence = {0, 100000000};
  if (!r) return;
  esp__ranks_meet(r);
  nanosleep(&silence, NULL);
  MPI_Finalize();
  free(r->offset);
  free(r);
}

void esp_ranks_abort(esp_ranks *r, int status) {
  if (r) MPI_Abort(MPI_COMM_WORLD, status);
}

int esp_ranks_rank(const esp_ranks *r) {
  return r ? r->rank : 0;
}
int esp_ranks_count(const esp_ranks *r) {
  return r ? r->count : 1;
}
uint64_t esp_ranks_sent(const esp_ranks *r) {
  return r ? r->sent : 0;
}

/* ---- waiting ---- */

enum { LOOKS = 2000 };
static const double yielding = 1e-3; /* seconds in which a process gives way before it naps */

void esp__ranks_set_patience(esp_ranks *r, double seconds) {
  if (r) r->patience = seconds;
}

static void check_patience(esp_ranks *r, double waited) {
  char why[128];
  if (r->patience <= 0.0 || waited <= r->patience) return;
  snprintf(why, sizeof why, "rank %d of %d: nothing heard of the others for %.0f s", r->rank,
           r->count, r->patience);
  r->lost(r, why);
}

/* Giving way may take as long as others compute, so each time is counted by the clock. */
void esp__ranks_wait(esp_ranks *r, esp__waiting *w) {
  const struct timespec moment = {0, 50000};
  if (w->looks < LOOKS) {
    w->looks++;
    return;
  }
  const double now = esp__seconds();
  if (w->since == 0.0) w->since = now;
  check_patience(r, now - w->since);
  if (now - w->since < yielding)
    sched_yield();
  else
    nanosleep(&moment, NULL);
}

static void wait_for(esp_ranks *r, MPI_Request *request) {
  esp__waiting w = {0};
  for (int done = 0;;) {
    check(r, MPI_Test(request, &done, MPI_STATUS_IGNORE));
    if (done) return;
    esp__ranks_wait(r, &w);
  }
}

/* ---- together ---- */

void esp__ranks_gather(esp_ranks *r, const void *own, const int *bytes, void *all) {
  MPI_Request request;
  for (int i = 1; i < r->count; i++) r->offset[i] = r->offset[i - 1] + bytes[i - 1];
  check(r, MPI_Iallgatherv(own, bytes[r->rank], MPI_BYTE, all, bytes, r->offset, MPI_BYTE,
                           MPI_COMM_WORLD, &request));
  wait_for(r, &request);
  r->sent += (uint64_t)bytes[r->rank] * (uint64_t)(r->count - 1);
}

/* Of integers, so that it does not matter in which order. */
static void reduce(esp_ranks *r, int64_t *number, int count, MPI_Op how) {
  MPI_Request request;
  check(r, MPI_Iallreduce(MPI_IN_PLACE, number, count, MPI_INT64_T, how, MPI_COMM_WORLD, &request));
  wait_for(r, &request);
  r->sent += (uint64_t)count * sizeof *number * (uint64_t)(r->count - 1);
}

void esp__ranks_add(esp_ranks *r, int64_t *sum, int count) {
  reduce(r, sum, count, MPI_SUM);
}

void esp__ranks_least(esp_ranks *r, int64_t *value) {
  reduce(r, value, 1, MPI_MIN);
}

void esp__ranks_meet(esp_ranks *r) {
  MPI_Request request;
  check(r, MPI_Ibarrier(MPI_COMM_WORLD, &request));
  wait_for(r, &request);
}

/* ---- mail ---- */

size_t esp__mail_bytes(int most) {
  return sizeof(esp__mail) + (size_t)most * sizeof(MPI_Request);
}

void esp__mail_send(esp_ranks *r, esp__mail *m, int to, int tag, const void *data, int bytes) {
  check(r, MPI_Isend(data, bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD, &m->request[m->under_way++]));
  r->sent += (uint64_t)bytes;
}

void esp__mail_receive(esp_ranks *r, esp__mail *m, int from, int tag, void *data, int bytes) {
  check(r,
        MPI_Irecv(data, bytes, MPI_BYTE, from, tag, MPI_COMM_WORLD, &m->request[m->under_way++]));
}

bool esp__mail_done(esp_ranks *r, esp__mail *m) {
  for (int done; m->under_way > 0; m->under_way--) {
    check(r, MPI_Test(&m->request[m->under_way - 1], &done, MPI_STATUS_IGNORE));
    if (!done) return false;
  }
  return true;
}
