/* The pixels and taps of a convolution, forward and backward, as lists that the kernels go by
 * (kernels/correlate.h). */
#ifndef ESP_AUTOGRAD_CONV_GEOMETRY_H
#define ESP_AUTOGRAD_CONV_GEOMETRY_H

#include "autograd/node.h"
#include "base/integer.h"

/* The window that slides over the input: its rows and its columns. */
typedef struct esp__window_axis {
  int taps, stride, padding;
} esp__window_axis;
typedef struct esp__window {
  esp__window_axis rows, columns;
  int groups;
} esp__window;
static inline int esp__window_taps(const esp__window *w) {
  return w->rows.taps * w->columns.taps;
}
/* By how many remainders, of rows and of columns, the pixels of the input differ in what reaches
 * them. */
static inline int esp__window_classes(const esp__window *w) {
  return w->rows.stride * w->columns.stride;
}

/* The pixels (r, c) of a plane, and where they read and write. Along an axis, pixel i reads around
 * i * read_step + read_first and writes i * write_step + write_first. */
typedef struct esp__grid_axis {
  int count, read_step, read_first, write_step, write_first;
} esp__grid_axis;
typedef struct esp__grid {
  const esp_tensor *from, *to;
  int blocks;
  esp__grid_axis rows, columns;
} esp__grid;

typedef struct esp__tap_pos {
  int row, column;
} esp__tap_pos;

/* Pixels that need the same taps: all of them, or some of a small plane, where the other taps would
 * read padding. They are listed in patches, so that neighbours in the list share inputs. */
typedef struct esp__pixel_set {
  esp__pixel *pixel;
  esp__tap *tap; /* with its number among those of the geometry */
  int pixels, taps;
  int run, step; /* pixels come in runs whose inputs are `step` floats apart: the rows of a patch */
  int patch;     /* pixels of a patch, a multiple of `run` */
  int lines;     /* of 16 floats that a patch reads in one channel */
  int32_t *line; /* [lines] where, from the x of its first pixel on */
} esp__pixel_set;

/* The pixels of some blocks of images, the same in each, and the taps with their places in the
 * kernel. */
typedef struct esp__conv_geometry {
  esp__grid grid;
  esp__tap_pos *at; /* [taps] rows and columns from where a pixel reads */
  int32_t *tap;     /* [taps] the same in floats */
  int32_t *place;
  int taps;
  esp__pixel_set all; /* every pixel of grid.blocks blocks, with every tap */
  /* What the dense kernels go by: every pixel of `set_blocks` blocks is in one of the sets. */
  esp__pixel_set *set;
  int sets, set_blocks;
  bool sparse_by_set; /* the sparse kernels go by the sets too; else by all */
} esp__conv_geometry;

/* From `in` to `out`: output pixel (r, c) reads around the input pixel
 *
 *     (r * rows.stride - rows.padding, c * columns.stride - columns.padding)
 *
 * Patches have at most `patch` pixels. */
esp_status esp__conv_geometry_forward(esp_graph *g, esp__conv_geometry *l, const esp__window *w,
                                      const esp_tensor *in, const esp_tensor *out, int blocks,
                                      int patch, esp_error *err);
/* From the gradient `out` back to `in`: the input pixels that leave the remainders (row, column)
 * when divided by the strides, and the taps that reach them, in ascending order of the output pixel
 * they come from. */
esp_status esp__conv_geometry_backward(esp_graph *g, esp__conv_geometry *l, const esp__window *w,
                                       int row, int column, const esp_tensor *in,
                                       const esp_tensor *out, int blocks, esp_error *err);
/* From `from` to `to`, planes of height 1, pixel by pixel: `tokens` of each plane, from these
 * columns on. */
esp_status esp__conv_geometry_tokens(esp_graph *g, esp__conv_geometry *l, const esp_tensor *from,
                                     int first_from, const esp_tensor *to, int first_to, int tokens,
                                     int blocks, int patch, esp_error *err);
/* Makes the sets: one for a large plane, several for a small one, where much of what is read is
 * padding. */
esp_status esp__conv_geometry_sets(esp_graph *g, esp__conv_geometry *l, esp_error *err);

/* What a patch reads of the tensor, all channels. */
static inline esp__prefetch_list esp__pixel_set_prefetch(const esp__pixel_set *p,
                                                         const esp_tensor *from) {
  return (esp__prefetch_list){p->line, p->lines, from->channels, esp_channel_stride(from)};
}

/* Channels of which a patch's inputs fit the first-level cache together. */
static inline int esp__pixel_set_block(const esp__pixel_set *p) {
  enum { FIRST_LEVEL_LINES = 600 };
  return p->lines > 0 && p->lines < FIRST_LEVEL_LINES ? FIRST_LEVEL_LINES / p->lines : 1;
}

/* The sets that the sparse kernels go by: how many, and number i. */
static inline int esp__conv_geometry_sparse_sets(const esp__conv_geometry *l) {
  return l->sparse_by_set ? l->sets : 1;
}
static inline const esp__pixel_set *esp__conv_geometry_sparse_set(const esp__conv_geometry *l,
                                                                  int i) {
  return l->sparse_by_set ? &l->set[i] : &l->all;
}

#endif
