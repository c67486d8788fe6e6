/* The layers of sequences, as entries of the table in kinds.c name them. */
#ifndef ESP_NN_SEQUENCES_H
#define ESP_NN_SEQUENCES_H

#include "nn/layers.h"

esp_status esp__build_embedding(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err);
esp_status esp__build_positions(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err);
esp_status esp__build_layernorm(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err);
esp_status esp__build_attention(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err);
esp_status esp__build_lstm(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err);
esp_status esp__build_gru(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err);
esp_status esp__build_token_mean(esp__builder *b, int i, esp_value *x, esp_value **y,
                                 esp_error *err);
esp_status esp__build_token_max(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err);
esp_status esp__build_token_last(esp__builder *b, int i, esp_value *x, esp_value **y,
                                 esp_error *err);
esp_status esp__build_rows(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err);

#endif
