/* Running the steps of a network over memory of one's own. */
#include "base/memory.h"
#include "predict/network.h"
#include "predict/sounds.h"
#include "predict/team.h"

#include <stdlib.h>
#include <string.h>

/* Memory for the activations of each thread, one behind the other. */
struct esp_predictor {
  const esp_network *network;
  float *memory;
  int threads;
  esp__team *team; /* NULL: one thread */
  esp__hearer hearer;
};

esp_status esp__memory_new(const esp_network *n, int threads, float **memory, esp_error *err) {
  const size_t bytes = (size_t)threads * n->floats * sizeof(float);
  if (!(*memory = esp__memory_zeroed(bytes)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for %zu bytes", bytes);
  return ESP_OK;
}

esp_status esp_predictor_new_threads(esp_predictor **predictor, const esp_network *network,
                                     int threads, esp_error *err) {
  if (threads < 1 || threads > ESP_PREDICTOR_THREADS)
    return esp_fail(err, ESP_ERR_INPUT, "a predictor has 1 to %d threads, not %d",
                    ESP_PREDICTOR_THREADS, threads);
  esp_predictor *p = calloc(1, sizeof *p);
  if (!p) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a predictor");
  p->network = network;
  p->threads = threads;
  esp_status status = esp__memory_new(network, threads, &p->memory, err);
  if (status == ESP_OK) status = esp__hearer_open(&p->hearer, network->spectrum, err);
  if (status == ESP_OK && threads > 1) status = esp__team_new(&p->team, threads, err);
  if (status == ESP_OK)
    *predictor = p;
  else
    esp_predictor_free(p);
  return status;
}

esp_status esp_predictor_new(esp_predictor **predictor, const esp_network *network,
                             esp_error *err) {
  return esp_predictor_new_threads(predictor, network, 1, err);
}

void esp_predictor_free(esp_predictor *p) {
  if (!p) return;
  esp__team_free(p->team);
  esp__hearer_close(&p->hearer);
  free(p->memory);
  free(p);
}

size_t esp_predictor_bytes(const esp_predictor *p) {
  return (size_t)p->threads * p->network->floats * sizeof(float) +
         esp__hearer_bytes(p->network->spectrum);
}

/* ---- one image in the memory of a thread ---- */

static float *memory_of(const esp_predictor *p, int thread) {
  return p->memory + (size_t)thread * p->network->floats;
}

static float *row_of(const esp_network *n, float *memory, int c, int r) {
  const esp__place *in = &n->place[n->in];
  return memory + in->first + esp__place_channel(in, c) + r * in->row;
}

static void put_image(const esp_network *n, const float *image, float *memory) {
  const esp_shape s = n->input;
  for (int c = 0; c < s.channels; c++)
    for (int r = 0; r < s.height; r++, image += s.width)
      memcpy(row_of(n, memory, c, r), image, (size_t)s.width * sizeof *image);
}

static void take_logits(const esp_network *n, const float *memory, float *logits) {
  const esp__place *out = &n->place[n->out];
  for (int c = 0; c < n->outputs; c++)
    logits[c] = memory[out->first + (size_t)esp__place_channel(out, c)];
}

static void run_alone(const esp_network *n, float *memory) {
  for (int s = 0; s < n->steps; s++) n->step[s].run(n->kernels, &n->step[s], memory);
}

/* ---- one image on all threads: each step in parts, one after another ---- */

/* A step, and the memory of the image. */
typedef struct shared_step {
  const esp__step *step;
  int parts;
  float *memory;
} shared_step;

static void run_part(void *user, int part, int thread) {
  const shared_step *s = user;
  esp__step own = *s->step;
  (void)thread;
  own.part = part;
  own.parts = s->parts;
  own.run(own.network->kernels, &own, s->memory);
}

static void run_together(const esp_predictor *p) {
  const esp_network *n = p->network;
  for (int i = 0; i < n->steps; i++) {
    shared_step own = {&n->step[i], p->threads, p->memory};
    if (own.step->shares)
      esp__team_run(p->team, p->threads, run_part, &own);
    else
      own.step->run(n->kernels, own.step, p->memory);
  }
}

/* Of the image in the memory of the first thread. */
static void run(esp_predictor *p, float *logits) {
  if (p->team)
    run_together(p);
  else
    run_alone(p->network, p->memory);
  take_logits(p->network, p->memory, logits);
}

void esp_predict_pixels(esp_predictor *p, const uint8_t *pixels, float *logits) {
  const esp_network *n = p->network;
  for (int c = 0; c < n->input.channels; c++)
    for (int r = 0; r < n->input.height; r++) {
      float *to = row_of(n, p->memory, c, r);
      for (int i = 0; i < n->input.width; i++)
        to[i] = esp_normalise_pixel(*pixels++, n->mean[c], n->deviation[c]);
    }
  run(p, logits);
}

void esp_predict_features(esp_predictor *p, const float *features, float *logits) {
  const esp_network *n = p->network;
  for (int c = 0; c < n->input.channels; c++)
    for (int r = 0; r < n->input.height; r++) {
      float *to = row_of(n, p->memory, c, r);
      for (int i = 0; i < n->input.width; i++)
        to[i] = esp_normalise_feature(*features++, n->mean[c], n->deviation[c]);
    }
  run(p, logits);
}

void esp_predict_sound(esp_predictor *p, const int16_t *samples, float *logits) {
  esp__hear_sound(p->network->spectrum, &p->hearer, samples);
  esp_predict_features(p, p->hearer.features, logits);
}

void esp_predict_frame(esp_predictor *p, const int16_t *samples, float *logits) {
  esp__hear_frame(p->network->spectrum, &p->hearer, samples);
  esp_predict_features(p, p->hearer.features, logits);
}

void esp_predict(esp_predictor *p, const float *image, float *logits) {
  put_image(p->network, image, p->memory);
  run(p, logits);
}

/* ---- many images: each on one thread ---- */

typedef struct batch {
  const esp_predictor *predictor;
  const float *images;
  float *logits;
} batch;

static size_t image_floats(const esp_network *n) {
  return (size_t)n->input.channels * (size_t)n->input.height * (size_t)n->input.width;
}

static void run_image(void *user, int i, int thread) {
  const batch *b = user;
  const esp_network *n = b->predictor->network;
  float *memory = memory_of(b->predictor, thread);
  put_image(n, b->images + (size_t)i * image_floats(n), memory);
  run_alone(n, memory);
  take_logits(n, memory, b->logits + (size_t)i * (size_t)n->outputs);
}

/* As many as leave no thread without work; the rest one by one. */
void esp_predict_images(esp_predictor *p, const float *images, int count, float *logits) {
  const esp_network *n = p->network;
  int done = 0;
  while (p->team && count - done >= p->threads) {
    const int some = count - done < ESP_TEAM_PARTS ? count - done : ESP_TEAM_PARTS - 1,
              even = some / p->threads * p->threads;
    batch b = {p, images + (size_t)done * image_floats(n),
               logits + (size_t)done * (size_t)n->outputs};
    esp__team_run(p->team, even, run_image, &b);
    done += even;
  }
  for (; done < count; done++)
    esp_predict(p, images + (size_t)done * image_floats(n),
                logits + (size_t)done * (size_t)n->outputs);
}
