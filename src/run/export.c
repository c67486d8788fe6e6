/* Another network for the data that trained weights were opened with, as files of their own. */
#include "base/text.h"

#include <espalier/run.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static esp_status put(char **member, const char *value, esp_error *err) {
  char *copy = strdup(value);
  if (!copy) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a configuration");
  free(*member);
  *member = copy;
  return ESP_OK;
}

/* The file's name without its folder: the configuration stands beside it, and finds it from there
 * wherever both are moved. */
static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* The configuration describes the network by its layers. What it pruned is done. */
static esp_status describe(esp_config *c, const esp_model *model, const char *word,
                           const char *path, esp_error *err) {
  char name[104];
  snprintf(name, sizeof name, "%.80s-%.20s", c->run.name, word);
  ESP_TRY(put(&c->run.name, name, err));
  ESP_TRY(put(&c->model.arch, "custom", err));
  ESP_TRY(put(&c->model.layers, model->text, err));
  esp_model_options_literal(&c->model);
  ESP_TRY(put(&c->model.weights, name_of(path), err));
  ESP_TRY(put(&c->model.weight_names, "", err));
  ESP_TRY(put(&c->prune.mask_from, "", err));
  ESP_TRY(put(&c->prune.regulariser, "none", err));
  return put(&c->prune.method, "none", err);
}

/* `path` with .ini for .safetensors. */
static esp_status ini_path(const char *path, char ini[4096], esp_error *err) {
  const size_t length = strlen(path), ending = strlen(".safetensors");
  if (length > ending && length < 4000 && strcmp(path + length - ending, ".safetensors") == 0) {
    snprintf(ini, 4096, "%.*s.ini", (int)(length - ending), path);
    return ESP_OK;
  }
  return esp_fail(err, ESP_ERR_INPUT,
                  "%.100s: expected the name of a file that ends with .safetensors", path);
}

/* Not every path can be written in a configuration; better known before anything is. */
static esp_status check_text(const char *text, const char *path, esp_error *err) {
  esp_config again;
  const esp_status status = esp_config_parse(&again, "shrunk.ini", text, 0, NULL, NULL);
  if (status == ESP_ERR_MEMORY) return esp_fail(err, status, "out of memory for a configuration");
  const bool same = status == ESP_OK && strcmp(again.model.weights, name_of(path)) == 0;
  if (status == ESP_OK) esp_config_free(&again);
  return same ? ESP_OK
              : esp_fail(err, ESP_ERR_INPUT,
                         "%.100s: a path that no configuration can hold; "
                         "expected a shorter or plainer one",
                         path);
}

/* Whether a configuration is one that was written beside these weights. */
static bool is_ours(const char *ini, const char *weights) {
  esp_config there;
  if (esp_config_load(&there, ini, 0, NULL, NULL) != ESP_OK) return false;
  const bool ours = strcmp(name_of(there.model.weights), name_of(weights)) == 0 &&
                    strcmp(there.model.arch, "custom") == 0 &&
                    strcmp(there.prune.method, "none") == 0;
  esp_config_free(&there);
  return ours;
}

/* What a person wrote by hand must not be lost, nor weights of a run. */
static esp_status check_place(const char *ini, const char *weights, esp_error *err) {
  const bool described = access(ini, F_OK) == 0;
  if (!described && access(weights, F_OK) == 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%.400s: is there already, without a configuration beside it that espalier "
                    "wrote for it; expected another name",
                    weights);
  if (!described || is_ours(ini, weights)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%.400s: is there, and is no configuration that espalier wrote for %.400s; "
                  "move it, or choose another name",
                  ini, weights);
}

/* NULL where the network reads no texts. */
static esp_status vocabulary_text(const esp_loaded_run *o, char **text, esp_error *err) {
  *text = NULL;
  return o->vocabulary ? esp_vocabulary_text(o->vocabulary, text, err) : ESP_OK;
}

static esp_status join_classes(const esp_loaded_run *o, char **classes, esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "the classes", err));
  for (int i = 0; o->class_name[i]; i++) fprintf(t.out, "%s\n", o->class_name[i]);
  ESP_TRY(esp__text_end(&t, err));
  *classes = t.data;
  return ESP_OK;
}

/* The configuration first: where the weights then cannot be written, the same command can be given
 * again, since a configuration beside them says that they are its own. */
static esp_status write_both(const esp_model *model, esp_provenance from, const char *path,
                             const char *ini, esp_error *err) {
  const bool was_there = access(ini, F_OK) == 0;
  ESP_TRY(esp_file_write(ini, from.config, strlen(from.config), err));
  const esp_status status = esp_weights_save(model, from, path, err);
  if (status != ESP_OK && !was_there && access(path, F_OK) != 0) unlink(ini);
  return status;
}

esp_status esp_loaded_run_save(esp_loaded_run *o, const esp_model *model, const char *word,
                               const char *path, esp_error *err) {
  char ini[4096], *text = NULL, *classes = NULL, *vocabulary = NULL;
  ESP_TRY(ini_path(path, ini, err));
  ESP_TRY(check_place(ini, path, err));
  ESP_TRY(describe(&o->config, model, word, path, err));
  ESP_TRY(esp_config_text(&o->config, &text, err));
  esp_status status = check_text(text, path, err);
  if (status == ESP_OK) status = join_classes(o, &classes, err);
  if (status == ESP_OK) status = vocabulary_text(o, &vocabulary, err);
  const esp_provenance from = {text, classes, vocabulary};
  if (status == ESP_OK) status = write_both(model, from, path, ini, err);
  free(text);
  free(classes);
  free(vocabulary);
  return status;
}

esp_status esp_loaded_run_pack(const esp_loaded_run *o, const char *path, size_t *bytes,
                               esp_error *err) {
  char *text = NULL, *classes = NULL, *vocabulary = NULL;
  esp_status status = esp_config_brief_text(&o->config, &text, err);
  if (status == ESP_OK) status = join_classes(o, &classes, err);
  if (status == ESP_OK) status = vocabulary_text(o, &vocabulary, err);
  const esp_provenance from = {text, classes, vocabulary};
  if (status == ESP_OK) status = esp_weights_pack(o->model, from, path, bytes, err);
  free(text);
  free(classes);
  free(vocabulary);
  return status;
}
