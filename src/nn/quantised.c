/* The text of a network without its batch norms, whose layers and activations have few bits. */
#include "base/text_stream.h"
#include "nn/layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct writer {
  const esp_model *model;
  int bits, depth;
  FILE *out;
} writer;

static const esp__item *item_of(const esp_model *m, int i) {
  return &m->program->item[i];
}

static bool is(const esp_model *m, int i, esp__kind_role role) {
  return i < m->program->count && item_of(m, i)->kind->role == role;
}

static bool keyword_is(const esp__item *item, const char *word) {
  return strcmp(item->kind->keyword, word) == 0;
}

static esp_status refuse(const esp__item *item, const char *why, esp_error *err) {
  return esp_fail(err, ESP_ERR_INPUT,
                  "[compress] steps: the network's line '%.60s' cannot be quantised; %s",
                  item->text, why);
}

static esp_status check_item(const esp_model *m, int i, esp_error *err) {
  const esp__item *item = item_of(m, i);
  if (item->kind->role == ESP_KIND_BN && (i == 0 || !item_of(m, i - 1)->kind->weights))
    return refuse(item, "expected a convolution or linear layer right before a batch norm", err);
  if (item->kind->role == ESP_KIND_ACTIVATION)
    return refuse(item, "expected relu as the only non-linearity", err);
  if (item->kind->role == ESP_KIND_SEQUENCE || item->kind->role == ESP_KIND_PRODUCT)
    return refuse(item, "expected no layers of sequences and no products", err);
  if (item->kind->role == ESP_KIND_GATE) return refuse(item, "expected no gates", err);
  if (item->bits != ESP_GIVEN_NOT) return refuse(item, "it has few bits already", err);
  return ESP_OK;
}

/* Whether what the item makes gets a line `quantise`, behind a batch norm and a relu. */
static bool makes_sums(const esp_model *m, int i) {
  const esp__item *item = item_of(m, i);
  if (item->kind->weights || keyword_is(item, "avgpool") || keyword_is(item, "global_avgpool"))
    return true;
  if (item->kind->role != ESP_KIND_END) return false;
  const esp__kind_role role = item_of(m, item->opener)->kind->role;
  return role == ESP_KIND_RESIDUAL || role == ESP_KIND_CONCAT;
}

/* The layer's words, with a bias where a batch norm was. */
static void write_layer(writer *w, int i) {
  char line[ESP_LINE_MAX + 32];
  const esp__item *item = item_of(w->model, i);
  const char *nobias = strstr(item->text, " nobias");
  const bool normed = is(w->model, i + 1, ESP_KIND_BN) && nobias;
  const int head = normed ? (int)(nobias - item->text) : (int)strlen(item->text);
  snprintf(line, sizeof line, "%.*s%s bits %d", head, item->text,
           normed ? nobias + strlen(" nobias") : "", w->bits);
  esp__line_write(w->out, item->kind, line, &w->depth);
}

static void write_quantise(writer *w) {
  esp__line_write(w->out, esp__layer_kind_find("quantise", 8), "quantise", &w->depth);
}

static void write_all(writer *w) {
  const esp_model *m = w->model;
  bool pending = false; /* sums that have no line `quantise` yet */
  write_quantise(w);
  for (int i = 0; i < m->program->count; i++) {
    const esp__item *item = item_of(m, i);
    if (item->kind->role == ESP_KIND_BN) continue;
    if (pending && item->kind->role != ESP_KIND_RELU) {
      write_quantise(w);
      pending = false;
    }
    if (item->kind->weights)
      write_layer(w, i);
    else
      esp__line_write(w->out, item->kind, item->text, &w->depth);
    if (makes_sums(m, i)) pending = true;
  }
}

esp_status esp_model_quantised_text(const esp_model *m, int bits, char **text, esp_error *err) {
  size_t size;
  if (m->tasks.count > 1)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[compress] steps: a network with %d tasks cannot be quantised; expected one",
                    m->tasks.count);
  for (int i = 0; i < m->program->count; i++) ESP_TRY(check_item(m, i, err));
  if (!item_of(m, m->program->count - 1)->kind->weights)
    return refuse(item_of(m, m->program->count - 1), "expected a layer at the end", err);
  writer w = {.model = m, .bits = bits, .out = esp__text_stream(text, &size)};
  if (w.out) write_all(&w);
  if (w.out && fclose(w.out) == 0) return ESP_OK;
  if (w.out) free(*text);
  *text = NULL;
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the text of a network");
}
