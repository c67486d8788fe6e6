/* Opening trained weights for use. */
#include "config/plugins.h"
#include "rundir/paths.h"

#include <espalier/pack.h>
#include <espalier/run.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_MAX = 1 << 20 };

static bool is_file(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* Whether the directory holds such a file; then that is `file`. */
static bool in_directory(const char *directory, const char *name, char file[4096]) {
  return esp__path_join(file, directory, name) && is_file(file);
}

esp_status esp_weights_path(const char *path, char file[4096], esp_error *err) {
  struct stat info;
  char from[ESP_PATH_MAX];
  if (stat(path, &info) != 0 || strlen(path) >= 4096)
    return esp_fail(err, ESP_ERR_INPUT, "%s: no such file or run directory%s", path,
                    esp__path_from(path, from));
  strcpy(file, path);
  if (!S_ISDIR(info.st_mode)) return ESP_OK;
  for (int round = 1000; round > 0; round--) {
    char name[32];
    snprintf(name, sizeof name, ESP_FILE_ROUND, round);
    if (in_directory(path, name, file)) return ESP_OK;
  }
  if (in_directory(path, ESP_FILE_DENSE, file) || in_directory(path, ESP_FILE_CHECKPOINT, file))
    return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: no weights in this directory: expected round-NN.safetensors, "
                  "dense.safetensors or checkpoint.safetensors",
                  path);
}

esp_status esp_masks_path(const char *path, char file[4096], esp_error *err) {
  return in_directory(path, ESP_FILE_CHECKPOINT, file) ? ESP_OK : esp_weights_path(path, file, err);
}

static esp_status need_text(const esp_bundle *b, const char *file, const char *key,
                            const char **text, esp_error *err) {
  *text = esp_bundle_text(b, key);
  return *text ? ESP_OK
               : esp_fail(err, ESP_ERR_INPUT,
                          "%s: no '%s' in its metadata: expected a file that Espalier wrote", file,
                          key);
}

