/* The pointwise non-linearities. */
#ifndef ESP_ACTIVATION_H
#define ESP_ACTIVATION_H

#include <espalier/linkage.h>

ESP_BEGIN_DECLS

typedef enum esp_activation {
  ESP_ACT_RELU,
  ESP_ACT_LEAKY_RELU, /* slope 0.01 below zero */
  ESP_ACT_TANH,
  ESP_ACT_SIGMOID,
  ESP_ACT_GELU, /* the tanh form of Hendrycks & Gimpel 2016 */
  ESP_ACTIVATIONS
} esp_activation;

ESP_END_DECLS

#endif
