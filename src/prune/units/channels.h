/* Pools for channels that can only go together: those of the structures channel, neuron, head and
 * dimension, which differ in the pools they want. */
#ifndef ESP_PRUNE_UNITS_CHANNELS_H
#define ESP_PRUNE_UNITS_CHANNELS_H

#include "prune/pruner.h"

/* What a pool's channels are. */
typedef struct esp__channel_traits {
  bool linear;    /* linear and recurrent layers alone make them */
  bool of_tokens; /* these, or linear layers on every token */
  bool heads;     /* attention reads and makes them */
  bool stream;    /* an embedding, positions or layer norm has them: the stream of a network that
                     reads */
} esp__channel_traits;
/* Whether a structure has such channels as units. */
typedef bool esp__channels_wanted(const esp__channel_traits *t);

/* A pool for each set of channels that compete, where the layers that make them are all to be
 * pruned (layers[i] of the model) and the structure wants them. */
esp_status esp__cover_channels(esp_pruner *p, const esp_structure *structure, const bool *layers,
                               esp__channels_wanted *wants, esp_error *err);

#endif
