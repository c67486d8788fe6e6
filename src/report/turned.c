/* The test images that pruning turned, of the first seed of each series: how many, and pictures of
 * those that turned wrong. */
#include "base/json.h"
#include "report/class_name.h"
#include "report/picture.h"
#include "report/report_data.h"
#include "rundir/paths.h"

#include <espalier/file.h>

#include <stdio.h>
#include <stdlib.h>

enum { SERIES_MAX = 8, PICTURES_MAX = 48, SIDE_MAX = 64 };

/* ---- the table ---- */

static bool was_right(const esp__run_record *r, int row, const char *answer) {
  return esp_csv_number(&r->turned, row, answer) == esp_csv_number(&r->turned, row, "label");
}

static void add_counts(cJSON *table, const esp__report_data *data, int run) {
  const esp__run_record *r = &data->runs.item[run];
  int wrong = 0;
  if (r->turned.columns == 0) return;
  for (int row = 0; row < r->turned.rows; row++) wrong += was_right(r, row, "answer_dense");
  ESP_TABLE_ROW(table, esp__text_cell(data->diff.series_name[data->diff.series_of[run]]),
                esp__text_cell(r->name), esp__number_cell((double)r->config.run.seed),
                esp__number_cell(wrong), esp__number_cell(r->turned.rows - wrong));
}

static void add_table(cJSON *report, const esp__report_data *data) {
  static const esp__column columns[] = {{"series", "series"},
                                        {"run", "run"},
                                        {"seed", "seed"},
                                        {"turned_wrong", "turned wrong (images)"},
                                        {"turned_right", "turned right (images)"},
                                        {0}};
  cJSON *table = esp__table_new("turned", columns);
  for (int series = 0; series < data->diff.series; series++)
    for (int run = 0; run < data->runs.count; run++)
      if (data->diff.series_of[run] == series) add_counts(table, data, run);
  esp__report_table_of(report, NULL, table);
}

/* ---- pictures ---- */

/* Pixels [n][channels][height][width] of a file. */
typedef struct pictures {
  const uint8_t *pixels;
  int n, channels, height, width;
} pictures;

/* Whether the file holds such pictures, of sizes that a page can show. */
static bool find_pixels(pictures *p, const esp_bundle *b) {
  const esp_blob *blob = esp_bundle_find(b, "pixels");
  if (!blob || blob->dtype != ESP_U8 || blob->rank != 4 || blob->bytes == 0) return false;
  const int64_t *s = blob->shape;
  if (s[0] > PICTURES_MAX || s[1] > 1024 || s[2] > SIDE_MAX || s[3] > SIDE_MAX) return false;
  *p = (pictures){blob->data, (int)s[0], (int)s[1], (int)s[2], (int)s[3]};
  return true;
}

/* Colours where there are three channels, else the first as grey. */
static char *png_of(const pictures *p, int i) {
  const size_t plane = (size_t)p->height * (size_t)p->width;
  const uint8_t *from = p->pixels + (size_t)i * (size_t)p->channels * plane;
  uint8_t *rgba = malloc(4 * plane);
  for (size_t k = 0; rgba && k < plane; k++) {
    for (size_t c = 0; c < 3; c++) rgba[4 * k + c] = from[(p->channels == 3 ? c * plane : 0) + k];
    rgba[4 * k + 3] = 255;
  }
  char *png = rgba ? esp__picture_base64(rgba, p->width, p->height) : NULL;
  free(rgba);
  return png;
}

/* The name of the class in a column of turned.csv. */
static void put_class(cJSON *o, const char *name, const esp__run_record *r, int row,
                      const char *column) {
  char text[64];
  const double number = esp_csv_number(&r->turned, row, column);
  esp__class_name(r, number >= 0.0 && number < 1e6 ? (int)number : 0, text);
  esp__json_put_string(o, name, text);
}

static int row_of_image(const esp_csv *t, long image) {
  int row = 0;
  while (row < t->rows && esp_csv_number(t, row, "image") != (double)image) row++;
  return row;
}

static esp_status add_picture(cJSON *list, const pictures *p, int i, long image,
                              const esp__run_record *r, esp_error *err) {
  const int row = row_of_image(&r->turned, image);
  if (row == r->turned.rows) return ESP_OK;
  char *png = png_of(p, i);
  if (!png) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a picture");
  cJSON *o = esp__json_append(list, cJSON_CreateObject());
  esp__json_put_number(o, "image", (double)image);
  put_class(o, "label", r, row, "label");
  put_class(o, "answer", r, row, "answer");
  esp__json_put_number(o, "width", p->width);
  esp__json_put_number(o, "height", p->height);
  esp__json_put_string(o, "png", png);
  free(png);
  return ESP_OK;
}

static esp_status add_pictures(cJSON *group, const esp_bundle *b, const esp__run_record *r,
                               esp_error *err) {
  const char *images = esp_bundle_text(b, "espalier.images");
  cJSON *list = esp__json_put_array(group, "pictures");
  pictures p;
  char *end;
  if (!images || !find_pixels(&p, b)) return ESP_OK;
  for (int i = 0; i < p.n && *images; i++, images = end) {
    const long image = strtol(images, &end, 10);
    if (end == images) break;
    ESP_TRY(add_picture(list, &p, i, image, r, err));
  }
  return ESP_OK;
}

static esp_status add_series(cJSON *report, const esp__report_data *data, int run, esp_error *err) {
  const esp__run_record *r = &data->runs.item[run];
  char path[ESP_PATH_MAX];
  esp_bundle b;
  esp_error why;
  if (!esp__path_exists(r->dir, ESP_FILE_TURNED_PICTURES)) return ESP_OK;
  ESP_TRY(esp__path_make(path, r->dir, ESP_FILE_TURNED_PICTURES, err));
  esp_status status = esp_bundle_load(&b, path, &why);
  if (status == ESP_ERR_MEMORY) return esp_fail(err, status, "%s", why.text);
  if (status != ESP_OK) return esp__report_note(report, "%s", why.text), ESP_OK;
  cJSON *group = esp__json_append(cJSON_GetObjectItem(report, "turned"), cJSON_CreateObject());
  esp__json_put_number(group, "series", data->diff.series_of[run]);
  status = add_pictures(group, &b, r, err);
  esp_bundle_free(&b);
  return status;
}

esp_status esp__add_turned(cJSON *report, const esp__report_data *data, esp_error *err) {
  const esp__points *p = &data->points;
  add_table(report, data);
  for (int first = 0, end; first < p->count && p->item[first].series < SERIES_MAX; first = end) {
    end = esp__level_end(p, first);
    const bool last = end == p->count || !esp__same_series(p, first, end);
    if (last && p->item[first].round > 0)
      ESP_TRY(add_series(report, data, p->item[first].run, err));
  }
  return ESP_OK;
}
