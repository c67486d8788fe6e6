/* Tables. Every cell can be asked for, whatever the file was. */
#include "fuzz.h"

#include <espalier/csv.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  esp_csv t;
  esp_error err;
  size_t length = 0;
  (void)esp_csv_read(&t, fuzz_file(data, bytes), &err);
  for (int row = -1; row <= t.rows; row++)
    for (int column = -1; column <= t.columns; column++)
      length += strlen(esp_csv_cell(&t, row, column));
  for (int column = 0; column < t.columns; column++) (void)esp_csv_number(&t, 0, t.name[column]);
  fuzz_need(length <= bytes, "cells are parts of the file");
  esp_csv_free(&t);
  return 0;
}
