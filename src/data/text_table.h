/* Tables of labels and texts. */
#ifndef ESP_DATA_TEXT_TABLE_H
#define ESP_DATA_TEXT_TABLE_H

#include <espalier/data.h>

/* Adds the texts of a file whose lines are label, tab, text; a first line "label", tab, "text" is a
 * heading. Where the set has no classes yet, the labels, sorted, become its classes; else a label
 * that is none of them is an error. */
esp_status esp__text_table_read(esp_dataset *set, esp_images *images, const char *path,
                                esp_error *err);

#endif
