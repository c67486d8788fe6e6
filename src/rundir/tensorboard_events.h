/* Event files for TensorBoard: protobuf messages (events.proto) in records of length, checksum, data,
 * checksum. */
#ifndef ESP_RUNDIR_TENSORBOARD_EVENTS_H
#define ESP_RUNDIR_TENSORBOARD_EVENTS_H

#include <espalier/status.h>

#include <stddef.h>
#include <stdint.h>

/* Records that wait to be written. Begins as {.step = ..., .time = ...}; once memory is out it takes no more,
 * and appending says so. */
typedef struct esp_events {
  int64_t step;
  double time; /* seconds since 1970 */
  char *data;
  size_t bytes;
  int lost; /* records that found no memory */
} esp_events;

void esp_events_scalar(esp_events *e, const char *tag, double value);
/* Of the values that are not zero; nothing where there are none. */
void esp_events_histogram(esp_events *e, const char *tag, const float *value, size_t count);

/* Writes the records into the file `path` from byte *end on, where a beginning that TensorBoard expects is
 * put first if *end is 0, cuts off what stood behind, moves *end, and empties *e. So a run that goes on from
 * an older checkpoint, with the *end of then, writes what came later again. A file that is shorter begins
 * anew. */
esp_status esp_events_append(esp_events *e, const char *path, int64_t *end, esp_error *err);
void esp_events_free(esp_events *e);

#endif
