#include "train/rename.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_MAX = 1 << 20, TENSOR_NAME_MAX = sizeof((esp_blob *)0)->name };

typedef struct renaming {
  esp_bundle *b;
  const esp_model *m;
  const char *file, *table;
  int line;
  char (*name)[TENSOR_NAME_MAX]; /* [blobs] the new one; "" as long as it has none */
} renaming;

/* What PyTorch calls a part of a layer, and what it can be here. */
static const struct {
  const char *theirs, *ours;
} words[] = {
    {"weight", "weight"}, {"weight", "scale"},      {"bias", "bias"},
    {"bias", "shift"},    {"running_mean", "mean"}, {"running_var", "var"},
};
enum { WORDS = sizeof words / sizeof *words };

/* ---- one tensor ---- */

static esp_status give_name(const renaming *r, int blob, const char *name, esp_error *err) {
  for (int i = 0; i < r->b->blobs; i++)
    if (strcmp(r->name[i], name) == 0)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s:%d: '%s' has a tensor already, from a line before; expected it once",
                      r->table, r->line, name);
  snprintf(r->name[blob], TENSOR_NAME_MAX, "%s", name);
  return ESP_OK;
}

static esp_status rename_tensor(const renaming *r, const char *ours, const char *theirs,
                                esp_error *err) {
  for (int i = 0; i < r->b->blobs; i++)
    if (strcmp(r->b->blob[i].name, theirs) == 0) return give_name(r, i, ours, err);
  return esp_fail(err, ESP_ERR_INPUT, "%s:%d: %s has no tensor '%s'", r->table, r->line, r->file,
                  theirs);
}

/* ---- the tensors of a layer ---- */

/* Whether the layer has a parameter for what they call `word`; `name` becomes its name. */
static bool find_parameter(const renaming *r, const char *layer, const char *word,
                           char name[TENSOR_NAME_MAX]) {
  for (int i = 0; i < WORDS; i++) {
    if (strcmp(words[i].theirs, word) != 0) continue;
    const int length = snprintf(name, TENSOR_NAME_MAX, "%s.%s", layer, words[i].ours);
    if (length < TENSOR_NAME_MAX && esp_params_find(&r->m->params, name)) return true;
  }
  return false;
}

static esp_status rename_layer(const renaming *r, const char *ours, const char *theirs,
                               esp_error *err) {
  const size_t length = strlen(theirs);
  int found = 0;
  for (int i = 0; i < r->b->blobs; i++) {
    const char *whole = r->b->blob[i].name;
    char name[TENSOR_NAME_MAX];
    if (strncmp(whole, theirs, length) != 0 || whole[length] != '.' ||
        !find_parameter(r, ours, whole + length + 1, name))
      continue;
    ESP_TRY(give_name(r, i, name, err));
    found++;
  }
  return found ? ESP_OK
               : esp_fail(err, ESP_ERR_INPUT,
                          "%s:%d: %s has no tensor '%s.weight', '%s.bias' or the like for '%s'",
                          r->table, r->line, r->file, theirs, theirs, ours);
}

static bool has_layer(const esp_model *m, const char *layer) {
  const size_t length = strlen(layer);
  for (int i = 0; i < m->params.count; i++) {
    const char *name = m->params.item[i]->name;
    if (strncmp(name, layer, length) == 0 && name[length] == '.' && !strchr(name + length + 1, '.'))
      return true;
  }
  return false;
}

/* ---- the table ---- */

static esp_status read_line(const renaming *r, char *line, esp_error *err) {
  static const char space[] = " \t\r";
  char *rest;
  line[strcspn(line, "#")] = '\0';
  const char *ours = strtok_r(line, space, &rest), *theirs = strtok_r(NULL, space, &rest);
  if (!ours) return ESP_OK;
  if (!theirs || strtok_r(NULL, space, &rest))
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s:%d: expected two names, of this network's and of the file's", r->table,
                    r->line);
  if (esp_params_find(&r->m->params, ours)) return rename_tensor(r, ours, theirs, err);
  if (has_layer(r->m, ours)) return rename_layer(r, ours, theirs, err);
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s:%d: the network has no layer or parameter '%.100s'; expected one such as "
                  "'%s'",
                  r->table, r->line, ours, r->m->params.count ? r->m->params.item[0]->name : "");
}

static esp_status read_lines(renaming *r, char *text, esp_error *err) {
  for (char *line = text, *next; line; line = next) {
    next = strchr(line, '\n');
    if (next) *next++ = '\0';
    r->line++;
    ESP_TRY(read_line(r, line, err));
  }
  return ESP_OK;
}

/* A tensor whose name another one has been given is none of the network's. */
static void apply(const renaming *r) {
  for (int i = 0; i < r->b->blobs; i++)
    for (int k = 0; k < r->b->blobs && !r->name[i][0]; k++)
      if (strcmp(r->b->blob[i].name, r->name[k]) == 0) r->b->blob[i].name[0] = '\0';
  for (int i = 0; i < r->b->blobs; i++)
    if (r->name[i][0]) memcpy(r->b->blob[i].name, r->name[i], TENSOR_NAME_MAX);
}

esp_status esp__tensors_rename(esp_bundle *b, const char *file, const esp_model *m,
                               const char *table, esp_error *err) {
  char *text;
  size_t bytes;
  ESP_TRY(esp_file_read(table, TABLE_MAX, &text, &bytes, err));
  renaming r = {.b = b,
                .m = m,
                .file = file,
                .table = table,
                .name = calloc((size_t)b->blobs + 1, sizeof *r.name)};
  esp_status status = r.name ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "out of memory for names");
  if (status == ESP_OK && strlen(text) != bytes)
    status = esp_fail(err, ESP_ERR_INPUT, "%s: has a zero byte; expected a text", table);
  if (status == ESP_OK) status = read_lines(&r, text, err);
  if (status == ESP_OK) apply(&r);
  free(r.name);
  free(text);
  return status;
}
