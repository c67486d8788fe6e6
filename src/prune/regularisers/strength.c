#include <espalier/prune.h>

static const esp_option table[] = {
    {"strength", ESP_OPTION_REAL, offsetof(esp_strength_options, strength), "1e-4", 0, 1e6, NULL,
     "regularisers: factor of the penalty (admm: rho); str: weight decay of the thresholds; "
     "soft-movement: factor of the penalty on the scores"},
    {.name = NULL}};
const esp_method_keys esp_strength_keys = {table, sizeof(esp_strength_options),
                                           .after = "regulariser"};