static esp_status read_classes(esp_loaded_run *o, const char *text, int *classes, esp_error *err) {
  *classes = 0;
  for (const char *c = text; *c; c++)
    *classes += *c == '\n' || !c[1]; /* the last may have no end */
  if (*classes < 1 || *classes > 65536)
    return esp_fail(err, ESP_ERR_INPUT, "the list of classes has %d entries", *classes);
  if (!(o->class_name = calloc((size_t)*classes + 1, sizeof *o->class_name)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  for (int i = 0; i < *classes; i++) {
    const size_t length = strcspn(text, "\n");
    if (!(o->class_name[i] = strndup(text, length)))
      return esp_fail(err, ESP_ERR_MEMORY, "out of memory");
    text += length + (text[length] == '\n');
  }
  return ESP_OK;
}

static esp_status read_vocabulary(esp_loaded_run *o, const esp_bundle *b, const char *file,
                                  const esp_shape *input, esp_error *err) {
  const char *text = esp_bundle_text(b, "espalier.vocabulary");
  if (!text) return ESP_OK;
  ESP_TRY(esp_vocabulary_read(&o->vocabulary, text, file, err));
  const int size = esp_vocabulary_size(o->vocabulary);
  return size == input->vocabulary
             ? ESP_OK
             : esp_fail(err, ESP_ERR_INPUT, "%s: a vocabulary of %d, where the network knows %d",
                        file, size, input->vocabulary);
}

/* The network is built from the layers in the file, whatever architecture they came from. */
static esp_status build(esp_loaded_run *o, const char *layers, esp_shape input,
                        const esp_tasks *tasks, esp_error *err) {
  esp_model_options opt = o->config.model;
  opt.arch = (char[]){"custom"};
  esp_model_options_literal(&opt);
  char *text = strdup(layers);
  if (!text) return esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  opt.layers = text;
  esp_status status = esp_model_new_tasks(&o->model, &opt, input, tasks, 0, err);
  free(text);
  return status;
}

/* The network, with the tasks that the file's configuration puts the classes to. */
static esp_status build_tasks(esp_loaded_run *o, const char *layers, esp_shape input, int classes,
                              esp_error *err) {
  esp_tasks tasks;
  ESP_TRY(esp_tasks_read(&tasks, &o->config.data, o->class_name, classes, err));
  const esp_status status = build(o, layers, input, &tasks, err);
  esp_tasks_free(&tasks);
  return status;
}

/* A network whose targets have a mean and a deviation estimates them. */
static esp_status read_targets(esp_loaded_run *o, const char *file, int classes, esp_error *err) {
  const esp_numbers *mean = &o->config.data.target_mean, *std = &o->config.data.target_std;
  if (mean->count == 0 && std->count == 0) return ESP_OK;
  if (mean->count != classes || std->count != classes || classes > ESP_TARGETS_MAX)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%s: its configuration has %d numbers as data.target_mean and %d as "
        "data.target_std; expected one for each of %d targets, of which there are %d at "
        "most",
        file, mean->count, std->count, classes, ESP_TARGETS_MAX);
  o->targets.count = classes;
  memcpy(o->targets.mean, mean->value, (size_t)classes * sizeof *mean->value);
  memcpy(o->targets.std, std->value, (size_t)classes * sizeof *std->value);
  return ESP_OK;
}

static esp_status open_bundle(esp_loaded_run *o, const esp_bundle *b, const char *file,
                              int overrides, const char *const *override, esp_error *err) {
  const char *config, *layers, *classes_text, *input_text;
  esp_shape input;
  int classes;
  ESP_TRY(need_text(b, file, "espalier.config", &config, err));
  ESP_TRY(need_text(b, file, "espalier.layers", &layers, err));
  ESP_TRY(need_text(b, file, "espalier.classes", &classes_text, err));
  ESP_TRY(esp_config_parse(&o->config, file, config, overrides, override, err));
  ESP_TRY(need_text(b, file, "espalier.input", &input_text, err));
  ESP_TRY(esp_shape_parse(input_text, &input, err));
  ESP_TRY(read_classes(o, classes_text, &classes, err));
  ESP_TRY(read_vocabulary(o, b, file, &input, err));
  for (int c = 0; c < o->config.data.mean.count && c < ESP_CHANNELS_MAX; c++) {
    o->mean[c] = (float)o->config.data.mean.value[c];
    o->std[c] = (float)o->config.data.std.value[c];
  }
  ESP_TRY(read_targets(o, file, classes, err));
  ESP_TRY(build_tasks(o, layers, input, classes, err));
  return esp_weights_load(o->model, file, err);
}

static esp_status open_data(esp_loaded_run *o, esp_error *err) {
  const esp_data_options *opt = &o->config.data;
  ESP_TRY(esp_dataset_load_known(&o->set, opt, o->model->input, o->vocabulary,
                                 (esp_key)o->config.run.seed, err));
  char own[ESP_SHAPE_TEXT], taken[ESP_SHAPE_TEXT];
  esp_shape_write(o->set->shape, own);
  esp_shape_write(o->model->input, taken);
  if (!esp_shape_same(o->set->shape, o->model->input))
    return esp_fail(err, ESP_ERR_INPUT,
                    "the data set has images of %s in %d classes; the network takes %s in %d", own,
                    o->set->classes, taken, o->model->classes);
  return esp_dataset_match_classes(o->set, opt, o->class_name, o->model->classes, err);
}

/* Says which plugin the file was made with, where one is missing and that may be why it failed. */
static esp_status name_plugin(const esp_bundle *b, esp_status status, esp_error *err) {
  const char *config = esp_bundle_text(b, "espalier.config");
  char missing[4096];
  if (status != ESP_ERR_INPUT || !err || !config || !esp__plugins_missing(config, missing))
    return status;
  const esp_error cause = *err;
  return esp_fail(err, status, "%s (was made with the plugin %.200s, which is not loaded)",
                  cause.text, missing);
}

/* Those of a run directory, which its config.ini names; a file alone loads none. */
static esp_status load_plugins(const char *dir, int overrides, const char *const *override,
                               esp_error *err) {
  char path[4096], *text, *words;
  size_t bytes;
  if (!in_directory(dir, ESP_FILE_CONFIG, path)) return ESP_OK;
  ESP_TRY(esp_file_read(path, CONFIG_MAX, &text, &bytes, err));
  const esp_status status = esp__plugins_load_named(path, text, overrides, override, &words, err);
  free(text);
  if (status == ESP_OK) free(words);
  return status;
}

esp_status esp_load_run(esp_loaded_run *o, const char *path, bool with_data, int overrides,
                        const char *const *override, esp_error *err) {
  char file[4096];
  esp_bundle b = {0};
  *o = (esp_loaded_run){0};
  ESP_TRY(esp_weights_path(path, file, err));
  ESP_TRY(load_plugins(path, overrides, override, err));
  ESP_TRY(esp_weights_bundle_load(&b, file, err));
  esp_status status = open_bundle(o, &b, file, overrides, override, err);
  if (status == ESP_OK && with_data) status = open_data(o, err);
  status = name_plugin(&b, status, err);
  esp_bundle_free(&b);
  if (status != ESP_OK) esp_loaded_run_free(o);
  return status;
}

static bool mask_zeros(esp_param *p, esp_mask *mask) {
  *mask = (esp_mask){.keep = malloc(p->count), .count = p->count, .generation = 1};
  for (size_t i = 0; mask->keep && i < p->count; i++) {
    mask->keep[i] = p->value[i] != 0.0f;
    mask->kept += mask->keep[i];
  }
  if (mask->keep) p->mask = mask;
  return mask->keep != NULL;
}

esp_status esp_loaded_run_mask_zeros(esp_loaded_run *o, esp_error *err) {
  const esp_params *ps = &o->model->params;
  bool there = (o->mask = calloc((size_t)ps->count, sizeof *o->mask)) != NULL;
  for (int i = 0; there && i < ps->count; i++)
    if (esp_param_prunable(ps->item[i])) there = mask_zeros(ps->item[i], &o->mask[i]);
  return there ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "out of memory for masks");
}

void esp_loaded_run_free(esp_loaded_run *o) {
  for (int i = 0; o->mask && i < o->model->params.count; i++) free(o->mask[i].keep);
  free(o->mask);
  for (int i = 0; o->class_name && o->class_name[i]; i++) free(o->class_name[i]);
  free(o->class_name);
  esp_dataset_free(o->set);
  esp_vocabulary_free(o->vocabulary);
  esp_model_free(o->model);
  if (o->config.run.name) esp_config_free(&o->config);
  *o = (esp_loaded_run){0};
}
