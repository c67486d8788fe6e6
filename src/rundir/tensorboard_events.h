/* Event files for TensorBoard: protobuf messages (events.proto) in records of length, checksum,
 * data, checksum. */
#ifndef ESP_RUNDIR_TENSORBOARD_EVENTS_H
#define ESP_RUNDIR_TENSORBOARD_EVENTS_H

#include <espalier/status.h>

#include <stddef.h>
#include <stdint.h>

/* Records that wait to be written. Begins as {.step = ..., .time = ...}; once memory is out it
 * takes no more, and appending says so. */
typedef struct esp__events {
  int64_t step;
  double time; /* seconds since 1970 */
  char *data;
  size_t bytes;
  int lost; /* records that found no memory */
} esp__events;

void esp__events_scalar(esp__events *e, const char *tag, double value);
/* Of the values that are not zero; nothing where there are none. */
void esp__events_histogram(esp__events *e, const char *tag, const float *value, size_t count);

/* Writes the records into the file `path` from byte *end on, where a beginning that TensorBoard
 * expects is put first if *end is 0, cuts off what stood behind, moves *end, and empties *e. So a
 * run that goes on from an older checkpoint, with the *end of then, writes what came later again. A
 * file that is shorter begins anew. */
esp_status esp__events_append(esp__events *e, const char *path, int64_t *end, esp_error *err);
void esp__events_free(esp__events *e);

#endif
