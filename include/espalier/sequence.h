/* What operations on sequences are added to a graph with (graph.h). */
#ifndef ESP_SEQUENCE_H
#define ESP_SEQUENCE_H

#include <espalier/linkage.h>

#include <stdbool.h>

ESP_BEGIN_DECLS

/* What stands for a whole sequence: the mean of its tokens, the largest value of each channel, or
 * the last token. */
typedef enum esp_token_summary { ESP_TOKEN_MEAN, ESP_TOKEN_MAX, ESP_TOKEN_LAST } esp_token_summary;

/* Attention of several heads, each over its share of the channels. Causal: a token looks at itself
 * and those before it. */
typedef struct esp_attention_attr {
  int heads;
  bool causal;
} esp_attention_attr;

/* The cell of a recurrent layer, and its direction: reverse reads the last token first. */
typedef enum esp_cell_kind { ESP_CELL_LSTM, ESP_CELL_GRU } esp_cell_kind;
typedef struct esp_recurrent_attr {
  esp_cell_kind cell;
  bool reverse;
} esp_recurrent_attr;

ESP_END_DECLS

#endif
