/* What masks and filters look like. */
#include "base/json.h"
#include "report/drawing.h"
#include "report/network_file.h"
#include "report/picture.h"
#include "report/report_data.h"

#include <espalier/file.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  MASK_WIDTH = 288,
  MASK_HEIGHT = 128,
  FILTERS_MAX = 64,
  FILTER_COLUMNS = 16,
  KERNEL_MAX = 64,
  LAYERS_MAX = 512,
  SERIES_MAX = 16
};

typedef struct picture {
  uint8_t *pixels; /* RGBA; begins transparent */
  int width, height;
} picture;

static picture blank(int width, int height) {
  return (picture){calloc((size_t)width * (size_t)height, 4), width, height};
}

static void set_pixel(picture *p, int x, int y, const uint8_t rgba[4]) {
  memcpy(p->pixels + 4 * ((size_t)y * (size_t)p->width + (size_t)x), rgba, 4);
}

/* What a picture shows, and of which network. */
typedef struct caption {
  int series;
  const char *kind, *layer, *level;
} caption;

/* Gives the picture to the report and frees it. */
static esp_status add_picture(cJSON *report, picture p, caption c, const char *note,
                              esp_error *err) {
  char *png = p.pixels ? esp__picture_base64(p.pixels, p.width, p.height) : NULL;
  free(p.pixels);
  if (!png) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a picture");
  cJSON *o = cJSON_CreateObject();
  esp__json_put_number(o, "series", c.series);
  esp__json_put_string(o, "kind", c.kind);
  esp__json_put_string(o, "layer", c.layer);
  esp__json_put_string(o, "level", c.level);
  esp__json_put_string(o, "note", note);
  esp__json_put_number(o, "width", p.width);
  esp__json_put_number(o, "height", p.height);
  esp__json_put_string(o, "png", png);
  esp__json_append(cJSON_GetObjectItem(report, "pictures"), o);
  free(png);
  return ESP_OK;
}

/* ---- masks ---- */

static int side(size_t of, int limit) {
  return of < (size_t)limit ? (int)of : limit;
}

/* A row per output, a column per weight of it; where there is no room for each, a pixel is the
 * share of several. */
static picture mask_picture(const float *weight, size_t outputs, size_t inputs) {
  picture p = blank(side(inputs, MASK_WIDTH), side(outputs, MASK_HEIGHT));
  for (int y = 0; p.pixels && y < p.height; y++)
    for (int x = 0; x < p.width; x++) {
      const size_t top = (size_t)y * outputs / (size_t)p.height,
                   below = ((size_t)y + 1) * outputs / (size_t)p.height;
      const size_t left = (size_t)x * inputs / (size_t)p.width,
                   right = ((size_t)x + 1) * inputs / (size_t)p.width;
      size_t kept = 0;
      for (size_t o = top; o < below; o++)
        for (size_t i = left; i < right; i++) kept += weight[o * inputs + i] != 0.0f;
      const size_t all = (below - top) * (right - left);
      set_pixel(&p, x, y, (const uint8_t[]){0, 0, 0, (uint8_t)((255 * kept + all - 1) / all)});
    }
  return p;
}

static esp_status add_mask(cJSON *report, const esp_blob *blob, caption c, esp_error *err) {
  const size_t count = blob->bytes / sizeof(float), outputs = (size_t)blob->shape[0],
               inputs = count / outputs;
  const float *weight = blob->data;
  size_t kept = 0;
  char note[128];
  for (size_t i = 0; i < count; i++) kept += weight[i] != 0.0f;
  snprintf(note, sizeof note, "%zu x %zu, density %.4g %%", outputs, inputs,
           100.0 * (double)kept / (double)count);
  return add_picture(report, mask_picture(weight, outputs, inputs), c, note, err);
}

/* ---- filters ---- */

/* Filters (n, channels, height, width): colours where there are three channels, else the mean of
 * the channels. */
typedef struct filters {
  const float *weight;
  int n, channels, height, width;
  float largest; /* of all absolute values; > 0 */
} filters;

/* -largest is black, 0 the middle, largest white. */
static uint8_t shade(const filters *f, float value) {
  return (uint8_t)lrintf(127.5f + 127.5f * fmaxf(-1.0f, fminf(1.0f, value / f->largest)));
}

static void draw_pixel(picture *p, const filters *f, int filter, int y, int x) {
  const int plane = f->height * f->width;
  const float *w = f->weight + (size_t)filter * (size_t)(f->channels * plane) + y * f->width + x;
  float sum = 0.0f;
  uint8_t rgba[4] = {0, 0, 0, 0};
  for (int c = 0; c < f->channels; c++) {
    sum += w[c * plane];
    if (w[c * plane] != 0.0f) rgba[3] = 255;
  }
  for (int c = 0; c < 3; c++)
    rgba[c] = shade(f, f->channels == 3 ? w[c * plane] : sum / (float)f->channels);
  set_pixel(p, filter % FILTER_COLUMNS * (f->width + 1) + x,
            filter / FILTER_COLUMNS * (f->height + 1) + y, rgba);
}

static picture filters_picture(const filters *f) {
  const int columns = f->n < FILTER_COLUMNS ? f->n : FILTER_COLUMNS,
            rows = (f->n - 1) / FILTER_COLUMNS + 1;
  picture p = blank(columns * (f->width + 1) - 1, rows * (f->height + 1) - 1);
  for (int i = 0; p.pixels && i < f->n; i++)
    for (int y = 0; y < f->height; y++)
      for (int x = 0; x < f->width; x++) draw_pixel(&p, f, i, y, x);
  return p;
}

