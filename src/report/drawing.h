/* A drawing of a network, from its text in the layer language. */
#ifndef ESP_REPORT_DRAWING_H
#define ESP_REPORT_DRAWING_H

#include <espalier/csv.h>
#include <espalier/file.h>

/* The network of a weights file as SVG, newly allocated in *svg: a row per layer, blocks as boxes,
 * residuals with the line that goes around them, and a bar for the channels of each layer, dark
 * where a weight is left. `layers` names the layers in the order of the network (layers.csv).
 * Colours are those of the page, or of paper where the drawing stands alone. Errors: the file has
 * no network in it, or one that does not parse; no memory. */
esp_status esp__drawing_make(const esp_bundle *b, const esp_csv *layers, const char *title,
                             char **svg, esp_error *err);

#endif
