#include "report/table.h"

#include "base/json.h"

#include <math.h>

void esp__table_widen(cJSON *table, const char *name, const char *label) {
  cJSON *column = cJSON_CreateObject();
  esp__json_put_string(column, "name", name);
  esp__json_put_string(column, "label", label);
  esp__json_append(cJSON_GetObjectItem(table, "columns"), column);
}

cJSON *esp__table_new(const char *id, const esp__column *columns) {
  cJSON *table = cJSON_CreateObject();
  esp__json_put_string(table, "id", id);
  esp__json_put_array(table, "columns");
  esp__json_put_array(table, "rows");
  for (; columns->name; columns++) esp__table_widen(table, columns->name, columns->label);
  return table;
}

cJSON *esp__table_row_begin(cJSON *table) {
  return esp__json_append(cJSON_GetObjectItem(table, "rows"), cJSON_CreateArray());
}

void esp__table_cell(cJSON *row, esp__cell cell) {
  esp__json_append(row, cell.text               ? cJSON_CreateString(cell.text)
                        : isfinite(cell.number) ? cJSON_CreateNumber(cell.number)
                                                : cJSON_CreateNull());
}

void esp__table_row(cJSON *table, const esp__cell *cell, int cells) {
  cJSON *row = esp__table_row_begin(table);
  for (int i = 0; i < cells; i++) esp__table_cell(row, cell[i]);
}

int esp__table_rows(const cJSON *table) {
  return cJSON_GetArraySize(cJSON_GetObjectItem(table, "rows"));
}
