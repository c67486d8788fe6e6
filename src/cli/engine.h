/* The engine that computes the logits of a batch: the graph, or the predictor image by image. */
#ifndef ESP_CLI_ENGINE_H
#define ESP_CLI_ENGINE_H

#include <espalier/predict.h>
#include <espalier/run.h>

typedef struct engine {
  esp_graph *graph;     /* holds the logits either way */
  esp_network *network; /* NULL: the graph computes them */
  esp_predictor *predictor;
  float *image, *logits; /* of an image; of a batch */
} engine;

/* With a predictor for batches of up to `batch` images, whose logits go into the graph, which is
 * borrowed. On failure the engine is still to be closed. */
esp_status engine_open_predictor(engine *e, const esp_loaded_run *o, int batch, esp_error *err);
void engine_close(engine *e);
esp_outcome engine_run(engine *e, const esp_batch *batch);

#endif
