/* How values lie in memory, and where. */
#include "base/memory.h"
#include "predict/network.h"

#include <stdlib.h>
#include <string.h>

static size_t up(size_t floats) {
  return (floats + ESP_BLOCK - 1) / ESP_BLOCK * ESP_BLOCK;
}

static esp__place blocked(esp_shape s, size_t halo) {
  const size_t row = ((size_t)s.width + 2 * halo) * ESP_BLOCK,
               plane = ((size_t)s.height + 2 * halo) * row,
               planes = ((size_t)s.channels + ESP_BLOCK - 1) / ESP_BLOCK;
  return (esp__place){.layout = ESP_BLOCKED,
                      .row = (int32_t)row,
                      .plane = (int32_t)plane,
                      .before = halo * row + halo * ESP_BLOCK,
                      .size = planes * plane + ESP_BLOCK};
}

/* Between planes lie as many zeros as a window reaches outside, and a vector more, since the last
 * stretch of a plane may end behind it. */
static esp__place planar(esp_shape s, size_t halo) {
  const size_t row = (size_t)s.width + halo, gap = up(halo * row + halo) + 2 * ESP_BLOCK,
               plane = up((size_t)s.height * row) + gap;
  return (esp__place){.layout = ESP_PLANAR,
                      .row = (int32_t)row,
                      .plane = (int32_t)plane,
                      .before = gap,
                      .size = gap + (size_t)s.channels * plane + gap};
}

esp__place esp__place_in_fields(esp_shape shape, esp__extent field, int halo) {
  const size_t fields = (size_t)(shape.height / field.rows * (shape.width / field.width)),
               row = ((size_t)field.width + 2 * (size_t)halo) * fields,
               plane = ((size_t)field.rows + 2 * (size_t)halo) * row;
  return (esp__place){.shape = shape,
                      .layout = ESP_FIELDS,
                      .field = field,
                      .halo = halo,
                      .row = (int32_t)row,
                      .plane = (int32_t)plane,
                      .before = (size_t)halo * (row + fields),
                      .size = (size_t)shape.channels * plane,
                      .dies = -1};
}

esp__place esp__place_of(esp_shape shape, esp__layout layout, int halo) {
  const bool pixel = shape.height == 1 && shape.width == 1 && halo == 0;
  esp__place p =
      layout == ESP_BLOCKED || pixel ? blocked(shape, (size_t)halo) : planar(shape, (size_t)halo);
  p.shape = shape;
  p.halo = halo;
  p.dies = -1;
  return p;
}

/* Whether a place may take the memory of another once that is read: the zeros stay where they are,
 * and nothing writes into them. */
static bool alike(const esp__place *a, const esp__place *b) {
  return a->layout == b->layout && a->row == b->row && a->plane == b->plane &&
         a->before == b->before && a->size <= b->size && a->shape.width == b->shape.width &&
         a->shape.height == b->shape.height && a->shape.channels == b->shape.channels;
}

/* An earlier place whose memory is free when `own` is written: none of those that have it is still
 * read then. */
static const esp__place *free_before(const esp_network *n, int own) {
  for (int i = 0; i < own; i++) {
    bool in_use = !alike(&n->place[own], &n->place[i]);
    for (int k = 0; k < own && !in_use; k++)
      in_use = n->place[k].first == n->place[i].first && n->place[k].dies >= n->place[own].born;
    if (!in_use) return &n->place[i];
  }
  return NULL;
}

static void live(esp__place *p, int step) {
  if (step > p->dies) p->dies = step;
}

void esp__place_read(esp_network *n, int place) {
  live(&n->place[place], n->steps);
}

void esp__places_settle(esp_network *n) {
  size_t end = 0;
  for (int i = n->steps - 1; i >= 0; i--) n->place[n->step[i].y].born = i;
  for (int i = 0; i < n->steps; i++) {
    const esp__step *s = &n->step[i];
    live(&n->place[s->y], i);
    live(&n->place[s->x], i);
    if (s->more >= 0) live(&n->place[s->more], i);
  }
  live(&n->place[n->in], n->steps);
  live(&n->place[n->out], n->steps);
  for (int i = 0; i < n->places; i++) {
    esp__place *p = &n->place[i];
    const esp__place *same = free_before(n, i);
    p->first = same ? same->first : end + p->before;
    if (!same) end += up(p->size);
  }
  n->packed = end;
  n->scratch = end + up(n->packed_floats);
  n->floats = n->scratch + up(n->scratch_floats) + 4 * ESP_BLOCK;
}

void esp__scratch_at_least(esp_network *n, size_t floats) {
  if (floats > n->scratch_floats) n->scratch_floats = floats;
}

static esp_status grow(void **item, int count, int *capacity, size_t bytes, esp_error *err) {
  if (count < *capacity) return ESP_OK;
  const int wanted = *capacity ? 2 * *capacity : 64;
  void *grown = realloc(*item, (size_t)wanted * bytes);
  if (!grown) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a network");
  *item = grown;
  *capacity = wanted;
  return ESP_OK;
}

esp_status esp__step_add(esp_network *n, const esp__step *step, esp_error *err) {
  void *item = n->step;
  ESP_TRY(grow(&item, n->steps, &n->steps_capacity, sizeof *n->step, err));
  n->step = item;
  n->step[n->steps] = *step;
  n->step[n->steps].unit = n->unit;
  n->step[n->steps].length = n->length;
  n->step[n->steps].partly = n->partly;
  n->step[n->steps].parts = 1;
  n->step[n->steps++].network = n;
  return ESP_OK;
}

esp_status esp__place_add(esp_network *n, const esp__place *place, int *number, esp_error *err) {
  void *item = n->place;
  if (place->size > INT32_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "a layer of %dx%dx%d numbers is too large",
                    place->shape.channels, place->shape.height, place->shape.width);
  ESP_TRY(grow(&item, n->places, &n->places_capacity, sizeof *n->place, err));
  n->place = item;
  n->place[n->places] = *place;
  *number = n->places++;
  return ESP_OK;
}

static esp_status add_block(esp__store *s, size_t bytes, void **block, esp_error *err) {
  void *item = s->block;
  ESP_TRY(grow(&item, s->count, &s->capacity, sizeof *s->block, err));
  s->block = item;
  if (!(*block = esp__memory_zeroed(bytes)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for %zu bytes of weights", bytes);
  s->block[s->count++] = *block;
  return ESP_OK;
}

/* Weights of large layers stand one behind the other, so that huge pages are full. */
static esp_status share_block(esp__store *s, size_t bytes, void **at, esp_error *err) {
  if (bytes > s->left) {
    void *block;
    const size_t whole = esp__memory_rounded(bytes > ESP_HUGE_PAGE ? bytes : ESP_HUGE_PAGE);
    ESP_TRY(add_block(s, whole, &block, err));
    s->next = block;
    s->left = whole;
  }
  *at = s->next;
  s->next += bytes;
  s->left -= bytes;
  return ESP_OK;
}

esp_status esp__store_alloc(esp__store *s, size_t bytes, void *to, esp_error *err) {
  enum { LARGE = 64 << 10 };
  void *at;
  bytes = (bytes + 63) / 64 * 64 + 64;
  ESP_TRY((bytes < LARGE ? add_block : share_block)(s, bytes, &at, err));
  s->bytes += bytes;
  memcpy(to, &at, sizeof at);
  return ESP_OK;
}

void esp__store_free(esp__store *s) {
  for (int i = 0; i < s->count; i++) free(s->block[i]);
  free(s->block);
  *s = (esp__store){0};
}
