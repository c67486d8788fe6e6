/* Which tokens a network knows, and by which numbers. */
#ifndef ESP_DATA_VOCABULARY_H
#define ESP_DATA_VOCABULARY_H

#include "data/tokens.h"

#include <espalier/data.h>

enum {
  ESP_TOKEN_PADDING,
  ESP_TOKEN_UNKNOWN,
  ESP_TOKENS_FIRST,            /* the number of the first token of a vocabulary */
  ESP_VOCABULARY_MAX = 1 << 16 /* with those two: numbers are stored in 16 bits */
};

struct esp_vocabulary {
  char **token;    /* [tokens] */
  uint64_t *count; /* [tokens] how often it was seen, while the vocabulary is counted */
  uint32_t tokens, room;
  uint32_t *slot; /* [slots], a power of 2: hashes to indices + 1, 0 where there is none */
  size_t slots;
};

/* An empty one. */
esp_status esp__vocabulary_new(esp_vocabulary **v, esp_error *err);
/* Counts a token once more; a new one is added. */
esp_status esp__vocabulary_count(esp_vocabulary *v, esp__token token, esp_error *err);
/* Keeps the most frequent tokens, of equally frequent ones those whose bytes come first, in this
 * order; with padding and the unknown one they are at most `limit`. */
esp_status esp__vocabulary_settle(esp_vocabulary *v, uint32_t limit, esp_error *err);
/* The number of a token, ESP_TOKEN_UNKNOWN where it is not known. */
uint16_t esp__vocabulary_number(const esp_vocabulary *v, esp__token token);

#endif
