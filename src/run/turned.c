#include "run/turned.h"

#include "base/text.h"
#include "config/stages.h"
#include "run/services.h"
#include "run/sharing.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  PICTURES_MAX = 48,
  SIDE_MAX = 64 /* pixels: larger pictures are reduced */
};

/* The answers to all test images, before and after. */
typedef struct answers {
  const esp_images *images;
  int32_t *dense, *pruned;
} answers;

static bool is_right(const answers *a, const int32_t *answer, uint32_t i) {
  return answer[i] == a->images->labels[i];
}

static bool turned_wrong(const answers *a, uint32_t i) {
  return is_right(a, a->dense, i) && !is_right(a, a->pruned, i);
}

/* ---- turned.csv ---- */

static const char *const columns[] = {"image", "label", "answer_dense", "answer", NULL};

static esp_status write_table(const esp_run *r, const answers *a, esp_error *err) {
  char path[ESP_PATH_MAX];
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "the images that turned", err));
  esp__print_columns(t.out, columns);
  fputc('\n', t.out);
  for (uint32_t i = 0; i < a->images->count; i++)
    if (is_right(a, a->dense, i) != is_right(a, a->pruned, i))
      fprintf(t.out, "%u,%d,%d,%d\n", i, a->images->labels[i], a->dense[i], a->pruned[i]);
  return esp__text_write(&t, esp__run_path(r, ESP_FILE_TURNED, path), err);
}

/* ---- turned.safetensors ---- */

/* Pictures [n][C][H][W], each pixel the mean of step x step of the image, and which images they
 * are. */
typedef struct pictures {
  uint8_t *pixels;
  char which[PICTURES_MAX * 12]; /* numbers, a line each */
  int n, step;
  esp_shape shape;
} pictures;

static void reduce(const pictures *p, const uint8_t *image, esp_shape s, uint8_t *to) {
  const int step = p->step;
  for (int c = 0; c < p->shape.channels; c++)
    for (int y = 0; y < p->shape.height; y++)
      for (int x = 0; x < p->shape.width; x++) {
        const uint8_t *from =
            image + ((size_t)c * (size_t)s.height + (size_t)(y * step)) * (size_t)s.width +
            x * step;
        int sum = 0;
        for (int i = 0; i < step * step; i++) sum += from[i / step * s.width + i % step];
        *to++ = (uint8_t)((sum + step * step / 2) / (step * step));
      }
}

/* So many of those that turned wrong, evenly spread over them. */
static void choose(pictures *p, const answers *a, esp_shape s, uint32_t wrong) {
  const size_t bytes = (size_t)s.channels * (size_t)s.height * (size_t)s.width;
  const size_t small = (size_t)p->shape.channels * (size_t)p->shape.height * (size_t)p->shape.width;
  const uint32_t wanted = wrong < PICTURES_MAX ? wrong : PICTURES_MAX;
  uint32_t seen = 0;
  size_t used = 0;
  for (uint32_t i = 0; i < a->images->count; i++) {
    if (!turned_wrong(a, i)) continue;
    if ((uint64_t)seen++ * wanted / wrong < (uint64_t)p->n) continue;
    reduce(p, a->images->pixels + i * bytes, s, p->pixels + (size_t)p->n++ * small);
    used += (size_t)snprintf(p->which + used, sizeof p->which - used, "%u\n", i);
  }
}

static esp_status save_pictures(const esp_run *r, const pictures *p, esp_error *err) {
  char path[ESP_PATH_MAX];
  const int64_t shape[] = {p->n, p->shape.channels, p->shape.height, p->shape.width};
  esp_bundle b = {0};
  esp_status status = esp_bundle_add(&b, "pixels", ESP_U8, 4, shape, p->pixels, err);
  if (status == ESP_OK) status = esp_bundle_add_text(&b, "espalier.images", p->which, err);
  if (status == ESP_OK)
    status = esp_bundle_save(&b, esp__run_path(r, ESP_FILE_TURNED_PICTURES, path), err);
  esp_bundle_free(&b);
  return status;
}

static esp_status write_pictures(const esp_run *r, const answers *a, esp_error *err) {
  const esp_shape s = r->set->shape;
  const int side = s.height > s.width ? s.height : s.width, step = (side - 1) / SIDE_MAX + 1;
  pictures p = {.step = step, .shape = {s.channels, s.height / step, s.width / step}};
  uint32_t wrong = 0;
  for (uint32_t i = 0; i < a->images->count; i++) wrong += turned_wrong(a, i);
  if (wrong == 0 || p.shape.height == 0 || p.shape.width == 0) return ESP_OK;
  p.pixels =
      calloc(PICTURES_MAX, (size_t)s.channels * (size_t)p.shape.height * (size_t)p.shape.width);
  if (!p.pixels) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for pictures that turned");
  choose(&p, a, s, wrong);
  const esp_status status = save_pictures(r, &p, err);
  free(p.pixels);
  return status;
}

/* ---- both networks ---- */

static esp_status answer(esp_run *r, answers *a, esp_error *err) {
  esp_model *dense = NULL;
  esp_graph *graph = NULL;
  esp_status status = esp__run_open_dense(r, &dense, &graph, err);
  int64_t *best = calloc((size_t)r->config.train.batch, sizeof *best);
  if (status == ESP_OK && !best)
    status = esp_fail(err, ESP_ERR_MEMORY, "out of memory for the answers");
  if (status == ESP_OK) esp_answers(dense, graph, r->test, best, a->dense);
  esp_graph_free(graph);
  esp_model_free(dense);
  if (status == ESP_OK) esp_answers(r->model, r->evaluation, r->test, best, a->pruned);
  free(best);
  return status;
}

static esp_status write_both(esp_run *r, const answers *a, esp_error *err) {
  if (!esp__run_writes(r)) return ESP_OK;
  if (r->set->element == ESP_PIXELS) ESP_TRY(write_pictures(r, a, err));
  return write_table(r, a, err);
}

static esp_status record(esp_run *r, esp_error *err) {
  const size_t count = r->set->test.count;
  answers a = {&r->set->test, calloc(count, sizeof(int32_t)), calloc(count, sizeof(int32_t))};
  esp_status status = a.dense && a.pruned
                          ? answer(r, &a, err)
                          : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the answers");
  if (status == ESP_OK) status = write_both(r, &a, err);
  free(a.dense);
  free(a.pruned);
  return status;
}

esp_status esp__run_record_turned(esp_run *r, esp_error *err) {
  char path[ESP_PATH_MAX];
  if (r->set->test.count == 0 || r->set->targets.count > 0) return ESP_OK;
  const bool there = access(esp__run_path(r, ESP_FILE_DENSE, path), F_OK) == 0;
  if (esp__run_first_says(r, there)) return record(r, err);
  esp__progress_say(&r->progress, "%s is gone: which test images turned is not recorded",
                    ESP_FILE_DENSE);
  return ESP_OK;
}
