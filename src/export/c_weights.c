#include "export/c_weights.h"

#include <stdlib.h>
#include <string.h>

static size_t count_nonzero(const esp_param *p) {
  size_t nonzero = 0;
  for (size_t i = 0; i < p->count; i++) nonzero += p->value[i] != 0.0f;
  return nonzero;
}

/* ---- steps ---- */

/* The steps of all outputs, in `to` unless it is NULL; returns how many there are. */
static size_t write_steps(const esp_param *p, unsigned char *to) {
  const size_t each = p->count / (size_t)p->shape[0];
  size_t steps = 0;
  for (size_t first = 0; first < p->count; first += each) {
    size_t absent = 0;
    for (size_t i = first; i < first + each; i++) {
      const bool there = p->value[i] != 0.0f;
      if (there || ++absent == ESP_C_STEP_MORE) {
        if (to) to[steps] = (unsigned char)absent;
        steps++;
        absent = 0;
      }
    }
    if (to) to[steps] = ESP_C_STEP_END;
    steps++;
  }
  return steps;
}

static void write_values(const esp_param *p, bool all, float *to) {
  for (size_t i = 0, k = 0; i < p->count; i++)
    if (all || p->value[i] != 0.0f) to[k++] = p->value[i];
}

/* ---- a table ---- */

static int ascending(const void *a_, const void *b_) {
  float a, b;
  memcpy(&a, a_, sizeof a);
  memcpy(&b, b_, sizeof b);
  return (a > b) - (a < b);
}

/* The number of the entry, which is there. */
static unsigned char find(const float *table, size_t entries, float value) {
  size_t low = 0, high = entries - 1;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (table[middle] < value)
      low = middle + 1;
    else
      high = middle;
  }
  return (unsigned char)low;
}

/* The different values among `count`, ascending, in their place; returns how many. */
static size_t sort_different(float *value, size_t count) {
  size_t different = 0;
  qsort(value, count, sizeof *value, ascending);
  for (size_t i = 0; i < count; i++)
    if (different == 0 || value[different - 1] != value[i]) value[different++] = value[i];
  return different;
}

/* Makes the values numbers of a table, where that takes fewer bytes. */
static bool share(esp__c_weights *w) {
  float *table = malloc(w->values * sizeof *table);
  w->code = malloc(w->values);
  if (!table || !w->code) {
    free(table);
    return false;
  }
  memcpy(table, w->value, w->values * sizeof *table);
  const size_t entries = sort_different(table, w->values);
  if (entries <= ESP_C_CODES_MAX &&
      entries * sizeof *table + w->values < w->values * sizeof *table) {
    for (size_t i = 0; i < w->values; i++) w->code[i] = find(table, entries, w->value[i]);
    w->codes = w->values;
    w->values = entries;
    memcpy(w->value, table, entries * sizeof *table);
  } else {
    free(w->code);
    w->code = NULL;
  }
  free(table);
  return true;
}

/* ---- all of it ---- */

static bool fill(esp__c_weights *w, const esp_param *p, bool integers) {
  const size_t nonzero = count_nonzero(p), steps = write_steps(p, NULL);
  const size_t each = integers ? 1 : sizeof(float);
  const bool all = steps + nonzero * each >= p->count * each;
  w->values = all ? p->count : nonzero;
  w->value = malloc((w->values + 1) * sizeof *w->value);
  if (!w->value) return false;
  write_values(p, all, w->value);
  if (!all) {
    if (!(w->step = malloc(steps))) return false;
    w->steps = write_steps(p, w->step);
  }
  return w->values == 0 || integers || share(w);
}

esp_status esp__c_weights_make(esp__c_weights *w, const esp_param *p, bool integers,
                               esp_error *err) {
  *w = (esp__c_weights){0};
  if (fill(w, p, integers)) return ESP_OK;
  esp__c_weights_free(w);
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the weights of %s", p->name);
}

void esp__c_weights_free(esp__c_weights *w) {
  free(w->step);
  free(w->value);
  free(w->code);
  *w = (esp__c_weights){0};
}
