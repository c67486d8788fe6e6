/* The engine that computes the logits of a batch: the graph, or the predictor image by image. */
#ifndef ESP_CLI_ENGINE_H
#define ESP_CLI_ENGINE_H

#include <espalier/predict.h>
#include <espalier/run.h>

typedef struct esp__engine {
  esp_graph *graph;     /* holds the logits either way */
  esp_network *network; /* NULL: the graph computes them */
  esp_predictor *predictor;
  float *image, *logits; /* of an image; of a batch */
} esp__engine;

/* With a predictor for batches of up to `batch` images, whose logits go into the graph, which is
 * borrowed. On failure the engine is still to be closed. */
esp_status esp__engine_open_predictor(esp__engine *e, const esp_loaded_run *o, int batch,
                                      esp_error *err);
void esp__engine_close(esp__engine *e);
esp_outcome esp__engine_run(esp__engine *e, const esp_batch *batch);

#endif
