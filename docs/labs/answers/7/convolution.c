#include "convolution.h"

void convolve(const conv *c, pass which, double *x, double *w, double *y) {
  const int rows = conv_rows(c), columns = conv_columns(c), k = c->kernel;
  for (int o = 0; o < c->outputs; o++)
    for (int i = 0; i < c->channels; i++)
      for (int p = 0; p < rows; p++)
        for (int q = 0; q < columns; q++)
          for (int a = 0; a < k; a++)
            for (int b = 0; b < k; b++) {
              const int r = p * c->stride + a - c->padding;
              const int s = q * c->stride + b - c->padding;
              if (r < 0 || r >= c->height || s < 0 || s >= c->width) continue;
              double *out = &y[(o * rows + p) * columns + q];
              double *in = &x[(i * c->height + r) * c->width + s];
              double *weight = &w[((o * c->channels + i) * k + a) * k + b];
              if (which == FORWARD) *out += *weight * *in;
              if (which == BACKWARD_DATA) *in += *weight * *out;
              if (which == BACKWARD_WEIGHTS) *weight += *in * *out;
            }
}

/* What output (o, p, q) reads at tap (a, b) lies at p + a - padding; so pixel (r, s) is read by the
 * output at r + padding - a. */
void backward_data_by_gathering(const conv *c, const double *w, const double *dy, double *dx) {
  const int rows = conv_rows(c), columns = conv_columns(c), k = c->kernel;
  for (int i = 0; i < c->channels; i++)
    for (int r = 0; r < c->height; r++)
      for (int s = 0; s < c->width; s++) {
        double sum = 0;
        for (int o = 0; o < c->outputs; o++)
          for (int a = 0; a < k; a++)
            for (int b = 0; b < k; b++) {
              const int p = r + c->padding - a, q = s + c->padding - b;
              if (p < 0 || p >= rows || q < 0 || q >= columns) continue;
              sum += w[((o * c->channels + i) * k + a) * k + b] * dy[(o * rows + p) * columns + q];
            }
        dx[(i * c->height + r) * c->width + s] = sum;
      }
}