/* The filters of a convolution, or of a linear layer that reads the image itself. */
static bool find_filters(filters *f, const esp_bundle *b, const esp_blob *blob) {
  const char *input = esp_bundle_text(b, "espalier.input");
  esp_shape shape = {(int)blob->shape[1], 0, 0};
  if (blob->rank == 4)
    shape = (esp_shape){(int)blob->shape[1], (int)blob->shape[2], (int)blob->shape[3]};
  else if (!input || esp_shape_parse(input, &shape, NULL) != ESP_OK ||
           (int64_t)shape.channels * shape.height * shape.width != blob->shape[1])
    return false;
  if (shape.height > KERNEL_MAX || shape.width > KERNEL_MAX) return false;
  *f = (filters){blob->data,     side((size_t)blob->shape[0], FILTERS_MAX),
                 shape.channels, shape.height,
                 shape.width,    0.0f};
  for (size_t i = 0; i < blob->bytes / sizeof(float); i++)
    f->largest = fmaxf(f->largest, fabsf(f->weight[i]));
  return f->largest > 0.0f;
}

static esp_status add_filters(cJSON *report, const esp_bundle *b, const esp_blob *blob, caption c,
                              esp_error *err) {
  filters f;
  char note[128];
  if (!find_filters(&f, b, blob)) return ESP_OK;
  snprintf(note, sizeof note, "%s%d filters of %dx%dx%d; black -%.3g, white %.3g",
           f.n < blob->shape[0] ? "the first " : "", f.n, f.channels, f.height, f.width,
           (double)f.largest, (double)f.largest);
  return add_picture(report, filters_picture(&f), c, note, err);
}

/* ---- networks ---- */

/* Which network: a point, and whether its masks are shown besides its filters. */
typedef struct network {
  const esp__report_data *data;
  const esp__point *point;
  char level[ESP_LABEL_MAX];
  bool masks;
} network;

static esp_status add_layers(cJSON *report, const network *n, const esp_bundle *b, esp_error *err) {
  const esp_csv *layers = &n->data->runs.item[n->point->run].layers;
  const char *first = esp_csv_text(layers, 0, "layer");
  for (int row = 0; row < layers->rows && row < (n->masks ? LAYERS_MAX : 1); row++) {
    const char *layer = esp_csv_text(layers, row, "layer");
    if (row > 0 && strcmp(layer, first) == 0) break; /* the next round */
    const esp_blob *blob = esp__network_weight(b, layer);
    if (blob && row == 0)
      ESP_TRY(add_filters(report, b, blob, (caption){n->point->series, "filters", layer, n->level},
                          err));
    if (blob && n->masks)
      ESP_TRY(add_mask(report, blob, (caption){n->point->series, "mask", layer, n->level}, err));
  }
  return ESP_OK;
}

/* What cannot be drawn becomes a note. */
static esp_status add_drawing(cJSON *report, const network *n, const esp_bundle *b,
                              esp_error *err) {
  const esp__run_record *r = &n->data->runs.item[n->point->run];
  char *svg, id[32];
  esp_error why;
  const esp_status status =
      esp__drawing_make(b, &r->layers, n->data->diff.series_name[n->point->series], &svg, &why);
  if (status == ESP_ERR_MEMORY) return esp_fail(err, status, "%s", why.text);
  if (status != ESP_OK)
    return esp__report_note(report, "%s: the network is not drawn: %s", r->dir, why.text), ESP_OK;
  cJSON *o = esp__json_append(cJSON_GetObjectItem(report, "drawings"), cJSON_CreateObject());
  snprintf(id, sizeof id, "network-%d", n->point->series + 1);
  esp__json_put_string(o, "id", id);
  esp__json_put_number(o, "series", n->point->series);
  esp__json_put_string(o, "level", n->level);
  esp__json_put_string(o, "svg", svg);
  free(svg);
  return ESP_OK;
}

static esp_status add_network(cJSON *report, const esp__report_data *data, int first, int end,
                              bool last, esp_error *err) {
  network n = {.data = data, .point = &data->points.item[first]};
  esp_bundle b;
  esp_error why;
  n.masks = last && n.point->round > 0; /* the masks of a dense network show nothing */
  esp__level_label(&data->points, first, end, n.level);
  esp_status status = esp__network_load(&b, &data->runs, n.point, &why);
  if (status == ESP_ERR_MEMORY) return esp_fail(err, status, "%s", why.text);
  if (status != ESP_OK) return esp__report_note(report, "%s", why.text), ESP_OK;
  status = last ? add_drawing(report, &n, &b, err) : ESP_OK;
  if (status == ESP_OK) status = add_layers(report, &n, &b, err);
  esp_bundle_free(&b);
  return status;
}

esp_status esp__add_pictures(cJSON *report, const esp__report_data *data, esp_error *err) {
  const esp__points *p = &data->points;
  if (data->diff.series > SERIES_MAX)
    esp__report_note(report, "%d series: masks and filters are shown for the first %d",
                     data->diff.series, SERIES_MAX);
  for (int first = 0, end; first < p->count && p->item[first].series < SERIES_MAX; first = end) {
    end = esp__level_end(p, first);
    const bool last = end == p->count || !esp__same_series(p, first, end);
    if (last || p->item[first].round == 0)
      ESP_TRY(add_network(report, data, first, end, last, err));
  }
  return ESP_OK;
}
