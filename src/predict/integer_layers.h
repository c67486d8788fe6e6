/* What layers of 8-bit integers are made of (integers.c). */
#ifndef ESP_PREDICT_INTEGER_LAYERS_H
#define ESP_PREDICT_INTEGER_LAYERS_H

#include "predict/network.h"

/* A layer's weights. */
typedef struct esp__integer_weights {
  const esp_param *param;
  int taps, groups, words; /* words: of the input's channels */
} esp__integer_weights;
esp__integer_weights esp__integer_weights_of(const esp__integer_plan *l);
/* Those of output o for the four channels of a word of the input at a place of the window: 0 where
 * another group reads them. */
uint32_t esp__integer_word(const esp__integer_weights *w, int o, int word, int tap);

/* What is done with the sums, but for where what is added lies. */
esp_status esp__integer_finish_of(esp_network *n, const esp__integer_plan *l, int offset,
                                  esp__integer_finish *f, esp_error *err);

/* Adds the step of a layer, which reads x. */
esp_status esp__integer_step(esp_network *n, const esp__integer_plan *l, int x, esp__step_fn *run,
                             const void *state, esp_error *err);
/* While it runs: a place in words; NULL where there is none. */
static inline void *esp__words_at(const esp__step *s, int place, float *memory) {
  return place < 0 ? NULL : esp__at(s, place, memory);
}

#endif
