/* Passes over the batches of a probe, which processes take in turns. Internal to src/prune.
 *
 * In each turn every process has one whole batch, that of rank 0 first; the last turn may be for
 * some alone. What they measure is added in the order of the batches, so that the sum has the bits
 * of one process. Where the probe is not shared a turn is a batch. */
#ifndef ESP_PRUNE_MEASURE_TURNS_H
#define ESP_PRUNE_MEASURE_TURNS_H

#include <espalier/prune_method.h>

#include <stddef.h>

typedef struct esp__turns {
  const esp_probe *probe;
  int ranks;
  int turn;            /* the next */
  int here;            /* batches of this turn */
  int done;            /* batches of those before */
  bool mine;           /* whether this process has one of this turn */
  esp_outcome outcome; /* of its forward pass; else zeros */
  float *all;          /* [ranks][a run] what they have measured; NULL: the probe is not shared */
  int *bytes;          /* [ranks] */
} esp__turns;

/* Before the first turn. To be closed. */
esp_status esp__turns_open(esp__turns *t, const esp_probe *probe, esp_error *err);
void esp__turns_close(esp__turns *t);

/* Together: the next turn; runs this process's batch forward. False behind the last; then `done`
 * counts all batches. */
bool esp__turns_next(esp__turns *t);

/* Adds `from[n]`, numbers from number `first` on, to a sum. */
typedef void esp__turns_adder(void *sum, size_t first, size_t n, const float *from);
/* Together: adds the numbers own[n] of each batch of this turn; those of a process without a batch
 * do not count. */
void esp__turns_add(const esp__turns *t, const float *own, size_t n, esp__turns_adder *add,
                    void *sum);
/* Together: the same of one double. */
void esp__turns_add_double(const esp__turns *t, double own, double *sum);

#endif
