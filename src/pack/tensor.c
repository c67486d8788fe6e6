#include "pack/tensor.h"

#include "pack/mask.h"
#include "pack/multiples.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
  TABLE_MAX = 256,
  TABLE_BITS = 8,
  MULTIPLES = TABLE_MAX + 1 /* in the place of a table's entries: the values are multiples */
};

/* What a tensor is while it is coded. */
typedef struct packing {
  size_t count, outputs, channels, taps;
  uint8_t *there;         /* [count] */
  float *kept;            /* [count] room for the values that are there, in order */
  size_t keeps;           /* of them */
  float table[TABLE_MAX]; /* the different ones, ascending by their bits */
  size_t entries;         /* 0: too many for a table */
  const float *step;      /* [outputs] what they may be multiples of; NULL: nothing */
} packing;

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* Ascending as numbers: the bits of negative ones run backwards. */
static uint32_t rank_of(float value) {
  const uint32_t bits = bits_of(value);
  return bits >> 31 ? ~bits : bits | 1u << 31;
}

/* The number of the first entry that does not rank below `value`. */
static size_t place_of(const packing *p, float value) {
  size_t low = 0, high = p->entries;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (rank_of(p->table[middle]) < rank_of(value))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* A table pays where each entry stands for several weights. */
static void make_table(packing *p) {
  for (size_t i = 0; i < p->keeps; i++) {
    const size_t at = place_of(p, p->kept[i]);
    if (at < p->entries && bits_of(p->table[at]) == bits_of(p->kept[i])) continue;
    if (p->entries == TABLE_MAX || 4 * p->entries > p->keeps) {
      p->entries = 0;
      return;
    }
    memmove(&p->table[at + 1], &p->table[at], (p->entries - at) * sizeof *p->table);
    p->table[at] = p->kept[i];
    p->entries++;
  }
}

static void code_table(esp__coder *c, packing *p) {
  esp__float_model numbers; /* of the table alone: what it says of weights is another matter */
  esp__float_model_start(&numbers);
  esp__code_floats(c, &numbers, p->table, p->entries);
}

static int width_of(size_t entries) {
  int bits = 0;
  while ((1u << bits) < entries) bits++;
  return bits;
}

static bool code_numbers(esp__coder *c, packing *p) {
  esp__bit_model model[1 << TABLE_BITS];
  const int width = width_of(p->entries);
  esp__bit_models_start(model, 1 << TABLE_BITS);
  for (size_t i = 0; i < p->keeps; i++) {
    const uint32_t number = c->decoding ? 0 : (uint32_t)place_of(p, p->kept[i]);
    const uint32_t coded = width ? esp__code_symbol(c, model, number, width) : 0;
    if (coded >= p->entries) return false;
    p->kept[i] = p->table[coded];
  }
  return true;
}

static esp__multiples multiples_of(const packing *p) {
  return (esp__multiples){p->step, p->there, p->outputs, p->channels * p->taps, p->kept};
}

/* How the values that are there are written down. */
static void choose(packing *p) {
  const esp__multiples m = multiples_of(p);
  if (p->step && esp__are_multiples(&m))
    p->entries = MULTIPLES;
  else
    make_table(p);
}

/* What tells how the values stand there: the number of the table's entries, and these. */
static bool code_way(esp__coder *c, packing *p) {
  if (!c->decoding) choose(p);
  p->entries = esp__code_count(c, p->entries);
  if (p->entries == MULTIPLES && p->step) return true;
  if (p->entries > TABLE_MAX) return false;
  if (p->entries > 0) code_table(c, p);
  return true;
}

static bool code_values(esp__coder *c, esp__float_model *m, packing *p) {
  const esp__multiples multiples = multiples_of(p);
  if (p->entries == MULTIPLES) return esp__code_multiples(c, &multiples);
  if (p->entries > 0) return code_numbers(c, p);
  esp__code_floats(c, m, p->kept, p->keeps);
  return true;
}

static void look(packing *p, const float *value) {
  for (size_t i = 0; i < p->count; i++) {
    p->there[i] = bits_of(value[i]) != 0;
    if (p->there[i]) p->kept[p->keeps++] = value[i];
  }
}

static void count_kept(packing *p) {
  for (size_t i = 0; i < p->count; i++) p->keeps += p->there[i];
}

static void put_back(const packing *p, float *value) {
  const float *from = p->kept;
  for (size_t i = 0; i < p->count; i++) value[i] = p->there[i] ? *from++ : 0.0f;
}

/* The bits since `*at`, which is now. */
static double bits_since(const esp__coder *c, double *at) {
  const double before = *at;
  *at = esp__coder_position(c);
  return *at - before;
}

static bool code(esp__coder *c, esp__float_model *m, packing *p, float *value,
                 struct esp__tensor_bits *spent) {
  double at = esp__coder_position(c);
  if (!c->decoding) look(p, value);
  if (!esp__code_mask(c, p->there, p->outputs, p->channels, p->taps)) return false;
  spent->mask = bits_since(c, &at);
  if (c->decoding) count_kept(p);
  if (p->keeps > 0 && !code_way(c, p)) return false;
  spent->table = bits_since(c, &at);
  if (p->keeps > 0 && !code_values(c, m, p)) return false;
  spent->values = bits_since(c, &at);
  if (c->decoding) put_back(p, value);
  return true;
}

bool esp__code_tensor(esp__coder *c, esp__tensor_models *m, const int64_t *shape, int rank,
                      const float *step, float *value) {
  packing p = {.count = 1, .outputs = 1, .channels = 1, .taps = 1, .step = step};
  for (int i = 0; i < rank; i++) {
    *(i == 0 ? &p.outputs : i == 1 ? &p.channels : &p.taps) *= (size_t)shape[i];
    p.count *= (size_t)shape[i];
  }
  esp__float_model *floats = rank > 1 ? &m->weights : &m->vectors;
  if (rank > 1) esp__float_model_start(floats);
  p.there = calloc(p.count + 1, sizeof *p.there);
  p.kept = malloc((p.count + 1) * sizeof *p.kept);
  c->failed |= !p.there || !p.kept;
  const bool good = !c->failed && code(c, floats, &p, value, &m->spent);
  free(p.there);
  free(p.kept);
  return good;
}
