#include "report/layer_rows.h"

#include <string.h>

esp__layer_rows esp__layer_rows_of(const esp__run_record *r, int round) {
  const double wanted = esp__run_record_round(r, round);
  esp__layer_rows found = {0, 0};
  for (int row = 0; row < r->layers.rows; row++) {
    if (esp_csv_number(&r->layers, row, "round") != wanted) continue;
    if (found.count == 0) found.first = row;
    if (row == found.first + found.count) found.count++;
  }
  return found;
}

static bool same_cell(const esp_csv *a, int row, const esp_csv *b, int other, const char *column) {
  return strcmp(esp_csv_text(a, row, column), esp_csv_text(b, other, column)) == 0;
}

bool esp__same_layers(const esp__run_records *runs, const esp__point *a, const esp__point *b) {
  const esp__run_record *one = &runs->item[a->run], *two = &runs->item[b->run];
  const esp__layer_rows x = esp__layer_rows_of(one, a->round),
                        y = esp__layer_rows_of(two, b->round);
  for (int i = 0; i < x.count && i < y.count; i++)
    if (!same_cell(&one->layers, x.first + i, &two->layers, y.first + i, "layer") ||
        !same_cell(&one->layers, x.first + i, &two->layers, y.first + i, "weights"))
      return false;
  return x.count == y.count;
}
