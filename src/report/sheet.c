#include "report/sheet.h"

#include "base/json.h"

#include <math.h>

void esp__table_widen(cJSON *sheet, const char *name, const char *label) {
  cJSON *column = cJSON_CreateObject();
  esp__json_put_string(column, "name", name);
  esp__json_put_string(column, "label", label);
  esp__json_append(cJSON_GetObjectItem(sheet, "columns"), column);
}

cJSON *esp__table_new(const char *id, const esp__column *columns) {
  cJSON *sheet = cJSON_CreateObject();
  esp__json_put_string(sheet, "id", id);
  esp__json_put_array(sheet, "columns");
  esp__json_put_array(sheet, "rows");
  for (; columns->name; columns++) esp__table_widen(sheet, columns->name, columns->label);
  return sheet;
}

cJSON *esp__table_row_begin(cJSON *sheet) {
  return esp__json_append(cJSON_GetObjectItem(sheet, "rows"), cJSON_CreateArray());
}

void esp__table_cell(cJSON *row, esp__cell cell) {
  esp__json_append(row, cell.text               ? cJSON_CreateString(cell.text)
                        : isfinite(cell.number) ? cJSON_CreateNumber(cell.number)
                                                : cJSON_CreateNull());
}

void esp__table_row(cJSON *sheet, const esp__cell *cell, int cells) {
  cJSON *row = esp__table_row_begin(sheet);
  for (int i = 0; i < cells; i++) esp__table_cell(row, cell[i]);
}

int esp__table_rows(const cJSON *sheet) {
  return cJSON_GetArraySize(cJSON_GetObjectItem(sheet, "rows"));
}
