#include "tensor/param.h"

#include "base/memory.h"

#include <espalier/file.h>

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

/* In all parameters of a model: with momentum, masks and a moving average they fit a checkpoint, a
 * file of up to 4 GiB. Keeps every size below far from overflow. */
static const size_t weights_max = (size_t)1 << 28;

static float *zeros(size_t count) {
  size_t bytes = (count * sizeof(float) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  float *data = aligned_alloc(ALIGNMENT, bytes);
  if (data) memset(data, 0, bytes);
  return data;
}

static void param_free(esp_param *p) {
  if (!p) return;
  free(p->value);
  free(p->grad);
  free(p->momentum);
  free(p->second_moment);
  free(p->shadow);
  free(p->average);
  free(p->shared);
  free(p->fine);
  free(p);
}

static size_t total(const esp_params *ps) {
  size_t sum = 0;
  for (int i = 0; i < ps->count; i++) sum += ps->item[i]->count;
  return sum;
}

/* Product of the shape, or 0 when the shape is wrong or larger than `limit`. */
static size_t product(int rank, const int *shape, size_t limit) {
  size_t count = 1;
  if (rank < 1 || rank > ESP_RANK_MAX) return 0;
  for (int d = 0; d < rank; d++) {
    if (shape[d] < 1 || (size_t)shape[d] > limit / count) return 0;
    count *= (size_t)shape[d];
  }
  return count;
}

static esp_param *param_new(const char *name, esp_role role, int rank, const int *shape,
                            size_t count) {
  esp_param *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  memcpy(p->name, name, strlen(name) + 1);
  p->role = role;
  p->rank = rank;
  memcpy(p->shape, shape, (size_t)rank * sizeof *shape);
  p->count = count;
  return p;
}

static esp_status reserve(esp_params *ps, esp_error *err) {
  if (ps->count < ps->capacity) return ESP_OK;
  int capacity = ps->capacity ? 2 * ps->capacity : 64;
  esp_param **item = realloc(ps->item, (size_t)capacity * sizeof *item);
  if (!item) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for %d parameters", capacity);
  ps->item = item;
  ps->capacity = capacity;
  return ESP_OK;
}

static esp_status no_memory_for(const char *name, size_t count, esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for parameter '%s' (%zu weights)", name,
                  count);
}

esp_status esp__params_describe(esp_params *ps, const char *name, esp_role role, int rank,
                                const int *shape, esp_param **param, esp_error *err) {
  if (!*name || strlen(name) >= ESP_NAME_MAX)
    return esp_fail(err, ESP_ERR_INPUT,
                    "parameter name '%.40s...' has %zu characters, expected 1 to %d", name,
                    strlen(name), ESP_NAME_MAX - 1);
  if (esp_params_find(ps, name))
    return esp_fail(err, ESP_ERR_INPUT, "there is a parameter '%s' already; names must be unique",
                    name);
  size_t count = product(rank, shape, weights_max - total(ps));
  if (!count)
    return esp_fail(err, ESP_ERR_INPUT,
                    "parameter '%s' is too large: a model has at most %zu weights", name,
                    weights_max);
  ESP_TRY(reserve(ps, err));
  esp_param *p = param_new(name, role, rank, shape, count);
  if (!p) return no_memory_for(name, count, err);
  ps->item[ps->count++] = p;
  *param = p;
  return ESP_OK;
}

/* Bytes that a parameter still has to get. */
static size_t missing(const esp_param *p) {
  const size_t arrays = p->value ? 0 : esp_param_trains(p) ? 3 : 1;
  return arrays * (p->count * sizeof(float) + ALIGNMENT);
}

static esp_status allocate(esp_param *p, esp_error *err) {
  p->value = zeros(p->count);
  if (esp_param_trains(p)) {
    p->grad = zeros(p->count);
    p->momentum = zeros(p->count);
  }
  if (p->value && (!esp_param_trains(p) || (p->grad && p->momentum))) return ESP_OK;
  return no_memory_for(p->name, p->count, err);
}

esp_status esp__params_allocate(esp_params *ps, esp_error *err) {
  const size_t available = esp__memory_available();
  size_t wanted = 0;
  for (int i = 0; i < ps->count; i++) wanted += missing(ps->item[i]);
  if (wanted > available)
    return esp_fail(err, ESP_ERR_MEMORY,
                    "%zu weights, with gradients and momentum, take %zu MiB of memory; "
                    "%zu MiB are available",
                    total(ps), wanted >> 20, available >> 20);
  for (int i = 0; i < ps->count; i++)
    if (!ps->item[i]->value) ESP_TRY(allocate(ps->item[i], err));
  return ESP_OK;
}

esp_status esp_params_add(esp_params *ps, const char *name, esp_role role, int rank,
                          const int *shape, esp_param **param, esp_error *err) {
  ESP_TRY(esp__params_describe(ps, name, role, rank, shape, param, err));
  const esp_status status = allocate(*param, err);
  if (status != ESP_OK) param_free(ps->item[--ps->count]);
  return status;
}

