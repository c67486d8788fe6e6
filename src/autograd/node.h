/* What an operation is, and what it may use of the graph. Internal to src/autograd.
 *
 * An operation is one file: its builder (shape, halo), then plan, forward and backward side by
 * side. */
#ifndef ESP_AUTOGRAD_NODE_H
#define ESP_AUTOGRAD_NODE_H

#include "autograd/shares.h"
#include "base/integer.h"
#include "kernels/kernels.h"

#include <espalier/graph.h>

typedef struct esp__node esp__node;

struct esp_value {
  esp_tensor data, grad; /* grad.data is NULL where no gradient is needed */
  bool needs_grad;
  int vocabulary; /* as esp_shape has it; 0: the values are no tokens */
};

typedef struct esp__tangent_rule esp__tangent_rule; /* tangent.h */

typedef struct esp__op {
  const char *name;
  esp_operation_kind kind;
  /* Makes the node's own memory; all tensors have their final shape, halo and memory. May be
   * NULL. */
  esp_status (*plan)(esp_graph *g, esp__node *n, esp_error *err);
  void (*forward)(esp_graph *g, esp__node *n);
  /* Writes the gradients of in[i] that are needed (adding where n->add[i]), and of the parameters.
   * May be NULL. */
  void (*backward)(esp_graph *g, esp__node *n);
  const esp__tangent_rule *tangent; /* how it passes tangents on; NULL: it has none */
  esp_flow flow;                    /* how channels pass through */
  bool can_fuse;                    /* can do the batch norm that follows it */
  bool convolves;   /* a convolution or linear layer: its state is an esp__conv_plan */
  bool activates;   /* a pointwise non-linearity */
  bool in_place;    /* the gradient of in[0] may take the memory of the output's: pixel by pixel
                     * that is read before */
  bool normalises;  /* it is a batch norm */
  bool ranks;       /* what passes depends on how many channels there are: none may be taken away */
  bool gates;       /* in[0] times a number per image and channel, in[1]; often 0 */
  bool conditional; /* makes zeros, by image, so that less need be executed */
  /* Of an operation that has a linear layer within, which does not stand between its input and its
   * output: the plan of that, and what it read and wrote. NULL: it has none. */
  const struct esp__conv_plan *(*inner)(const esp__node *n, esp_activity *did);
} esp__op;

enum { ESP_NODE_INPUTS = 2, ESP_NODE_PARAMS = 4 };

struct esp__node {
  const esp__op *op;
  esp_value *in[ESP_NODE_INPUTS];
  bool add[ESP_NODE_INPUTS]; /* the gradient of in[i] has been written before: add to it */
  int inputs, index;
  esp_value out;
  esp_param *param[ESP_NODE_PARAMS];
  bool moves_zero; /* makes of zeros something else, though it has no parameters */
  esp_operation_attr attr;
  void *state; /* what plan made */
  /* In a graph for inference a batch norm is done by the convolution before it: that one's `fused`
   * is the batch norm, whose own is itself and which then does nothing. */
  esp__node *fused;
};

/* The value that the node writes: a fused convolution writes that of the batch norm. */
static inline esp_value *esp__output_of(esp__node *n) {
  return n->fused ? &n->fused->out : &n->out;
}

/* Seconds per operation and pass. A clock runs through; whoever ends a part of the work takes the
 * lap. */
typedef struct esp__profile {
  bool on;
  double last;                         /* clock, at the last lap */
  double (*seconds)[ESP_PROPAGATIONS]; /* [nodes + 1], the last is the loss */
} esp__profile;

struct esp_graph {
  const esp__kernels *kernels;
  esp__node **node;
  int nodes, capacity;
  int batch, threads;
  bool gradients, planned, direct;
  void **memory;     /* every block of memory, freed with the graph */
  void **memory_end; /* where each ends */
  int blocks_of_memory, memory_capacity, end_capacity;
  int tensors; /* the first blocks of memory, which hold activations and their gradients */
  size_t bytes;
  size_t available;                      /* bytes that the system had when the graph was made */
  size_t scratch_bytes, workspace_bytes; /* of each thread, and of all together */
  char *scratch;
  void *workspace;
  esp__shares shares;
  struct esp__exchange *exchanges; /* of gradients; NULL: none */
  void (*before)(void *with);      /* each forward pass; NULL: nothing */
  void *before_with;
  /* the current pass */
  const esp_batch *current;
  esp_pass pass;
  esp_outcome outcome;
  esp_sparse_mode sparse;
  struct esp__profile *profile;           /* NULL until asked for */
  struct esp__macs_counter *macs_counter; /* NULL until asked for */
  /* the loss at the end */
  esp_value *logits;
  esp_loss_kind loss_kind;
  float smoothing;
  esp_tasks tasks;          /* their answers are borrowed */
  const esp_graph *teacher; /* NULL: none */
  bool match_logits;        /* the teacher's logits, whatever the labels */
  float teacher_share, temperature;
};

/* The node that makes the value. */
static inline esp__node *esp__maker_of(const esp_value *v) {
  return (esp__node *)((uintptr_t)v - offsetof(esp__node, out));
}

/* Who reads a value. */
typedef struct esp__readers {
  int count;       /* inputs of nodes; the end of the graph, which reads the logits, is one more */
  esp__node *last; /* the last node that does; NULL where none does */
} esp__readers;
esp__readers esp__readers_of(const esp_graph *g, const esp_value *v);

