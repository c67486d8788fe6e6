#include <espalier/train.h>

#include <string.h>

esp_loss_attr esp_train_loss(const esp_train_options *o) {
  const bool squared = strcmp(o->loss, "mse") == 0;
  return (esp_loss_attr){squared ? ESP_LOSS_MEAN_SQUARED : ESP_LOSS_CROSS_ENTROPY,
                         (float)o->label_smoothing};
}
