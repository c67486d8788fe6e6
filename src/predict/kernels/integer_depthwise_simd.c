/* Depthwise sums of bytes: four taps of each channel are brought side by side, which makes a word
 * of each channel of a pixel, so that a vector is the four outputs of every fourth pixel. */
#include "predict/kernels/integer_finish.h"

#if ESP_VECTOR == 1
/* Output o of a quad at a pixel; x: of the quad. */
static int32_t sum_of(const esp__integer_depthwise *k, const uint32_t *x, const uint32_t *weight,
                      int o, int32_t sum) {
  for (int t = 0; t < ESP_QUAD * k->fours; t++) {
    const int8_t *own = (const int8_t *)(x + k->tap[t]),
                 *w = (const int8_t *)(weight + t / ESP_QUAD * ESP_QUAD + o);
    sum += own[o] * w[t % ESP_QUAD];
  }
  return sum;
}

static void pixel(const esp__integer_depthwise *k, const uint32_t *x, const uint32_t *weight,
                  int quad, size_t at) {
  const esp__integer_finish *f = &k->planes.finish;
  int8_t *y = (int8_t *)(k->planes.y + at);
  for (int i = 0; i < ESP_QUAD; i++) {
    const size_t o = (size_t)(quad * ESP_QUAD + i);
    const esp__scaling scaling = esp__scaling_of(f, o);
    esp__ints q = esp__rescaled(sum_of(k, x, weight, i, f->bias[o]), &scaling);
    q = esp__within(q, f->low, ESP_LEVELS);
    if (f->with) {
      const int32_t with = ((const int8_t *)(f->with + at))[i];
      q = esp__within(esp__joined((q & 0xffff) | with * 65536, f), f->sum_low, ESP_LEVELS);
    }
    y[i] = (int8_t)q;
  }
}

static void stretch(const esp__integer_depthwise *k, const esp__stretch *s, int quad,
                    const uint32_t *weight) {
  const uint32_t *x = k->planes.x + s->x + k->channel[quad];
  const size_t at = (size_t)s->y + (size_t)quad * k->planes.y_quad;
  const int32_t *mask = k->planes.mask ? k->planes.mask + s->mask : NULL;
  for (int i = 0; i < s->count; i++)
    if (!mask || mask[i]) pixel(k, x + i * k->step, weight, quad, at + (size_t)i);
}
#else
enum { FOUR = 4 };

/* From four taps of four pixels each to four pixels of four taps each. */
ESP_INLINE void bring_together(const esp__ints tap[FOUR], esp__ints pixel[FOUR]) {
  const esp__ints low = esp__twos_low(tap[0], tap[1]), high = esp__twos_high(tap[0], tap[1]),
                  next_low = esp__twos_low(tap[2], tap[3]),
                  next_high = esp__twos_high(tap[2], tap[3]);
  pixel[0] = esp__pairs_low(low, next_low);
  pixel[1] = esp__pairs_high(low, next_low);
  pixel[2] = esp__pairs_low(high, next_high);
  pixel[3] = esp__pairs_high(high, next_high);
}

/* The sums of a vector of pixels from x on. `negative` is a constant at each call. */
ESP_INLINE void add_up(const esp__integer_depthwise *k, const uint32_t *x, const uint32_t *weight,
                       const bool negative, esp__ints sum[FOUR]) {
  for (int t = 0; t < k->fours; t++) {
    const esp__ints w = esp__ints_four(weight + t * FOUR);
    esp__ints tap[FOUR], pixel[FOUR];
#pragma GCC unroll 4
    for (int i = 0; i < FOUR; i++) tap[i] = esp__ints_load(x + k->tap[t * FOUR + i]);
    bring_together(tap, pixel);
#pragma GCC unroll 4
    for (int i = 0; i < FOUR; i++)
      sum[i] = negative ? esp__dot_signed(sum[i], pixel[i], w) : esp__dot(sum[i], pixel[i], w);
  }
}

ESP_INLINE void sums(const esp__integer_depthwise *k, const esp__stretch *s, int quad,
                     const uint32_t *weight, const bool negative) {
  const esp__integer_finish f = k->planes.finish; /* of its own, which no store changes */
  const esp__scaling scaling = esp__scaling_four(&f, (size_t)(quad * FOUR));
  const esp__ints bias = esp__ints_four(f.bias + quad * FOUR);
  const uint32_t *x = k->planes.x + s->x + k->channel[quad];
  const size_t first = (size_t)s->y + (size_t)quad * k->planes.y_quad;
  const int32_t *mask = k->planes.mask ? k->planes.mask + s->mask : NULL;
  for (int v = 0; v < s->count; v++) {
    const size_t at = first + (size_t)(v * ESP_VECTOR);
    esp__ints sum[FOUR] = {bias, bias, bias, bias}, with;
    add_up(k, x + v * k->step * ESP_VECTOR, weight, negative, sum);
#pragma GCC unroll 4
    for (int i = 0; i < FOUR; i++) sum[i] = esp__rescaled(sum[i], &scaling);
    if (f.with) with = esp__ints_load(f.with + at);
    esp__ints all = esp__four_as_bytes(&f, sum, f.with ? &with : NULL);
    if (mask) all = esp__ints_and(all, esp__ints_load(mask + v * ESP_VECTOR));
    esp__ints_store(k->planes.y + at, all);
  }
}

static void stretch(const esp__integer_depthwise *k, const esp__stretch *s, int quad,
                    const uint32_t *weight) {
  if (k->planes.negative)
    sums(k, s, quad, weight, true);
  else
    sums(k, s, quad, weight, false);
}
#endif

void ESP_ISA_NAME(esp__integer_depthwise)(const esp__integer_depthwise *k) {
  const esp__integer_planes *p = &k->planes;
  for (int i = 0; i < p->stretches; i++)
    for (int quad = p->from; quad < p->from + p->quads; quad++)
      stretch(k, &p->stretch[i], quad, k->weight + (size_t)(quad * k->fours * ESP_QUAD));
}
