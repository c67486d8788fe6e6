/* The scale with which a tensor of floats becomes integers of 8 bits. */
#ifndef ESP_AUTOGRAD_CALIBRATE_H
#define ESP_AUTOGRAD_CALIBRATE_H

#include <espalier/graph.h>

/* From the images of the current pass: largest / 127, where `largest` is the largest magnitude; the
 * smallest that the share c->percentile / 100 of the magnitudes do not exceed; or, of 128
 * magnitudes evenly up to the largest, the one whose rounding leaves the least sum of squared
 * errors. The last two count magnitudes in 4096 steps of the largest. 0 where all values are 0.
 * Processes that share the pass call it together. */
float esp__calibrate(esp_graph *g, const esp_tensor *x, const esp_calibration *c);

#endif
