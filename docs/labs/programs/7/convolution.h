/* A convolution of one image, with zeros around it and the same stride both ways.
 *
 *     x[channels][height][width]   w[outputs][channels][kernel][kernel]   y[outputs][rows][columns] */
#ifndef CONVOLUTION_H
#define CONVOLUTION_H

typedef struct conv {
  int channels, height, width;
  int outputs, kernel, stride, padding;
} conv;

static inline int conv_rows(const conv *c) {
  return (c->height + 2 * c->padding - c->kernel) / c->stride + 1;
}
static inline int conv_columns(const conv *c) {
  return (c->width + 2 * c->padding - c->kernel) / c->stride + 1;
}

typedef enum pass {
  FORWARD,         /* adds to y what x and w give */
  BACKWARD_DATA,   /* adds to x what w and y give: gradients of the loss, y's on the way in */
  BACKWARD_WEIGHTS /* adds to w what x and y give: x the image, y and w gradients */
} pass;

/* One of the three passes; all three go over the same products. */
void convolve(const conv *c, pass which, double *x, double *w, double *y);

/* The gradient of x with stride 1 once more, each of its numbers written once: dx is dy convolved
 * with the windows turned by half a turn. */
void backward_data_by_gathering(const conv *c, const double *w, const double *dy, double *dx);

#endif
