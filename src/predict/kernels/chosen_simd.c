/* What moves between all channels and those that are chosen for one image. */
#include "predict/kernels/finish_simd.h"

#include <string.h>

/* Rows of so many vectors of outputs, a constant at each call: the chosen ones side by side; what
 * follows them is any. */
ESP_INLINE void pack_few(const esp__pack_chosen *k, const int vectors) {
  enum { MOST = 4 };
  esp__places place[MOST];
  float *to = k->to;
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) place[v] = esp__vec_places(k->outputs.pack + v * ESP_VECTOR);
  for (int c = 0; c < k->channels; c++) {
    const float *from = k->weight + (size_t)(k->channel[c] * k->taps * vectors * ESP_VECTOR);
    for (int t = 0; t < k->taps; t++, from += vectors * ESP_VECTOR, to += k->row)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++)
        esp__vec_store_any(to + k->outputs.first[v],
                           esp__vec_permute(esp__vec_load(from + v * ESP_VECTOR), place[v]));
  }
}

static void pack_many(const esp__pack_chosen *k) {
  const esp__chosen *o = &k->outputs;
  float *to = k->to;
  for (int c = 0; c < k->channels; c++) {
    const float *from = k->weight + (size_t)(k->channel[c] * k->taps * o->vectors * ESP_VECTOR);
    for (int t = 0; t < k->taps; t++, from += o->vectors * ESP_VECTOR, to += k->row)
      for (int v = 0; v < o->vectors; v++)
        esp__vec_store_any(to + o->first[v],
                           esp__vec_permute(esp__vec_load(from + v * ESP_VECTOR),
                                            esp__vec_places(o->pack + v * ESP_VECTOR)));
  }
}

void ESP_ISA_NAME(esp__pack_chosen)(const esp__pack_chosen *k) {
  switch (k->outputs.vectors) {
    case 1:
      pack_few(k, 1);
      break;
    case 2:
      pack_few(k, 2);
      break;
    case 4:
      pack_few(k, 4);
      break;
    default:
      pack_many(k);
  }
}

/* From the chosen channels of a pixel to those of the next; a vector may be read beyond them. */
static size_t pixel_floats(const esp__spread *k) {
  return (size_t)((k->e.planes + 1) * ESP_BLOCK);
}

/* The chosen channels of some pixels side by side. */
static void fetch(const esp__spread *k, const float *from, int pixels) {
  for (int p = 0; p < pixels; p++)
    for (int b = 0; b < k->e.planes; b++)
      memcpy(k->pixels + (size_t)p * pixel_floats(k) + b * ESP_BLOCK,
             from + (size_t)b * k->x.plane + p * ESP_BLOCK, ESP_BLOCK * sizeof *from);
}

/* A vector of the channels of some pixels, which lies at `at` in y, from the chosen ones. */
ESP_INLINE void spread_vector(const esp__spread *k, const float *from, size_t apart, int pixels,
                              int v, size_t at, const float *more) {
  const esp__places spread = esp__vec_places(k->channels.spread + v * ESP_VECTOR);
  const esp__vec by = esp__vec_load(k->by + v * ESP_VECTOR), none = esp__vec_set(0.0f);
  float *y = k->y.at + at;
  const bool relu = k->relu;
  for (size_t p = 0; p < (size_t)pixels; p++) {
    esp__vec x = esp__vec_permute(esp__vec_load_any(from + p * apart), spread);
    x = esp__vec_unequal(by, none, x);
    if (more) x = esp__vec_add(x, esp__vec_load(more + p * ESP_BLOCK));
    if (relu) x = esp__vec_positive(x, x);
    esp__vec_store(y + p * ESP_BLOCK, x);
  }
}

/* Some pixels from (r, c) on, whose chosen channels begin at `from`, `apart` from one another. */
ESP_INLINE void spread_pixels(const esp__spread *k, const float *from, size_t apart, int pixels,
                              int r, int c) {
  for (int v = 0; v < k->channels.vectors; v++) {
    const size_t block = (size_t)(v / ESP_PARTS),
                 lane = (size_t)(c * ESP_BLOCK + v % ESP_PARTS * ESP_VECTOR),
                 at = block * k->y.plane + (size_t)r * k->y.row + lane;
    const float *more =
        k->more.at ? k->more.at + block * k->more.plane + (size_t)r * k->more.row + lane : NULL;
    spread_vector(k, from + k->channels.first[v], apart, pixels, v, at, more);
  }
}

void ESP_ISA_NAME(esp__spread)(const esp__spread *k) {
  for (int r = 0; r < k->e.rows; r++)
    for (int c = 0; c < k->e.columns; c += ESP_SPREAD_PIXELS) {
      const int pixels =
          k->e.columns - c < ESP_SPREAD_PIXELS ? k->e.columns - c : ESP_SPREAD_PIXELS;
      const float *from = k->x.at + (size_t)r * k->x.row + c * ESP_BLOCK;
      if (k->e.planes == 1) {
        spread_pixels(k, from, ESP_BLOCK, pixels, r, c);
      } else {
        fetch(k, from, pixels);
        spread_pixels(k, k->pixels, pixel_floats(k), pixels, r, c);
      }
    }
}
