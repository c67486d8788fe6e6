/* Which channels of a network can be left out, because of the weights alone. */
#ifndef ESP_PRUNE_CUT_H
#define ESP_PRUNE_CUT_H

#include "nn/channel_groups.h"

typedef struct esp__cut {
  esp__channel_groups groups;
  bool *zero; /* [slots] the channel is 0 whatever the image */
  bool *keep; /* [slots] at a class's first slot: it stays */
} esp__cut;

/* A class stays if it is fixed, or if a layer reads something from one of its channels. Channels
 * come back, the first ones first, until every layer has a multiple of `multiple`, or all it had.
 * Free it after failures too. */
esp_status esp__cut_make(esp__cut *k, esp_model *model, int multiple, esp_error *err);
void esp__cut_free(esp__cut *k);

/* Whether channel `c` of operation `i` stays, and how many of its channels do. */
bool esp__cut_keeps(const esp__cut *k, int i, int c);
int esp__cut_kept(const esp__cut *k, int i);

#endif
