/* Dense sums of bytes: some spots by some blocks of outputs are in registers; per (quad, tap) a
 * load for each vector of outputs, a broadcast quad for each spot. */
#include "predict/kernels/integer_finish.h"

enum { PARTS = ESP_BLOCK / ESP_VECTOR }; /* vectors of a block of outputs */

/* Registers for sums. */
#if ESP_VECTOR == 1
enum { SUMS = ESP_BLOCK, SPOTS = 1 };
#elif ESP_VECTOR == 8
enum { SUMS = 8, SPOTS = 4 };
#elif ESP_VECTOR == 4
enum { SUMS = 16, SPOTS = 4 };
#else
enum { SUMS = 16, SPOTS = 8 };
#endif

/* As many sums as hide the latency of a product. */
int ESP_ISA_NAME(esp__integer_spots)(int blocks) {
  return blocks == 1 && 2 * SPOTS * PARTS <= SUMS ? 2 * SPOTS : SPOTS;
}

/* Where the quad of output `o` of the pixel at y lies. */
ESP_INLINE size_t quad_at(const esp__integer_dense *k, int32_t y, size_t o) {
  return (size_t)y + o / ESP_QUAD * k->y_quad;
}

/* Sums as they leave the registers: [spots][vectors]. */
typedef struct tile_sums {
  const esp__spot *spot;
  int first, spots, vectors; /* first: output */
  esp__ints sum[SUMS];
} tile_sums;

#if ESP_VECTOR == 1
/* Output o of a spot. */
static void finish_outputs(const esp__integer_dense *k, const tile_sums *t, int v, size_t o) {
  const esp__integer_finish *f = &k->finish;
  const esp__scaling scaling = esp__scaling_of(f, o);
  const size_t at = ESP_QUAD * quad_at(k, t->spot->y, o) + o % ESP_QUAD;
  esp__ints q = esp__within(esp__rescaled(t->sum[v], &scaling), f->low, ESP_LEVELS);
  if (f->with) {
    const int32_t with = ((const int8_t *)f->with)[at];
    q = esp__within(esp__joined((q & 0xffff) | with * 65536, f), f->sum_low, ESP_LEVELS);
  }
  ((int8_t *)k->y)[at] = (int8_t)q;
}
#else
enum { FOUR = 4, PARTS_OF = ESP_VECTOR / 4 }; /* spots that become bytes together; their parts */

/* Whether `count` spots are four that lie one behind the other. */
static bool in_line(const esp__spot *spot, int count) {
  return count == FOUR && spot[3].y - spot[0].y == 3 && spot[1].y - spot[0].y == 1;
}

/* The bytes of up to four spots at their places. */
ESP_INLINE esp__ints load_bytes(const esp__integer_dense *k, const esp__spot *spot, size_t o,
                                int count) {
  uint32_t part[PARTS_OF][FOUR] = {{0}};
  if (in_line(spot, count))
    return esp__parts_load(k->finish.with + quad_at(k, spot->y, o), k->y_quad);
  for (size_t i = 0; i < PARTS_OF; i++)
    for (int p = 0; p < count; p++)
      part[i][p] = k->finish.with[quad_at(k, spot[p].y, o) + i * k->y_quad];
  return esp__ints_load(part);
}

ESP_INLINE void store_bytes(const esp__integer_dense *k, const esp__spot *spot, size_t o, int count,
                            esp__ints v) {
  uint32_t part[PARTS_OF][FOUR];
  if (in_line(spot, count)) {
    esp__parts_store(k->y + quad_at(k, spot->y, o), k->y_quad, v);
    return;
  }
  esp__ints_store(part, v);
  for (size_t i = 0; i < PARTS_OF; i++)
    for (int p = 0; p < count; p++) k->y[quad_at(k, spot[p].y, o) + i * k->y_quad] = part[i][p];
}

/* Up to four spots; sums lie `vectors` apart, and behind the last one it is taken again. */
ESP_INLINE void finish_four(const esp__integer_dense *k, const esp__integer_finish *f,
                            const esp__scaling *scaling, const tile_sums *t, int from, int v,
                            size_t o) {
  const int left = t->spots - from, count = left < FOUR ? left : FOUR;
  const esp__ints *sum = t->sum + from * t->vectors + v;
  esp__ints pixel[FOUR], with;
#pragma GCC unroll 4
  for (int i = 0; i < FOUR; i++)
    pixel[i] = esp__rescaled(sum[(i < count ? i : count - 1) * t->vectors], scaling);
  if (f->with) with = load_bytes(k, t->spot + from, o, count);
  store_bytes(k, t->spot + from, o, count, esp__four_as_bytes(f, pixel, f->with ? &with : NULL));
}

/* Vector v of the outputs, from o on. */
static void finish_outputs(const esp__integer_dense *k, const tile_sums *t, int v, size_t o) {
  const esp__integer_finish f = k->finish; /* of its own, which no store changes */
  const esp__scaling scaling = esp__scaling_of(&f, o);
  for (int p = 0; p < t->spots; p += FOUR) finish_four(k, &f, &scaling, t, p, v, o);
}
#endif

/* As logits. */
static void finish_reals(const esp__integer_dense *k, const tile_sums *t, int v, size_t o) {
  for (int p = 0; p < t->spots; p++)
    esp__ints_times_floats(t->sum[p * t->vectors + v], k->finish.real + o,
                           (float *)(void *)k->y + t->spot[p].y + o);
}

