#include "rundir/tensorboard_events.h"

#include "base/crc32c.h"

#include <errno.h>
#include <tensorboard_events.pb-c.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- records ---- */

static void put_little_endian(uint8_t *to, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> 8 * i);
}

/* Rotated and shifted, so that a checksum of data that hold one stays good. */
static uint32_t masked(const void *data, size_t bytes) {
  const uint32_t crc = esp__crc32c(data, bytes);
  return (crc >> 15 | crc << 17) + UINT32_C(0xa282ead8);
}

enum { BEFORE = 8 + 4, AFTER = 4 };

static size_t packed_size(const Esp__Event *event) {
  return BEFORE + esp__event__get_packed_size(event) + AFTER;
}

/* to[packed_size] */
static void pack(const Esp__Event *event, uint8_t *to) {
  const size_t bytes = packed_size(event) - BEFORE - AFTER;
  put_little_endian(to, bytes, 8);
  put_little_endian(to + 8, masked(to, 8), 4);
  esp__event__pack(event, to + BEFORE);
  put_little_endian(to + BEFORE + bytes, masked(to + BEFORE, bytes), 4);
}

static void add_value(esp__events *e, Esp__Value *value) {
  Esp__Summary summary = ESP__SUMMARY__INIT;
  Esp__Event event = ESP__EVENT__INIT;
  summary.n_value = 1;
  summary.value = &value;
  event.wall_time = e->time;
  event.step = e->step;
  event.what_case = ESP__EVENT__WHAT_SUMMARY;
  event.summary = &summary;
  const size_t bytes = packed_size(&event);
  char *more = realloc(e->data, e->bytes + bytes);
  if (!more) {
    e->lost++;
    return;
  }
  e->data = more;
  pack(&event, (uint8_t *)more + e->bytes);
  e->bytes += bytes;
}

void esp__events_scalar(esp__events *e, const char *tag, double value) {
  Esp__Value v = ESP__VALUE__INIT;
  v.tag = (char *)tag;
  v.value_case = ESP__VALUE__VALUE_SIMPLE_VALUE;
  v.simple_value = (float)value;
  add_value(e, &v);
}

/* ---- histograms ---- */

enum { BUCKETS = 64 };

/* Fills everything but the buckets; false when there is no value. */
static bool measure(Esp__Histogram *h, const float *value, size_t count) {
  h->min = INFINITY;
  h->max = -INFINITY;
  for (size_t i = 0; i < count; i++) {
    const double v = (double)value[i];
    if (v == 0.0 || !isfinite(v)) continue;
    h->min = fmin(h->min, v);
    h->max = fmax(h->max, v);
    h->num += 1.0;
    h->sum += v;
    h->sum_squares += v * v;
  }
  return h->num > 0.0;
}

/* Equally wide from min to max; a value on an edge belongs to the right. */
static void fill(const Esp__Histogram *h, const float *value, size_t count, double *bucket) {
  const double scale = h->max > h->min ? BUCKETS / (h->max - h->min) : 0.0;
  for (size_t i = 0; i < count; i++) {
    const double v = (double)value[i];
    if (v == 0.0 || !isfinite(v)) continue;
    const int at = (int)((v - h->min) * scale);
    bucket[at < BUCKETS ? at : BUCKETS - 1] += 1.0;
  }
}

void esp__events_histogram(esp__events *e, const char *tag, const float *value, size_t count) {
  double limit[BUCKETS], bucket[BUCKETS] = {0};
  Esp__Histogram h = ESP__HISTOGRAM__INIT;
  Esp__Value v = ESP__VALUE__INIT;
  if (!measure(&h, value, count)) return;
  fill(&h, value, count, bucket);
  for (int i = 0; i < BUCKETS; i++) limit[i] = h.min + (h.max - h.min) * (i + 1) / BUCKETS;
  h.n_bucket_limit = h.n_bucket = BUCKETS;
  h.bucket_limit = limit;
  h.bucket = bucket;
  v.tag = (char *)tag;
  v.value_case = ESP__VALUE__VALUE_HISTO;
  v.histo = &h;
  add_value(e, &v);
}

/* ---- the file ---- */

static esp_status write_all(int file, const void *data, size_t bytes, int64_t *end) {
  const char *from = data;
  while (bytes > 0) {
    const ssize_t written = pwrite(file, from, bytes, (off_t)*end);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ESP_ERR_IO;
    from += written;
    *end += written;
    bytes -= (size_t)written;
  }
  return ESP_OK;
}

static esp_status write_beginning(int file, double time, int64_t *end) {
  Esp__Event event = ESP__EVENT__INIT;
  uint8_t record[64];
  event.wall_time = time;
  event.what_case = ESP__EVENT__WHAT_FILE_VERSION;
  event.file_version = (char[]){"brain.Event:2"};
  pack(&event, record);
  return write_all(file, record, packed_size(&event), end);
}

static int cut(int file, int64_t bytes) {
  int result;
  do result = ftruncate(file, (off_t)bytes);
  while (result != 0 && errno == EINTR);
  return result;
}

static esp_status write_records(const esp__events *e, int file, int64_t *end) {
  struct stat info;
  if (fstat(file, &info) != 0) return ESP_ERR_IO;
  if (info.st_size < *end) *end = 0;
  if (cut(file, *end) != 0) return ESP_ERR_IO;
  if (*end == 0) ESP_TRY(write_beginning(file, e->time, end));
  return write_all(file, e->data, e->bytes, end);
}

esp_status esp__events_append(esp__events *e, const char *path, int64_t *end, esp_error *err) {
  if (e->lost > 0) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", path);
  const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  const esp_status status = file >= 0 ? write_records(e, file, end) : ESP_ERR_IO;
  const int reason = errno;
  if (file >= 0) close(file);
  free(e->data);
  e->data = NULL;
  e->bytes = 0;
  return status == ESP_OK
             ? ESP_OK
             : esp_fail(err, status, "%s: cannot be written: %s", path, strerror(reason));
}

void esp__events_free(esp__events *e) {
  free(e->data);
  *e = (esp__events){0};
}