/* The one node that reads what `n` wrote; NULL where there are several readers, or where that is
 * the end of the graph. */
static inline const esp__node *esp__only_reader(const esp_graph *g, const esp__node *n) {
  const esp__readers r = esp__readers_of(g, &n->out);
  return r.count == 1 ? r.last : NULL;
}

/* Appends a node; its output has that shape. It needs a gradient if an input does or it has a
 * parameter. */
esp_status esp__node_add(esp_graph *g, const esp__op *op, esp_value *a, esp_value *b,
                         esp_shape shape, esp__node **n, esp_error *err);

/* The error of having no memory for so many bytes. */
esp_status esp__graph_no_memory(esp_error *err, size_t bytes);

/* Zeroed memory, 64-byte aligned, that lives as long as the graph. */
esp_status esp__graph_alloc(esp_graph *g, size_t bytes, void *to, esp_error *err);

/* While planning: asks for memory that a node needs only while it runs, so that all share it. A
 * thread's own, and the node's. Later: there it is, 64-byte aligned and not zeroed. */
void esp__graph_reserve_scratch(esp_graph *g, size_t scratch_bytes, size_t workspace_bytes);
void *esp__graph_scratch(const esp_graph *g);

/* Images of the batch that this graph has; of the whole batch, the shares of others included. */
static inline int esp__graph_images(const esp_graph *g) {
  return g->current->count;
}
static inline int esp__graph_all_images(const esp_graph *g) {
  return g->shares.images;
}
static inline int esp__graph_blocks(const esp_graph *g) {
  return esp_blocks_for(g->current->count);
}

/* Work items that a pass should have: enough that no thread waits long for another. */
static inline int esp__items_wanted(const esp_graph *g) {
  enum { EACH = 8 };
  return g->threads > 1 ? EACH * g->threads : 1;
}
/* Outputs of a work item, a multiple of ESP_TILE, where the rest of the work is `others` items
 * already. */
static inline int esp__item_outputs(const esp_graph *g, int others, int outputs) {
  const int tiles = esp__ceil_div(outputs, ESP_TILE);
  return esp__ceil_div(tiles, esp__least(esp__ceil_div(esp__items_wanted(g), others), tiles)) *
         ESP_TILE;
}

/* Starts the clock; gives the time since then, or since the last lap, to operation number `index`
 * (profile.c). */
void esp__profile_start(esp_graph *g);
void esp__profile_lap(esp_graph *g, int index, esp_propagation p);

/* Makes sure the tensor has at least that halo; before planning only. */
static inline void esp__halo_at_least(esp_tensor *t, int halo) {
  if (t->halo < halo) t->halo = halo;
}

/* Plane number i of a tensor: block 0's channels come first, so that a thread that gets a run of
 * planes meets the same images in every operation. */
typedef struct esp__plane_pos {
  int block, channel;
} esp__plane_pos;
static inline esp__plane_pos esp__plane_of(const esp_tensor *t, int i) {
  return (esp__plane_pos){i / t->channels, i % t->channels};
}

/* A plane as rows, for the pointwise kernels. A tensor without memory gives at = NULL. */
static inline esp__rows esp__rows_of(const esp_tensor *t, int block, int channel) {
  return (esp__rows){t->data ? esp_plane(t, block, channel) : NULL, esp_row_stride(t)};
}
static inline esp__rows esp__rows_at(const esp_tensor *t, esp__plane_pos at) {
  return esp__rows_of(t, at.block, at.channel);
}
static inline esp__extent esp__extent_of(const esp_tensor *t) {
  return (esp__extent){t->height, t->width};
}
static inline esp_shape esp__shape_of(const esp_tensor *t) {
  return (esp_shape){t->channels, t->height, t->width};
}

/* The planes that hold images of the current batch. */
static inline int esp__graph_planes(const esp_graph *g, const esp_tensor *t) {
  return esp__graph_blocks(g) * t->channels;
}

/* The number that an image plane has in the whole batch. */
static inline int esp__graph_plane_number(const esp_graph *g, const esp_tensor *t, int plane) {
  return esp__split_block(&g->shares.split, g->shares.split.first) * t->channels + plane;
}

/* Copies, or adds, `channels` channels of one tensor to those of another, each from its `first` on.
 * A tensor without memory is zeros (copy.c). */
typedef struct esp__channels {
  const esp_tensor *of;
  int first;
} esp__channels;
void esp__copy_channels(const esp_graph *g, esp__channels from, esp__channels to, int channels,
                        bool add);

/* While the graph counts what images need (dynamic_macs.c): the pass begins; node `n` has just run
 * forward. */
void esp__macs_count_start(esp_graph *g);
void esp__macs_count_layer(esp_graph *g, const esp__node *n);

/* Lets convolutions do the batch norms that follow them, where nothing else reads what lies between
 * (fuse.c). */
void esp__fuse_batchnorms(esp_graph *g);
/* What the convolution before must do for this batch norm, with running statistics
 * (batchnorm.c). */
void esp__batchnorm_epilogue(const esp__node *n, esp__epilogue *f);

/* Computes the loss of the current batch and, in a graph with gradients, its gradient at the logits
 * (loss.c). */
void esp__loss_run(esp_graph *g);

#endif