static __attribute__((noinline)) void finish(const esp__integer_dense *k, const tile_sums *t) {
  for (int v = 0; v < t->vectors; v++)
    (k->finish.real ? finish_reals : finish_outputs)(k, t, v, (size_t)(t->first + v * ESP_VECTOR));
}

/* `spots`, `blocks`, `step` and `negative` are constants at each call below. */
ESP_INLINE void tile(const esp__integer_dense *k, const esp__spot *spot, int first,
                     const uint32_t *weight, const int spots, const int blocks, const int step,
                     const bool negative) {
  const int vectors = blocks * PARTS;
  esp__ints sum[SUMS];
#pragma GCC unroll 16
  for (int i = 0; i < spots * vectors; i++)
    sum[i] = esp__ints_load(k->finish.bias + first * ESP_BLOCK + i % vectors * ESP_VECTOR);
  const uint32_t *x = k->x + spot->x;
  for (int c = 0; c < k->quads; c++) {
    const uint32_t *plane = x + k->channel[c];
    for (int t = 0; t < k->taps; t++, weight += blocks * ESP_BLOCK) {
      const uint32_t *at = plane + k->tap[t];
      esp__ints w[SUMS];
#pragma GCC unroll 16
      for (int v = 0; v < vectors; v++) w[v] = esp__ints_load(weight + v * ESP_VECTOR);
#pragma GCC unroll 16
      for (int p = 0; p < spots; p++) {
        const esp__ints own = esp__ints_set((int)(step ? at[p * step] : at[spot[p].x - spot->x]));
#pragma GCC unroll 16
        for (int v = 0; v < vectors; v++)
          sum[p * vectors + v] = negative ? esp__dot_signed(sum[p * vectors + v], own, w[v])
                                          : esp__dot(sum[p * vectors + v], own, w[v]);
      }
    }
  }
  tile_sums t; /* not cleared before it is filled */
  t.spot = spot;
  t.first = first * ESP_BLOCK;
  t.spots = spots;
  t.vectors = vectors;
#pragma GCC unroll 16
  for (int i = 0; i < spots * vectors; i++) t.sum[i] = sum[i];
  finish(k, &t);
}

/* A group that is too large for the registers goes a spot at a time. */
#define FITS(n, blocks) ((n) * (blocks)*PARTS <= SUMS)
#define COUNT(n, blocks, step, negative)                                                      \
  case n:                                                                                     \
    if (FITS(n, blocks))                                                                      \
      tile(k, spot, first, weight, FITS(n, blocks) ? (n) : 1, FITS(1, blocks) ? (blocks) : 1, \
           step, negative);                                                                   \
    break;
#if ESP_VECTOR == 1
#define EACH_COUNT(blocks, step, negative) COUNT(1, blocks, step, negative)
#elif ESP_VECTOR == 16
#define EACH_COUNT(blocks, step, negative) \
  COUNT(16, blocks, step, negative)        \
  COUNT(8, blocks, step, negative)         \
  COUNT(4, blocks, step, negative) COUNT(2, blocks, step, negative) COUNT(1, blocks, step, negative)
#else
#define EACH_COUNT(blocks, step, negative) \
  COUNT(4, blocks, step, negative) COUNT(2, blocks, step, negative) COUNT(1, blocks, step, negative)
#endif

/* All groups of spots, for one pack. */
#define PACK(name, blocks, step, negative)                                           \
  static void name(const esp__integer_dense *k, int first, const uint32_t *weight) { \
    for (int g = 0; g < k->spots.groups; g++) {                                      \
      const esp__spot *spot = k->spots.spot + k->spots.group[g].first;               \
      switch (k->spots.group[g].count) { EACH_COUNT(blocks, step, negative) }        \
    }                                                                                \
  }
#define PACKS(blocks)                     \
  PACK(any_##blocks, blocks, 0, false)    \
  PACK(near_##blocks, blocks, 1, false)   \
  PACK(second_##blocks, blocks, 2, false) \
  PACK(signed_##blocks, blocks, 0, true)
PACKS(1)
#if ESP_VECTOR > 1
PACKS(2)
PACKS(4)
#endif
#if ESP_VECTOR == 16
PACKS(8)
#endif

typedef void pack_fn(const esp__integer_dense *k, int first, const uint32_t *weight);

static pack_fn *pack_of(int blocks, int way) {
  static pack_fn *const packs[][4] = {
    {any_1, near_1, second_1, signed_1},
#if ESP_VECTOR > 1
    {any_2, near_2, second_2, signed_2},
    {any_4, near_4, second_4, signed_4},
#endif
#if ESP_VECTOR == 16
    {any_8, near_8, second_8, signed_8},
#endif
  };
  const int size = blocks == 8 ? 3 : blocks == 4 ? 2 : blocks == 2 ? 1 : 0;
  return packs[size][way];
}

void ESP_ISA_NAME(esp__integer_dense)(const esp__integer_dense *k) {
  const int signed_way = 3, way = k->negative ? signed_way : k->spots.step;
  const uint32_t *weight = k->weight;
  int together = k->together;
  for (int first = 0; first < k->blocks; first += together) {
    while (together > k->blocks - first) together /= 2;
    pack_of(together, way)(k, first, weight);
    weight += (size_t)k->quads * (size_t)k->taps * (size_t)(together * ESP_BLOCK);
  }
}
