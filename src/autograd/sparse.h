/* Lists of a layer's nonzero weights, one per direction, and the choice between them and the dense
 * kernels.
 *
 * A list belongs to one output, or, where the mask leaves whole places of neighbouring outputs
 * empty (filters, channels, blocks), to a tile of ESP_TILE of them: those share what they load of
 * x, as in a dense layer. A list is built again when the mask's generation changes, and its values
 * are fetched before each use. Dense and sparse kernels return the same bits, so which one runs is
 * decided by stopwatch: after a mask change each is timed twice, in turn, on steps that are needed
 * anyway. */
#ifndef ESP_AUTOGRAD_SPARSE_H
#define ESP_AUTOGRAD_SPARSE_H

#include "autograd/node.h"

typedef struct esp__sparse {
  bool built;
  uint64_t shaped, generation; /* of the mask for which width and order hold, and the lists */
  int width;                   /* outputs of a list: 1 or ESP_TILE */
  int32_t *order;              /* [outputs] those of the tiles: outputs with weights first */
  uint32_t *start;             /* [blocks][rows], and one more */
  int32_t *offset;             /* [entries] */
  uint32_t *index;             /* [entries][width] in the weight tensor, or ESP_NO_WEIGHT */
  float *value;                /* [entries][width] */
  size_t lists, entries, sums; /* room in `start`, in `offset`, in the others */
  int blocks, rows;
  uint32_t most; /* weights in the lists of one row */
} esp__sparse;
enum { ESP_NO_WEIGHT = -1 };

/* Where the nonzero weights of a direction, or of a part of its pixels, stand: weight (output,
 * channel, t) is number output * output_stride + channel * channel_stride + place[tap[t].weight],
 * and meets an input at channel
 * * x_channel + tap[t].x. Blocks have `block` channels at least: what the first-level cache holds of the
 * inputs of a patch. */
typedef struct esp__sparse_view {
  int outputs, channels, taps, block;
  size_t output_stride, channel_stride, x_channel;
  const esp__tap *tap;
  const int32_t *place;
} esp__sparse_view;

/* Decides how wide the lists are for the parameter's mask; 1 if there is no memory. */
int esp__sparse_width(esp_graph *g, esp__sparse *s, const esp__sparse_view *v, const esp_param *p);
/* Brings the lists up to date with the parameter's mask, making their memory the first time. False:
 * no memory. */
bool esp__sparse_update(esp_graph *g, esp__sparse *s, const esp__sparse_view *v,
                        const esp_param *p);
/* Fetches the values of the weights: all threads of the team share the work. */
void esp__sparse_fetch(esp__sparse *s, const esp_param *p);
static inline uint32_t esp__sparse_entries(const esp__sparse *s) {
  return s->start[s->blocks * s->rows];
}

/* The stopwatch of one layer and direction. */
typedef struct esp__autotune {
  int trials;        /* since the mask changed; even ones are dense */
  double seconds[2]; /* least time, dense and sparse */
  double density;    /* at the last measurement */
  uint64_t generation;
  bool sparse, running;
  esp_kernel_reason reason; /* why it is sparse, or not */
  double started;
} esp__autotune;

/* Says whether to run sparse this time, and starts the clock if this is a trial; stop ends it.
 * `width` of the lists. */
bool esp__autotune_start(esp__autotune *w, const esp_graph *g, const esp_param *p, int width);
void esp__autotune_stop(esp__autotune *w);
/* The pass goes another way, which is no matter of speed, for that reason. */
void esp__autotune_skip(esp__autotune *w, esp_kernel_reason reason);

#endif
