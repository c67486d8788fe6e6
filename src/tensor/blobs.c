#include "tensor/blobs.h"

#include "base/bundle.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { FORM_BYTES = 128 };

/* "F32 16x3x3x3" */
static const char *form_of(esp_dtype type, int rank, const int64_t *shape, char form[FORM_BYTES]) {
  int length = snprintf(form, FORM_BYTES, "%s", esp__dtype_names[type]);
  for (int i = 0; i < rank; i++)
    length +=
        snprintf(form + length, FORM_BYTES - (size_t)length, "%c%" PRId64, i ? 'x' : ' ', shape[i]);
  return form;
}

/* The rank without sides of 1 at the end: a linear layer elsewhere is a convolution of 1x1 here. */
static int plain_rank(int rank, const int64_t *shape) {
  while (rank > 1 && shape[rank - 1] == 1) rank--;
  return rank;
}

static bool has_form(const esp_blob *blob, esp_dtype type, int rank, const int64_t *shape) {
  const int plain = plain_rank(rank, shape);
  return blob->dtype == type && plain_rank(blob->rank, blob->shape) == plain &&
         memcmp(blob->shape, shape, (size_t)plain * sizeof *shape) == 0;
}

esp_status esp__blob_read(const esp_bundle *b, const char *path, const char *prefix,
                          const esp_param *p, esp_dtype type, void *to, esp_error *err) {
  char name[128];
  snprintf(name, sizeof name, "%s%s", prefix, p->name);
  const esp_blob *blob = esp_bundle_find(b, name);
  if (!blob)
    return esp_fail(err, ESP_ERR_INPUT, "%s: no tensor '%s'; the file belongs to another network",
                    path, name);
  int64_t shape[ESP_RANK_MAX];
  for (int i = 0; i < p->rank; i++) shape[i] = p->shape[i];
  if (!has_form(blob, type, p->rank, shape)) {
    char found[FORM_BYTES], expected[FORM_BYTES];
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: tensor '%s' has another shape or type: %s, expected %s", path, name,
                    form_of(blob->dtype, blob->rank, blob->shape, found),
                    form_of(type, p->rank, shape, expected));
  }
  memcpy(to, blob->data, blob->bytes);
  return ESP_OK;
}
