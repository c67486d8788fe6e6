/* The nonzero weights of a layer in CSR (compressed sparse rows), one matrix per direction.
 *
 * A row belongs to one output, or, where the mask leaves whole places of neighbouring outputs empty
 * (filters, channels, blocks), to ESP_TILE of them: blocked CSR with tiles of 4x1, which share what
 * they load of x, as in a dense layer. The structure is built again when the mask's generation
 * changes, and values are gathered before each use. Dense and sparse kernels return the same bits,
 * so a stopwatch may choose between them (autotune.h). */
#ifndef ESP_AUTOGRAD_SPARSE_H
#define ESP_AUTOGRAD_SPARSE_H

#include "autograd/node.h"

typedef struct esp__sparse {
  bool built;
  uint64_t perm_generation; /* of the mask for which tile_rows and perm hold */
  uint64_t generation;      /* of the mask for which the rows hold */
  int tile_rows;            /* outputs of a row: 1 (CSR) or ESP_TILE (blocked CSR) */
  int32_t *perm;            /* [outputs] with tiles: outputs in the order of the rows */
  int blocks, rows;         /* blocks of channels; rows of each */
  uint32_t *row_ptr;        /* [blocks][rows], and one more */
  int32_t *col;             /* [nnz] offset of channel and tap, in floats */
  uint32_t *index;          /* [nnz][tile_rows] in the weight tensor, or ESP_NO_WEIGHT */
  float *val;               /* [nnz][tile_rows] */
  uint32_t max_row_nnz;     /* weights of the fullest row, all its blocks together */
  size_t row_capacity, nnz_capacity, val_capacity; /* room in row_ptr, in col, in index and val */
} esp__sparse;
enum { ESP_NO_WEIGHT = -1 };

/* Where the nonzero weights of a direction, or of some of its pixels, stand. Weight (output,
 * channel, t) is number
 *
 *     output * output_stride + channel * channel_stride + place[tap[t].weight]
 *
 * of the parameter, and meets the input at
 *
 *     channel * x_channel + tap[t].x
 *
 * A block has at least `block_channels` channels: what the first-level cache holds of the inputs of
 * a patch. */
typedef struct esp__sparse_view {
  int outputs, channels, taps, block_channels;
  size_t output_stride, channel_stride, x_channel;
  const esp__tap *tap;
  const int32_t *place;
} esp__sparse_view;

/* Decides whether the parameter's mask is worth tiles, and returns tile_rows; 1 if there is no
 * memory. */
int esp__sparse_tile_rows(esp_graph *g, esp__sparse *s, const esp__sparse_view *v,
                          const esp_param *p);
/* Brings the structure up to date with the parameter's mask, making its memory the first time.
 * False: no memory. */
bool esp__sparse_update(esp_graph *g, esp__sparse *s, const esp__sparse_view *v,
                        const esp_param *p);
/* Gathers the values of the weights: all threads of the team share the work. */
void esp__sparse_gather(esp__sparse *s, const esp_param *p);
static inline uint32_t esp__sparse_nnz(const esp__sparse *s) {
  return s->row_ptr[s->blocks * s->rows];
}

#endif
