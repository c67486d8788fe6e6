/* Which pixels are computed together, and where the taps of a window lie. */
#include "base/integer.h"
#include "predict/network.h"

/* The largest of `most`, its half and so on that is neither more than `left` nor than `most`. */
static int group_of(int left, int most) {
  int count = most;
  while (count > left) count /= 2;
  return count;
}

/* Cuts runs of `length` spots into groups. */
static void cut(esp__spot_group *group, int runs, int length, int most, int *groups) {
  *groups = 0;
  for (int run = 0; run < runs; run++)
    for (int at = 0, count; at < length; at += count) {
      count = group_of(length - at, most);
      group[(*groups)++] = (esp__spot_group){run * length + at, count};
    }
}

esp__spots esp__spots_first(const esp__spots *all, int count, int most, esp__spot_group *group) {
  esp__spots first = *all;
  first.group = group;
  cut(group, 1, count, most, &first.groups);
  return first;
}

/* Between places of which one at least is in fields: in the order of y, so that what is computed
 * together is a vector of it if it is in fields. If both are, spots of a vector lie side by side in
 * both. */
static esp_status spots_in_fields(esp_network *n, const esp__place *x, const esp__place *y,
                                  esp_pair stride, int most, esp__spots *spots, esp_error *err) {
  const bool both = x->layout == y->layout;
  const int pixels = y->shape.height * y->shape.width;
  esp__spot *spot;
  esp__spot_group *group;
  ESP_TRY(esp__store_alloc(&n->store, (size_t)pixels * sizeof *spot, &spot, err));
  ESP_TRY(esp__store_alloc(&n->store, (size_t)pixels * sizeof *group, &group, err));
  for (int i = 0; i < pixels; i++) {
    const esp_pair p = y->layout == ESP_FIELDS ? esp__field_pixel(y, i)
                                               : (esp_pair){i / y->shape.width, i % y->shape.width};
    spot[i] = (esp__spot){esp__place_pixel(x, p.rows * stride.rows, p.columns * stride.columns),
                          esp__place_pixel(y, p.rows, p.columns)};
  }
  *spots = (esp__spots){.spot = spot, .group = group};
  cut(group, 1, pixels, both ? esp__least(most, esp__place_column(y)) : most, &spots->groups);
  return ESP_OK;
}

/* Groups lie within a row where rows are long or hold whole groups; else anywhere. Rows without
 * gaps are one. */
esp_status esp__spots_up_to(esp_network *n, const esp__place *x, const esp__place *y,
                            esp_pair stride, int most, esp__spots *spots, esp_error *err) {
  const int rows = y->shape.height, columns = y->shape.width, lanes = esp__place_lanes(x),
            pixels = rows * columns;
  if (x->layout == ESP_FIELDS || y->layout == ESP_FIELDS)
    return spots_in_fields(n, x, y, stride, most, spots, err);
  const bool one_row = x->row == columns * lanes && stride.rows == 1 && stride.columns == 1;
  const bool by_row = one_row || rows == 1 || columns % most == 0 || columns >= 2 * most;
  esp__spot *spot;
  esp__spot_group *group;
  ESP_TRY(esp__store_alloc(&n->store, (size_t)pixels * sizeof *spot, &spot, err));
  ESP_TRY(esp__store_alloc(&n->store, (size_t)pixels * sizeof *group, &group, err));
  for (int i = 0; i < pixels; i++) {
    const int r = i / columns, c = i % columns;
    spot[i] = (esp__spot){r * stride.rows * x->row + c * stride.columns * lanes,
                          r * y->row + c * esp__place_lanes(y)};
  }
  *spots = (esp__spots){.spot = spot, .group = group};
  cut(group, by_row && !one_row ? rows : 1, by_row && !one_row ? columns : pixels, most,
      &spots->groups);
  if (by_row && lanes == ESP_BLOCK && stride.columns <= 2) spots->step = stride.columns * ESP_BLOCK;
  return ESP_OK;
}

esp_status esp__spots_of(esp_network *n, const esp__place *x, const esp__place *y, esp_pair stride,
                         esp__spots *spots, esp_error *err) {
  return esp__spots_up_to(n, x, y, stride, n->kernels->dense_spots(), spots, err);
}

esp_status esp__channels_of(esp_network *n, const esp__place *x, int count, int apart,
                            int32_t **channel, esp_error *err) {
  ESP_TRY(esp__store_alloc(&n->store, (size_t)count * sizeof **channel, channel, err));
  for (int c = 0; c < count; c++) (*channel)[c] = esp__place_channel(x, c * apart);
  return ESP_OK;
}

esp_status esp__taps_of(esp_network *n, const esp__place *x, const esp_operation *op, int32_t **tap,
                        esp_error *err) {
  const esp_pair window = esp__window_of(op->param[0]);
  const int rows = window.rows, columns = window.columns;
  const esp_pair padding = op->attr.conv.padding;
  ESP_TRY(esp__store_alloc(&n->store, (size_t)(rows * columns) * sizeof **tap, tap, err));
  for (int i = 0; i < rows * columns; i++)
    (*tap)[i] = (i / columns - padding.rows) * x->row +
                (i % columns - padding.columns) * esp__place_column(x);
  return ESP_OK;
}