esp_status esp_param_learn(esp_param *p, esp_error *err) {
  if (!p->grad) p->grad = zeros(p->count);
  if (!p->momentum) p->momentum = zeros(p->count);
  return p->grad && p->momentum ? ESP_OK : no_memory_for(p->name, p->count, err);
}

esp_param *esp_params_find(const esp_params *ps, const char *name) {
  for (int i = 0; i < ps->count; i++)
    if (strcmp(ps->item[i]->name, name) == 0) return ps->item[i];
  return NULL;
}

void esp__params_copy_same(const esp_params *from, esp_params *to) {
  for (int i = 0; i < to->count; i++) {
    esp_param *p = to->item[i];
    const esp_param *same = esp_params_find(from, p->name);
    if (same && same->count == p->count) memcpy(p->value, same->value, p->count * sizeof *p->value);
  }
}

esp_status esp_params_average(esp_params *ps, esp_error *err) {
  for (int i = 0; i < ps->count; i++) {
    esp_param *p = ps->item[i];
    if (!esp_param_moves(p)) continue;
    if (!p->average) p->average = zeros(p->count);
    if (!p->average)
      return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the moving average of '%s'", p->name);
    memcpy(p->average, p->value, p->count * sizeof(float));
  }
  return ESP_OK;
}

esp_status esp_params_second_moments(esp_params *ps, esp_error *err) {
  for (int i = 0; i < ps->count; i++) {
    esp_param *p = ps->item[i];
    if (!esp_param_moves(p) || p->second_moment) continue;
    if (!(p->second_moment = zeros(p->count)))
      return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the second moment of '%s'", p->name);
  }
  return ESP_OK;
}

/* The numbers move, not the pointers: a graph may hold those. */
void esp_params_swap_average(esp_params *ps) {
  for (int i = 0; i < ps->count; i++) {
    esp_param *p = ps->item[i];
    if (!p->average) continue;
    for (size_t k = 0; k < p->count; k++) {
      float value = p->value[k];
      p->value[k] = p->average[k];
      p->average[k] = value;
    }
  }
}

void esp_param_forget_all(esp_param *p) {
  if (p->momentum) memset(p->momentum, 0, p->count * sizeof *p->momentum);
  if (p->second_moment) memset(p->second_moment, 0, p->count * sizeof *p->second_moment);
}

void esp_params_clear_momentum(esp_params *ps) {
  for (int i = 0; i < ps->count; i++) esp_param_forget_all(ps->item[i]);
  ps->updates = 0;
}

size_t esp_param_nonzero(const esp_param *p) {
  const float *value = p->average ? p->average : p->value;
  size_t count = 0;
  for (size_t i = 0; i < p->count; i++) count += value[i] != 0.0f;
  return count;
}

const esp_param *esp_params_infinite(const esp_params *ps) {
  for (int i = 0; i < ps->count; i++) {
    const esp_param *p = ps->item[i];
    bool finite = true;
    for (size_t k = 0; k < p->count; k++) finite &= isfinite(p->value[k]);
    if (!finite) return p;
  }
  return NULL;
}

static bool has_negative(const esp_param *p) {
  for (size_t k = 0; k < p->count; k++)
    if (p->value[k] < 0.0f) return true;
  return false;
}

static const esp_param *negative_variance(const esp_params *ps) {
  for (int i = 0; i < ps->count; i++) {
    const esp_param *p = ps->item[i];
    const char *what = strrchr(p->name, '.');
    if (p->role == ESP_ROLE_RUNNING && what && strcmp(what, ".var") == 0 && has_negative(p))
      return p;
  }
  return NULL;
}

esp_status esp__params_check(const esp_params *ps, const char *path, esp_error *err) {
  const esp_param *wrong = esp_params_infinite(ps);
  if (wrong)
    return esp_fail(err, ESP_ERR_INPUT, "%s: tensor '%s' holds a number that is not finite", path,
                    wrong->name);
  if ((wrong = negative_variance(ps)))
    return esp_fail(err, ESP_ERR_INPUT, "%s: tensor '%s' holds a variance below 0", path,
                    wrong->name);
  return ESP_OK;
}

static void hash_values(esp_sha256 *hash, const float *value, size_t count) {
  enum { CHUNK = 256 };
  uint8_t bytes[CHUNK * 4];
  for (size_t start = 0; start < count; start += CHUNK) {
    size_t n = count - start < CHUNK ? count - start : CHUNK;
    for (size_t k = 0; k < n; k++) {
      uint32_t bits;
      memcpy(&bits, &value[start + k], sizeof bits);
      for (unsigned shift = 0; shift < 4; shift++)
        bytes[4 * k + shift] = (uint8_t)(bits >> (8 * shift));
    }
    esp_sha256_add(hash, bytes, 4 * n);
  }
}

void esp_params_sha256(const esp_params *ps, char hex[65]) {
  esp_sha256 hash;
  esp_sha256_start(&hash);
  for (int i = 0; i < ps->count; i++) hash_values(&hash, ps->item[i]->value, ps->item[i]->count);
  esp_sha256_end(&hash, hex);
}

void esp_params_free(esp_params *ps) {
  for (int i = 0; i < ps->count; i++) param_free(ps->item[i]);
  free(ps->item);
  *ps = (esp_params){0};
}
