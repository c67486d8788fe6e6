/* What processes say to each other. Only mpi.c knows how; without MPI there is one process, and
 * nothing of this is called.
 *
 * Messages between two processes with one tag arrive in the order in which they were sent. What is
 * called together must be called by all processes in the same order. A process that cannot reach
 * the others ends (esp_ranks_join), so nothing here fails. */
#ifndef ESP_RANKS_RANKS_H
#define ESP_RANKS_RANKS_H

#include <espalier/ranks.h>

#include <stdbool.h>
#include <stddef.h>

/* Together: all[] becomes what every process has at `own`, by rank, bytes[rank] of each. */
void esp__ranks_gather(esp_ranks *r, const void *own, const int *bytes, void *all);
/* Together: sum[i] becomes the sum over all processes. Integers, so their order does not matter. */
void esp__ranks_add(esp_ranks *r, int64_t *sum, int count);
/* Together: *value becomes the least of all. */
void esp__ranks_least(esp_ranks *r, int64_t *value);
/* Together: goes on when all have come here. */
void esp__ranks_meet(esp_ranks *r);

/* Ends all processes, for a reason that only this one knows. */
void esp__ranks_give_up(esp_ranks *r, const char *why);

/* Messages that are under way. */
typedef struct esp__mail esp__mail;
/* Memory of a mail of up to `most` messages at a time; zeroed it is empty. */
size_t esp__mail_bytes(int most);
/* The bytes must stay where they are until the mail is done. */
void esp__mail_send(esp_ranks *r, esp__mail *m, int to, int tag, const void *data, int bytes);
void esp__mail_receive(esp_ranks *r, esp__mail *m, int from, int tag, void *data, int bytes);
/* Whether all of it has arrived; then it is empty again. */
bool esp__mail_done(esp_ranks *r, esp__mail *m);

/* After so many seconds of waiting for others a process gives up; 0 is never. At first 600. */
void esp__ranks_set_patience(esp_ranks *r, double seconds);
/* A process that waits: calls this between two looks at its mail. Begins as {0}. */
typedef struct esp__waiting {
  int looks;
  double since; /* clock, after the first looks */
} esp__waiting;
void esp__ranks_wait(esp_ranks *r, esp__waiting *w);

#endif
