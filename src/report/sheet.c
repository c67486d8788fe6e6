#include "report/sheet.h"

#include <math.h>

void esp_sheet_widen(cJSON *sheet, const char *name, const char *label) {
  cJSON *column = cJSON_CreateObject();
  cJSON_AddStringToObject(column, "name", name);
  cJSON_AddStringToObject(column, "label", label);
  cJSON_AddItemToArray(cJSON_GetObjectItem(sheet, "columns"), column);
}

cJSON *esp_sheet_new(const char *id, const esp_column *columns) {
  cJSON *sheet = cJSON_CreateObject();
  cJSON_AddStringToObject(sheet, "id", id);
  cJSON_AddArrayToObject(sheet, "columns");
  cJSON_AddArrayToObject(sheet, "rows");
  for (; columns->name; columns++) esp_sheet_widen(sheet, columns->name, columns->label);
  return sheet;
}

cJSON *esp_sheet_row_begin(cJSON *sheet) {
  cJSON *row = cJSON_CreateArray();
  cJSON_AddItemToArray(cJSON_GetObjectItem(sheet, "rows"), row);
  return row;
}

void esp_sheet_cell(cJSON *row, esp_cell cell) {
  cJSON_AddItemToArray(row, cell.text               ? cJSON_CreateString(cell.text)
                            : isfinite(cell.number) ? cJSON_CreateNumber(cell.number)
                                                    : cJSON_CreateNull());
}

void esp_sheet_row(cJSON *sheet, const esp_cell *cell, int cells) {
  cJSON *row = esp_sheet_row_begin(sheet);
  for (int i = 0; i < cells; i++) esp_sheet_cell(row, cell[i]);
}

int esp_sheet_rows(const cJSON *sheet) {
  return cJSON_GetArraySize(cJSON_GetObjectItem(sheet, "rows"));
}
