/* Which channels of a network can only be removed together (the dependency graph of Fang et al.
 * 2023, for channels).
 *
 * A slot is a channel of an operation's output. Batch norm, activations, pooling, depthwise
 * convolutions, sums, concat and flatten tie the slots they read to those they write, a recurrent
 * layer the gates of a unit: such slots are one class, and a class leaves the network as a whole,
 * with the filters that make it, their batch norm, and its slice of every consumer. */
#ifndef ESP_NN_CHANNEL_GROUPS_H
#define ESP_NN_CHANNEL_GROUPS_H

#include <espalier/model.h>

#include <stdint.h>

typedef struct esp__channel_groups {
  esp_graph *graph; /* of the model, of floats, for inference: what is asked about */
  esp_operation *op;
  int ops;
  size_t *first;  /* [ops + 1] slot of channel 0 of each operation */
  size_t *parent; /* [slots] a smaller slot of the same class, or itself */
  bool *fixed;    /* [slots] at a class's first slot: images, logits, grouped convolutions */
} esp__channel_groups;

/* The classes of a model. On failure *g needs no freeing. */
esp_status esp__channel_groups_make(esp__channel_groups *g, esp_model *model, esp_error *err);
void esp__channel_groups_free(esp__channel_groups *g);

/* The class of channel `c` of operation `i`, named by its first slot. */
size_t esp__channel_groups_class(const esp__channel_groups *g, int i, int c);
/* Slots that are tied, in `parent` (itself = a first slot): the first one; and tying two. */
size_t esp__ties_first(const size_t *parent, size_t slot);
void esp__ties_join(size_t *parent, size_t a, size_t b);

/* Whose channels the first two axes of a parameter of operation `i` stand for: the operation that
 * makes them, or -1. Of a layer's weight that is the operation and what it reads, of the weight of
 * a recurrent layer the gates and the units; the scale of a rounding is that of all channels. */
typedef struct esp__param_axes {
  int rows, columns;
} esp__param_axes;
esp__param_axes esp__channel_groups_axes(const esp__channel_groups *g, int i,
                                         const esp_param *param);

/* A convolution or linear layer whose outputs are channels of their own; anything that makes such
 * channels; a convolution that works on each channel by itself. */
static inline bool esp__operation_mixes(const esp_operation *o) {
  return o->flow == ESP_FLOW_MIX && o->groups == 1;
}
static inline bool esp__operation_makes(const esp_operation *o) {
  return esp__operation_mixes(o) || o->flow == ESP_FLOW_LOOKUP || o->flow == ESP_FLOW_GATES;
}
static inline bool esp__operation_depthwise(const esp_operation *o) {
  return o->flow == ESP_FLOW_MIX && o->groups > 1 && o->param[0]->shape[1] == 1 &&
         o->groups == o->shape.channels;
}

#endif
