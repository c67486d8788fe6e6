#include "kernels/trial.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

int trial_draw(trial *t, int low, int high) {
  return low + (int)esp_random_below(t->key, t->draws++, (uint32_t)(high - low + 1));
}

bool trial_flip(trial *t) {
  return trial_draw(t, 0, 1) == 1;
}

float trial_value(trial *t) {
  static const float coarse[] = {0.0f, -0.0f, 1.0f, -1.0f, 0.5f};
  static const float special[] = {0.0f, 0.0f, -0.0f, 1e-40f, -3e-42f, 1e-30f, 1e15f, -1e15f};
  const uint64_t bits = esp_random(t->key, t->draws++);
  const uint64_t low = bits & 0xff;
  if (t->coarse) return coarse[low % (sizeof coarse / sizeof *coarse)];
  if (low < 40) return special[low % (sizeof special / sizeof *special)];
  return (float)((int32_t)(bits >> 32)) * 0x1p-29f;
}

void *trial_take(trial *t, size_t bytes) {
  ck_assert_int_lt(t->areas, TRIAL_AREAS);
  ck_assert_uint_le(bytes, TRIAL_BYTES);
  return guard_place(&t->area[t->areas++].memory, bytes, t->at_end);
}

float *trial_floats(trial *t, size_t count) {
  float *at = trial_take(t, count * sizeof *at);
  for (size_t i = 0; i < count; i++) at[i] = trial_value(t);
  return at;
}

void trial_seal(trial *t) {
  for (int i = 0; i < t->areas; i++) {
    trial_area *a = &t->area[i];
    memcpy(a->before, a->memory.at, a->memory.bytes);
    memset(a->writable, false, a->memory.bytes * sizeof *a->writable);
  }
}

void trial_writes(trial *t, const void *at, size_t bytes) {
  for (int i = 0; i < t->areas; i++) {
    trial_area *a = &t->area[i];
    const uint8_t *from = at, *begin = a->memory.at;
    if (from < begin || from >= begin + a->memory.bytes) continue;
    memset(a->writable + (from - begin), true, bytes * sizeof *a->writable);
  }
}

/* The end of the bytes from b on that may be written, or may not be. */
static size_t end_of(const trial_area *a, size_t b) {
  const bool *other = memchr(a->writable + b, !a->writable[b], a->memory.bytes - b);
  return other ? (size_t)(other - a->writable) : a->memory.bytes;
}

/* The first of the bytes from b on in which the two differ, or `bytes`. */
static size_t first_different(const uint8_t *x, const uint8_t *y, size_t b, size_t bytes) {
  if (memcmp(x + b, y + b, bytes - b) == 0) return bytes;
  while (x[b] == y[b]) b++;
  return b;
}

/* The first byte that changed though it must not, or `bytes`. */
static size_t first_foreign(const trial_area *a) {
  for (size_t b = 0, end; b < a->memory.bytes; b = end) {
    end = end_of(a, b);
    if (a->writable[b]) continue;
    const size_t changed = first_different(a->memory.at, a->before, b, end);
    if (changed < end) return changed;
  }
  return a->memory.bytes;
}

static void check_area(const trial *t, int i, const char *name, bool reference) {
  const trial_area *a = &t->area[i];
  const size_t foreign = first_foreign(a),
               different = reference
                               ? a->memory.bytes
                               : first_different(a->expected, a->memory.at, 0, a->memory.bytes);
  if (guard_intact(&a->memory) && foreign == a->memory.bytes && different == a->memory.bytes)
    return;
  ck_abort_msg(
      "%s (%s, key %llu), buffer %d of %zu bytes: %s; byte %zu is not the kernel's but changed; "
      "byte %zu differs from the scalar kernel's",
      name, t->kernels->isa, (unsigned long long)t->key, i, a->memory.bytes,
      guard_intact(&a->memory) ? "nothing beside it changed" : "wrote beside it", foreign,
      different);
}

static void run_once(trial *t, const char *name, void (*body)(trial *), esp_key key) {
  const esp__kernels *kernels;
  for (size_t isa = 0; (kernels = esp__kernels_at(isa)); isa++) {
    t->kernels = kernels;
    t->key = key;
    t->draws = 0;
    t->areas = 0;
    t->coarse = trial_draw(t, 0, 3) == 0;
    body(t);
    for (int i = 0; i < t->areas; i++) {
      check_area(t, i, name, isa == 0);
      if (isa == 0) memcpy(t->area[i].expected, t->area[i].memory.at, t->area[i].memory.bytes);
    }
  }
}

void trial_run(const char *name, void (*body)(trial *), uint64_t keys) {
  trial *t = calloc(1, sizeof *t);
  ck_assert_ptr_nonnull(t);
  for (int i = 0; i < TRIAL_AREAS; i++) guard_open(&t->area[i].memory, TRIAL_BYTES);
  for (uint64_t key = 0; key < keys; key++)
    for (int end = 0; end <= 1; end++) {
      t->at_end = end == 1;
      run_once(t, name, body, key);
    }
  for (int i = 0; i < TRIAL_AREAS; i++) guard_close(&t->area[i].memory);
  free(t);
}
