#include "forced.h"

#include "nn/integers.h"
#include "suite.h"

#include <stdlib.h>

const esp__listing forced_ways[FORCED_WAYS][4] = {
    {ESP_LISTED, ESP_UNLISTED},
    {ESP_LISTED_IN_FIELDS, ESP_UNLISTED_IN_FIELDS, ESP_LISTED, ESP_UNLISTED},
    {ESP_UNLISTED_IN_FIELDS, ESP_UNLISTED},
};

esp_network *network_forced(esp_model *model, const esp__listing *ways) {
  esp_network *network = calloc(1, sizeof *network);
  esp__operations ops;
  esp_error err = {.text = ""};
  int units;
  ck_assert_msg(esp__operations_list(&ops, model, &err) == ESP_OK, "%s", err.text);
  esp__unit *unit = calloc((size_t)ops.count, sizeof *unit);
  esp__listing *listing = calloc((size_t)ops.count, sizeof *listing);
  *network = (esp_network){.kernels = esp__predict_kernels_choose(),
                           .input = model->input,
                           .outputs = model->classes,
                           .classes = model->classes,
                           .direct = esp__has_integers(model)};
  esp__units_of(&ops, unit, &units);
  for (int u = 0; u < units; u++) {
    const esp__listing *way = ways;
    while (!esp__may_list(network, &ops, &unit[u], *way)) way++;
    listing[u] = *way;
  }
  ck_assert_msg(esp__lower(network, &ops, unit, units, listing, &err) == ESP_OK, "%s", err.text);
  esp__operations_free(&ops);
  free(unit);
  free(listing);
  return network;
}
