/* Instability analysis (Frankle et al. 2020): two copies of a network at a step of its training are
 * trained to the end with different orders, augmentations and dropout of the images; what lies on
 * the straight line between them says whether they have come to the same minimum. */
#ifndef ESP_INSTABILITY_H
#define ESP_INSTABILITY_H

#include <espalier/interpolation.h>
#include <espalier/linkage.h>

ESP_BEGIN_DECLS

/* Where the copies branch off: a step, or the beginning of an epoch, of the training. */
typedef struct esp_branch_point {
  int64_t number; /* 0 = the initial weights */
  bool epochs;    /* it counts epochs */
} esp_branch_point;

/* Trains both in `dir`/one and `dir`/two, which are run directories; what is there of them already
 * is gone on with, so the same call again goes on after a kill, with the same bits. The steps
 * before the branch point are done once. Then measures the line between the two, and writes
 * `dir`/line.csv (a row per point) and `dir`/instability.csv (a row per way to treat running
 * statistics). *line is for the caller to free; on failure it needs no freeing. Errors: a
 * configuration that retrains in rounds; a branch point at or behind the end; a directory made by
 * another configuration. */
esp_status esp_instability(esp_interpolation *line, const esp_config *config, const char *source,
                           const char *dir, esp_branch_point point, int points,
                           esp_run_control control, esp_error *err);

ESP_END_DECLS

#endif
