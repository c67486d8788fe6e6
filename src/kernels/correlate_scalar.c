/* The reference: what every other variant of these kernels must return, bit for bit. */
#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

static void store(const float sum[ESP_LANES], const esp__epilogue *f, int o, float *y,
                  ptrdiff_t at) {
  for (int l = 0; l < ESP_LANES; l++) {
    float value = sum[l] + 0.0f;
    if (f->bias) value += f->bias[o];
    if (f->scale) value = value * f->scale[o] + f->shift[o];
    if (f->residual) value += f->residual[at + l];
    if (f->accumulate) value = y[at + l] + value;
    y[at + l] = f->relu && !(value > 0.0f) ? 0.0f : value;
  }
}

/* Weight number `number` of channel c and output o. */
static float weight_of(const esp__correlate *k, int o, int c, int number) {
  const int tile = o - o % ESP_TILE,
            width = k->outputs - tile < ESP_TILE ? k->outputs - tile : ESP_TILE;
  return k->weight[(size_t)tile * (size_t)(k->channels * k->weights) +
                   (size_t)((c * k->weights + number) * width + o % ESP_TILE)];
}

static void correlate_one(const esp__correlate *k, esp__pixel pixel, int o) {
  float sum[ESP_LANES] = {0};
  for (int c = 0; c < k->channels; c++)
    for (int t = 0; t < k->taps; t++) {
      const float *x = k->x + pixel.x + (ptrdiff_t)((size_t)c * k->x_channel) + k->tap[t].x;
      const float w = weight_of(k, o, c, k->tap[t].weight);
      for (int l = 0; l < ESP_LANES; l++) sum[l] = fmaf(w, x[l], sum[l]);
    }
  store(sum, &k->epilogue, o, k->y, pixel.y + (ptrdiff_t)((size_t)o * k->y_channel));
}

void ESP_ISA_NAME(esp__correlate)(const esp__correlate *k) {
  for (int p = 0; p < k->pixels; p++)
    for (int o = 0; o < k->outputs; o++) correlate_one(k, k->pixel[p], o);
}

static void linear_one(const esp__linear *k, esp__pixel pixel, int o) {
  float sum[ESP_LANES] = {0};
  for (int c = 0; c < k->channels; c++) {
    const float *x = k->x + pixel.x + (ptrdiff_t)((size_t)c * k->x_channel);
    const float w = k->weight[(size_t)o * k->o_stride + (size_t)c * k->c_stride];
    for (int l = 0; l < ESP_LANES; l++) sum[l] = fmaf(w, x[l], sum[l]);
  }
  store(sum, &k->epilogue, o, k->y, pixel.y + (ptrdiff_t)((size_t)o * k->y_channel));
}

void ESP_ISA_NAME(esp__linear)(const esp__linear *k) {
  for (int p = 0; p < k->pixels; p++)
    for (int o = 0; o < k->outputs; o++) linear_one(k, k->pixel[p], o);
}

static void sparse_one(const esp__correlate_csr *k, esp__pixel pixel, int o) {
  float sum[ESP_LANES] = {0};
  for (int b = 0; b < k->blocks; b++)
    for (uint32_t e = k->row_ptr[b * k->rows + o]; e < k->row_ptr[b * k->rows + o + 1]; e++)
      for (int l = 0; l < ESP_LANES; l++)
        sum[l] = fmaf(k->val[e], k->x[pixel.x + k->col[e] + l], sum[l]);
  store(sum, &k->epilogue, o, k->y, pixel.y + (ptrdiff_t)((size_t)o * k->y_channel));
}

void ESP_ISA_NAME(esp__correlate_csr)(const esp__correlate_csr *k) {
  for (int p = 0; p < k->pixels; p++)
    for (int o = 0; o < k->outputs; o++) sparse_one(k, k->pixel[p], o);
}

static void tiled_one(const esp__correlate_bcsr *k, esp__pixel pixel, int i) {
  const int o = k->perm[i], tile = i / ESP_TILE;
  float sum[ESP_LANES] = {0};
  for (uint32_t e = k->row_ptr[tile]; e < k->row_ptr[tile + 1]; e++)
    for (int l = 0; l < ESP_LANES; l++)
      sum[l] = fmaf(k->val[e * ESP_TILE + (uint32_t)(i % ESP_TILE)], k->x[pixel.x + k->col[e] + l],
                    sum[l]);
  store(sum, &k->epilogue, o, k->y, pixel.y + (ptrdiff_t)((size_t)o * k->y_channel));
}

void ESP_ISA_NAME(esp__correlate_bcsr)(const esp__correlate_bcsr *k) {
  for (int p = 0; p < k->pixels; p++)
    for (int i = 0; i < k->outputs; i++) tiled_one(k, k->pixel[p], i);
}

/* The sum over pixels of y[pixel.y] * x[pixel.x]. */
static float product(const esp__pixel *pixel, int pixels, const float *y, const float *x) {
  float lane[ESP_LANES] = {0};
  for (int p = 0; p < pixels; p++)
    for (int l = 0; l < ESP_LANES; l++)
      lane[l] = fmaf(y[pixel[p].y + l], x[pixel[p].x + l], lane[l]);
  return esp__lanes_sum(lane);
}

void ESP_ISA_NAME(esp__correlate_weights)(const esp__correlate_weights *k) {
  for (int o = 0; o < k->outputs; o++)
    for (int j = 0; j < k->columns; j++) {
      float *to = &k->sum[(size_t)o * k->sum_stride + (size_t)j];
      const float sum =
          product(k->pixel, k->pixels, k->y + (size_t)o * k->y_channel, k->x + k->column[j]);
      *to = k->add ? *to + sum : sum;
    }
}

void ESP_ISA_NAME(esp__correlate_weights_bcsr)(const esp__correlate_weights_bcsr *k) {
  for (int i = 0; i < k->outputs; i++)
    for (uint32_t e = k->row_ptr[i / ESP_TILE]; e < k->row_ptr[i / ESP_TILE + 1]; e++)
      k->sum[(e - k->row_ptr[0]) * ESP_TILE + (uint32_t)(i % ESP_TILE)] =
          product(k->pixel, k->pixels, k->y + (size_t)k->perm[i] * k->y_channel, k->x + k->col[e]);
}

void ESP_ISA_NAME(esp__correlate_weights_csr)(const esp__correlate_weights_csr *k) {
  for (int b = 0; b < k->blocks; b++)
    for (int o = 0; o < k->outputs; o++)
      for (uint32_t e = k->row_ptr[b * k->rows + o]; e < k->row_ptr[b * k->rows + o + 1]; e++)
        k->sum[e] = product(k->pixel, k->pixels, k->y + (size_t)o * k->y_channel, k->x + k->col[e]);
}
