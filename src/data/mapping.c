#include "data/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct esp_mapping {
  int file;
  size_t bytes, resident; /* mapped; of these resident, about, at most */
  size_t touched;         /* since all went out of memory; atomic */
};

enum { NEIGHBOURS = 2 << 20 }; /* bytes that the system maps around one that is read, at most */

static const char *folder(void) {
  const char *named = getenv("TMPDIR");
  return named && *named ? named : "/var/tmp";
}

static esp_status open_file(int *file, esp_error *err) {
  char path[4096];
  const int length = snprintf(path, sizeof path, "%s/espalier-XXXXXX", folder());
  if (length < 0 || length >= (int)sizeof path)
    return esp_fail(err, ESP_ERR_INPUT, "TMPDIR = %.60s...: too long for a path", folder());
  *file = mkostemp(path, O_CLOEXEC);
  if (*file < 0)
    return esp_fail(err, ESP_ERR_IO,
                    "%s: cannot make a temporary file for images: %s; TMPDIR names another folder",
                    folder(), strerror(errno));
  unlink(path);
  return ESP_OK;
}

esp_status esp__images_map(esp_images *images, size_t resident, esp_error *err) {
  esp_mapping *m = calloc(1, sizeof *m);
  if (!m) return esp_fail(err, ESP_ERR_MEMORY, "no memory for a data set");
  m->resident = resident;
  const esp_status status = open_file(&m->file, err);
  if (status == ESP_OK)
    images->mapping = m;
  else
    free(m);
  return status;
}

/* Room on the disk first: a mapped file that has none would end the process when it is written. */
static esp_status grow_file(esp_mapping *m, size_t bytes, const char *name, esp_error *err) {
  const int failed = posix_fallocate(m->file, 0, (off_t)bytes);
  if (!failed) return ESP_OK;
  return esp_fail(err, ESP_ERR_IO,
                  "%s: no room for %zu MiB of images in %s: %s; TMPDIR names another folder", name,
                  bytes >> 20, folder(), strerror(failed));
}

static esp_status grow(esp_images *images, size_t bytes, const char *name, esp_error *err) {
  esp_mapping *m = images->mapping;
  if (bytes <= m->bytes) return ESP_OK;
  ESP_TRY(grow_file(m, bytes, name, err));
  void *at = m->bytes ? mremap(images->values, m->bytes, bytes, MREMAP_MAYMOVE)
                      : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m->file, 0);
  if (at == MAP_FAILED)
    return esp_fail(err, ESP_ERR_MEMORY, "%s: cannot map a file of %zu MiB: %s", name, bytes >> 20,
                    strerror(errno));
  images->values = at;
  m->bytes = bytes;
  return ESP_OK;
}

esp_status esp__values_resize(esp_images *images, size_t bytes, const char *name, esp_error *err) {
  if (images->mapping) return grow(images, bytes, name, err);
  void *values = realloc(images->values, bytes + 1); /* + 1: no size is 0 */
  if (!values) return esp_fail(err, ESP_ERR_MEMORY, "%s: no memory for images", name);
  images->values = values;
  return ESP_OK;
}

void esp__values_touched(const esp_images *images, size_t bytes) {
  esp_mapping *m = images->mapping;
  if (!m) return;
  const size_t more = bytes + NEIGHBOURS;
  if (__atomic_add_fetch(&m->touched, more, __ATOMIC_RELAXED) < m->resident) return;
  __atomic_store_n(&m->touched, 0, __ATOMIC_RELAXED);
  madvise(images->values, m->bytes, MADV_DONTNEED); /* the file keeps what was written */
}

void esp__values_free(esp_images *images) {
  esp_mapping *m = images->mapping;
  if (!m) {
    free(images->values);
    return;
  }
  if (m->bytes) munmap(images->values, m->bytes);
  close(m->file);
  free(m);
}
