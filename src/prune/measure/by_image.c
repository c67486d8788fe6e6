#include "prune/measure/by_image.h"

#include "prune/keys.h"

#include <stdlib.h>
#include <string.h>

static const char *per_name(size_t i) {
  static const char *const names[] = {"batch", "image"};
  return i < sizeof names / sizeof *names ? names[i] : NULL;
}

static const esp_option table[] = {
    {"per", ESP_OPTION_CHOICE, offsetof(esp__per_options, per), "batch", 0, 0, per_name,
     "fisher, taylor: whose gradient is scored, that of each batch (batch), or that of each image "
     "of saliency_batches batches by itself, as in the papers, which takes some twenty times as "
     "long (image)"},
    {.name = NULL}};
const esp_method_keys esp__per_keys = {table, sizeof(esp__per_options),
                                       .after = "saliency_batches"};

bool esp__by_image(const esp_prune_options *opt, const esp_criterion *c) {
  for (int i = 0; i < ESP_METHOD_KEYS_MAX && c->keys[i]; i++) {
    const esp__per_options *o = esp_prune_keys(opt, c->keys[i]);
    if (c->keys[i] == &esp__per_keys) return strcmp(o->per, "image") == 0;
  }
  return false;
}

/* Goes to the next image. */
static bool advance(esp__single_images *s) {
  if (!s->batch || ++s->at == s->batch->count) {
    s->batch = s->from->next(s->from->images);
    s->at = 0;
  }
  return s->batch != NULL;
}

/* In the first lane of a block of their own. */
static void show_targets(esp__single_images *s) {
  const int count = s->batch->scale->count, lane = s->at % ESP_LANES;
  const float *from = s->batch->targets + s->at / ESP_LANES * count * ESP_LANES + lane;
  for (int t = 0; t < count; t++) s->target[t * ESP_LANES] = from[t * ESP_LANES];
  s->one.labels = NULL;
  s->one.targets = s->target;
  s->one.scale = s->batch->scale;
}

static const esp_batch *show(esp__single_images *s) {
  const size_t block = (size_t)(s->at / ESP_LANES) * s->floats * ESP_LANES;
  const float *from = s->batch->images + block + s->at % ESP_LANES;
  for (size_t i = 0; i < s->floats; i++) s->pixels[i * ESP_LANES] = from[i * ESP_LANES];
  if (s->batch->labels) s->label = s->batch->labels[s->at];
  if (s->batch->targets) show_targets(s);
  return &s->one;
}

static const esp_batch *next(void *images) {
  return advance(images) ? show(images) : NULL;
}

static const esp_batch *next_own(void *images, int turn) {
  esp__single_images *s = images;
  const int steps =
      turn == 0 ? esp_ranks_rank(s->from->ranks) + 1 : esp_ranks_count(s->from->ranks);
  for (int i = 0; i < steps; i++)
    if (!advance(s)) return NULL;
  return show(s);
}

esp_status esp__single_images_open(esp__single_images *s, const esp_probe *from, esp_shape image,
                                   esp_probe *probe, esp_error *err) {
  *s = (esp__single_images){
      .from = from, .floats = (size_t)image.channels * (size_t)image.height * (size_t)image.width};
  const size_t bytes = s->floats * ESP_LANES * sizeof *s->pixels;
  if (!(s->pixels = aligned_alloc(64, bytes)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for an image to measure with");
  memset(s->pixels, 0, bytes);
  s->one = (esp_batch){.images = s->pixels, .labels = &s->label, .count = 1};
  *probe = *from;
  probe->next = next;
  probe->next_own = next_own;
  probe->images = s;
  return ESP_OK;
}

/* Brings `from` to its end, where it begins again. */
void esp__single_images_close(esp__single_images *s) {
  while (s->batch) s->batch = s->from->next(s->from->images);
  free(s->pixels);
}
