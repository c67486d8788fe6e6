/* Files of weights that can be opened again. */
#include "train/weights_file.h"

#include <espalier/run.h>

#include <stdlib.h>

/* A name a line; the last one may have no end. */
static int count_lines(const char *text) {
  int lines = 0;
  for (const char *c = text; *c; c++) lines += *c == '\n' || !c[1];
  return lines;
}

static esp_status check_classes(const esp_model *model, const char *classes, const char *path,
                                esp_error *err) {
  const int names = count_lines(classes);
  return names == model->classes
             ? ESP_OK
             : esp_fail(err, ESP_ERR_INPUT,
                        "%s: %d names of classes, expected the network's %d, one a line", path,
                        names, model->classes);
}

static esp_status check_config(const char *config, const char *path, esp_error *err) {
  esp_config parsed;
  ESP_TRY(esp_config_parse(&parsed, path, config, 0, NULL, err));
  esp_config_free(&parsed);
  return ESP_OK;
}

static esp_status check(const esp_model *model, esp_provenance from, const char *path,
                        esp_error *err) {
  if (!from.config || !from.classes)
    return esp_fail(err, ESP_ERR_INPUT, "%s: expected a configuration and the names of classes",
                    path);
  ESP_TRY(check_classes(model, from.classes, path, err));
  return check_config(from.config, path, err);
}

esp_status esp_weights_save(const esp_model *model, esp_provenance from, const char *path,
                            esp_error *err) {
  ESP_TRY(check(model, from, path, err));
  return esp__weights_write(model, from, path, err);
}

esp_status esp_weights_pack(const esp_model *model, esp_provenance from, const char *path,
                            size_t *bytes, esp_error *err) {
  ESP_TRY(check(model, from, path, err));
  return esp__weights_write_packed(model, from, path, bytes, err);
}
