#include "pack/mask.h"

#include <stdlib.h>

/* What a bit is judged by: nothing, or what there was before it. Single weights that magnitude left
 * lie where chance puts them, and one probability a tensor is all there is to know; whole filters,
 * channels and blocks show in their neighbours. The writer tries both. */
typedef enum order { ALIKE, BY_NEIGHBOURS, ORDERS } order;
enum { NEIGHBOURS = 2 * 2 * 3 * 3 };

typedef struct place {
  const uint8_t *bit; /* of the place itself; what lies before it is known */
  size_t row, channel, tap, channels, taps;
  size_t in_row;            /* ones so far in the row of this output */
  const size_t *in_channel; /* [channels] ones so far in each channel, over all rows */
} place;

/* Whether there was nothing, little or more: enough to see that a row or a channel is empty. */
static int amount(size_t ones, size_t of) {
  return ones == 0 ? 0 : 2 * ones > of ? 2 : 1;
}

static int neighbours(const place *p) {
  const size_t columns = p->channels * p->taps, column = p->channel * p->taps + p->tap;
  const int before = column > 0 && p->bit[-1], above = p->row > 0 && *(p->bit - columns);
  return ((before * 2 + above) * 3 + amount(p->in_row, column)) * 3 +
         amount(p->in_channel[p->channel], p->row * p->taps + p->tap);
}

static void code_row(esp__coder *c, esp__bit_model *model, order how, uint8_t *bit, place p,
                     size_t *in_channel) {
  for (p.channel = 0; p.channel < p.channels; p.channel++)
    for (p.tap = 0; p.tap < p.taps; p.tap++, bit++) {
      p.bit = bit;
      *bit = (uint8_t)esp__code_bit(c, &model[how == ALIKE ? 0 : neighbours(&p)], *bit);
      p.in_row += *bit;
      in_channel[p.channel] += *bit;
    }
}

/* in_channel[channels] of zeros. */
static void code(esp__coder *c, order how, uint8_t *there, size_t outputs, size_t channels,
                 size_t taps, size_t *in_channel) {
  esp__bit_model model[NEIGHBOURS];
  esp__bit_models_start(model, NEIGHBOURS);
  for (size_t o = 0; o < outputs; o++) {
    const place p = {.row = o, .channels = channels, .taps = taps, .in_channel = in_channel};
    code_row(c, model, how, there + o * channels * taps, p, in_channel);
  }
}

/* Bytes that an order takes; SIZE_MAX: no memory. */
static size_t cost(order how, uint8_t *there, size_t outputs, size_t channels, size_t taps) {
  esp__coder trial;
  size_t *in_channel = calloc(channels + 1, sizeof *in_channel), bytes = SIZE_MAX;
  esp__coder_encode(&trial);
  if (in_channel) {
    code(&trial, how, there, outputs, channels, taps, in_channel);
    if (esp__coder_end(&trial)) bytes = trial.out_bytes;
    free(trial.out);
  }
  free(in_channel);
  return bytes;
}

/* The order that takes fewer bytes; false: no memory, so that it is not known. */
static bool choose(order *how, uint8_t *there, size_t outputs, size_t channels, size_t taps) {
  const size_t by_neighbours = cost(BY_NEIGHBOURS, there, outputs, channels, taps),
               alike = cost(ALIKE, there, outputs, channels, taps);
  *how = by_neighbours < alike ? BY_NEIGHBOURS : ALIKE;
  return by_neighbours != SIZE_MAX && alike != SIZE_MAX;
}

bool esp__code_mask(esp__coder *c, uint8_t *there, size_t outputs, size_t channels, size_t taps) {
  order how = ALIKE;
  if (!c->decoding && !choose(&how, there, outputs, channels, taps)) return false;
  how = (order)esp__code_plain(c, how, 1);
  size_t *in_channel = calloc(channels + 1, sizeof *in_channel);
  if (in_channel)
    code(c, how, there, outputs, channels, taps, in_channel);
  else
    c->failed = true;
  free(in_channel);
  return !c->failed;
}
