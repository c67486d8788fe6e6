/* The layer language written anew: the same network with other widths and fewer blocks. */
#include "base/text_stream.h"
#include "nn/initial.h"
#include "nn/layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const esp__item *item_of(const esp_model *m, int i) {
  return &m->program->item[i];
}

static bool takes_heads(const esp__layer_kind *kind) {
  return strncmp(kind->arguments, "HEADS", 5) == 0;
}

/* The first word behind the keyword is a width: channels, or heads. */
static bool takes_width(const esp__layer_kind *kind) {
  return takes_heads(kind) || strncmp(kind->arguments, "CHANNELS", 8) == 0;
}

/* The words of `item` with another width. Groups of a convolution that may change are as many as
 * its channels. */
static void write_width(FILE *out, const esp__item *item, int width) {
  const char *rest = item->text + strlen(item->kind->keyword);
  rest += 1 + strcspn(rest + 1, " ");
  const char *groups = strstr(rest, " groups ");
  const int head = (int)(groups ? groups - rest : (long)strlen(rest));
  fprintf(out, "%s %d%.*s", item->kind->keyword, width, head, rest);
  if (!groups) return;
  rest = groups + strlen(" groups ");
  fprintf(out, " groups %d%s", width, rest + strcspn(rest, " "));
}

/* What follows from the lines around it, said: a block's name, whether a layer has a bias. */
static void write_implied(FILE *out, const esp_model *m, int i, int layer) {
  const esp__item *item = item_of(m, i);
  if (strstr(item->kind->arguments, "[bias|nobias]") && item->bias == ESP_GIVEN_NOT)
    fputs(m->layer[layer].bias ? " bias" : " nobias", out);
  for (int b = 0; b < m->blocks; b++) {
    if (m->block[b].item != i || *item->name) continue;
    const char *prefix = m->block[b].prefix;
    size_t end = strlen(prefix) - 1, start = end;
    while (start > 0 && prefix[start - 1] != '.') start--;
    fprintf(out, " %.*s", (int)(end - start), prefix + start);
  }
}

/* Whether a relu is the line before item `i`, group lines apart. */
static bool behind_relu(const esp_model *m, int i) {
  while (i > 0 && item_of(m, i - 1)->kind->role == ESP_KIND_GROUP) i--;
  return i > 0 && item_of(m, i - 1)->kind->role == ESP_KIND_RELU;
}

/* Where to go on from item `i`: behind its block if that is dropped, with the relu that would
 * follow another. */
static int kept_from(const esp_model *m, const bool *drop, int i) {
  for (int b = 0; drop && b < m->blocks; b++) {
    if (!drop[b] || m->block[b].item != i) continue;
    const int next = item_of(m, i)->end + 1;
    const bool relu = next < m->program->count && item_of(m, next)->kind->role == ESP_KIND_RELU;
    return relu && behind_relu(m, i) ? next + 1 : next;
  }
  return i;
}

typedef struct writer {
  const esp_model *model;
  const int *width;
  const char *const *lines; /* [layers] what stands in the place of each; NULL: it stays */
  bool implied;
  int depth, sized, layer; /* blocks open; lines with a width and layers so far */
  FILE *out;
} writer;

static bool sized(const esp__layer_kind *kind) {
  return kind->weights || takes_width(kind);
}

/* The lines of `text` in the place of one. */
static void write_lines(writer *w, const esp__layer_kind *kind, const char *text) {
  char line[ESP_LINE_MAX + 1];
  for (const char *end; *text; text = *end ? end + 1 : end) {
    end = text + strcspn(text, "\n");
    snprintf(line, sizeof line, "%.*s", (int)(end - text), text);
    esp__line_write(w->out, kind, line, &w->depth);
  }
}

static bool write_item(writer *w, int i) {
  const esp__item *item = item_of(w->model, i);
  if (w->lines && item->kind->weights && w->lines[w->layer]) {
    write_lines(w, item->kind, w->lines[w->layer]);
    return true;
  }
  const int had = takes_heads(item->kind) ? item->count : item->channels,
            width = w->width && takes_width(item->kind) ? w->width[w->sized] : had;
  char *line = NULL;
  size_t size;
  FILE *text = esp__text_stream(&line, &size);
  if (!text) return false;
  if (width != had)
    write_width(text, item, width);
  else
    fputs(item->text, text);
  if (w->implied) write_implied(text, w->model, i, w->layer);
  const bool written = fclose(text) == 0;
  if (written) esp__line_write(w->out, item->kind, line, &w->depth);
  free(line);
  return written;
}

static esp_status write_all(writer *w, const bool *drop, char **text, esp_error *err) {
  const esp_model *m = w->model;
  size_t size;
  w->out = esp__text_stream(text, &size);
  bool written = w->out != NULL;
  for (int i = 0, from = 0; written && i < m->program->count; i++) {
    if (i >= from) from = kept_from(m, drop, i);
    if (i >= from) written = write_item(w, i);
    w->sized += sized(item_of(m, i)->kind);
    while (w->layer < m->layers && m->layer[w->layer].item == i) w->layer++;
  }
  if (w->out && fclose(w->out) == 0 && written) return ESP_OK;
  if (w->out) free(*text);
  *text = NULL;
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the text of a network");
}

esp_status esp_model_rewrite(const esp_model *m, const int *width, const bool *drop, char **text,
                             esp_error *err) {
  writer w = {.model = m, .width = width};
  for (int b = 0; drop && b < m->blocks; b++) w.implied |= drop[b];
  return write_all(&w, drop, text, err);
}

esp_status esp_model_replace_layers(const esp_model *m, const char *const *lines, char **text,
                                    esp_error *err) {
  writer w = {.model = m, .lines = lines};
  return write_all(&w, NULL, text, err);
}

esp_status esp_model_like(const esp_model *like, const char *text, esp_key seed, esp_model **model,
                          esp_error *err) {
  char custom[] = "custom", none[] = "", direct[] = "direct";
  const esp_model_options opt = {.arch = custom,
                                 .input = none,
                                 .layers = (char *)(uintptr_t)text, /* only read */
                                 .weights = none,
                                 .shortcut = none,
                                 .init = (char *)(uintptr_t)like->initial->name,
                                 .init_scale = like->init_scale,
                                 .convolution = like->direct ? direct : NULL,
                                 .width = 1.0};
  return esp_model_new_tasks(model, &opt, like->input, &like->tasks, seed, err);
}
