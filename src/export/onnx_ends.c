#include "export/onnx_ends.h"

#include "base/text.h"

/* A node of two inputs; what it makes is called `of` and a word. */
static const char *add(esp__onnx_model *m, const char *of, const char *word, const char *op,
                       const char *a, const char *b) {
  const char *output = esp__onnx_name(m, "%s.%s", of, word);
  esp__onnx_add_node(m, op, (const char *const[]){a, b, NULL}, output);
  return output;
}

static void add_last(esp__onnx_model *m, const char *op, const char *a, const char *b,
                     const char *output) {
  esp__onnx_add_node(m, op, (const char *const[]){a, b, NULL}, output);
}

/* A constant that is called `of` and a word. */
static const char *constant(esp__onnx_model *m, const char *of, const char *word, int rank,
                            const int64_t *dims, const float *value) {
  return esp__onnx_add_floats(m, esp__onnx_name(m, "%s.%s", of, word), rank, dims, value);
}

/* ---- the data ---- */

/* (feature - mean) / std. A row of a table is one of numbers until then. */
static void add_features(esp__onnx_model *m, const esp_export_source *s, esp_shape in,
                         const char *output) {
  const bool row = in.height * in.width == 1;
  const int rank = row ? 1 : 3;
  const int64_t shape[3] = {in.channels, in.height, in.width}, channels[3] = {in.channels, 1, 1},
                planes[4] = {0, in.channels, 1, 1};
  esp__onnx_set_input(m, "features", "numbers as the data have them", rank, shape);
  const char *x = add(m, output, "centred", "Sub", "features",
                      constant(m, output, "mean", rank, channels, s->mean));
  const char *std = constant(m, output, "std", rank, channels, s->std);
  if (!row) {
    add_last(m, "Div", x, std, output);
    return;
  }
  x = add(m, output, "scaled", "Div", x, std);
  add_last(m, "Reshape", x, esp__onnx_add_int64s(m, esp__onnx_name(m, "planes"), 4, planes),
           output);
}

/* ((pixel / 255) - mean) / std, as it was trained with. */
static void add_pixels(esp__onnx_model *m, const esp_export_source *s, esp_shape in,
                       const char *output) {
  static const float largest = 255.0f;
  const int64_t shape[3] = {in.channels, in.height, in.width}, channels[3] = {in.channels, 1, 1};
  esp__onnx_set_input(m, "images", "pixels from 0 to 255, channels red, green, blue", 3, shape);
  const char *x =
      add(m, output, "unit", "Div", "images", constant(m, output, "largest", 0, NULL, &largest));
  x = add(m, output, "centred", "Sub", x, constant(m, output, "mean", 3, channels, s->mean));
  add_last(m, "Div", x, constant(m, output, "std", 3, channels, s->std), output);
}

void esp__onnx_add_data(esp__onnx_model *m, const esp_export_source *s, esp_shape shape,
                        const char *output) {
  (s->features ? add_features : add_pixels)(m, s, shape, output);
}

/* ---- answers ---- */

/* Outputs times std, plus mean. */
static void add_targets(esp__onnx_model *m, const esp_target_scale *s, const char *last,
                        const char *rows) {
  const int64_t count = s->count;
  float mean[ESP_TARGETS_MAX], std[ESP_TARGETS_MAX];
  for (int t = 0; t < s->count; t++) {
    mean[t] = (float)s->mean[t];
    std[t] = (float)s->std[t];
  }
  const char *x =
      add(m, last, "spread", "Mul", rows, constant(m, last, "target_std", 1, &count, std));
  add_last(m, "Add", x, constant(m, last, "target_mean", 1, &count, mean), "targets");
  esp__onnx_set_output(m, "targets", "a number per target, in its units", count);
}

void esp__onnx_add_answers(esp__onnx_model *m, const esp_export_source *s, const char *last,
                           const char *rows, int count) {
  if (s->targets.count > 0)
    add_targets(m, &s->targets, last, rows);
  else
    esp__onnx_set_output(m, rows, "a number per class, or per answer of each task", count);
}

/* ---- properties ---- */

static esp_status put_text(esp__onnx_model *m, const char *key, esp__text *t, esp_error *err) {
  ESP_TRY(esp__text_end(t, err));
  esp__onnx_add_property(m, key, t->data);
  esp__text_drop(t);
  return ESP_OK;
}

static esp_status put_classes(esp__onnx_model *m, const esp_export_source *s, esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "the classes", err));
  for (int c = 0; c < s->model->classes; c++) fprintf(t.out, "%s\n", s->class_name[c]);
  return put_text(m, s->targets.count > 0 ? "espalier.targets" : "espalier.classes", &t, err);
}

static esp_status put_tasks(esp__onnx_model *m, const esp_tasks *tasks, esp_error *err) {
  esp__text t;
  if (tasks->count == 1) return ESP_OK;
  ESP_TRY(esp__text_begin(&t, "the tasks", err));
  for (int k = 0; k < tasks->count; k++)
    fprintf(t.out, "%s %d %d\n", tasks->item[k].name, tasks->item[k].first, tasks->item[k].answers);
  return put_text(m, "espalier.tasks", &t, err);
}

static esp_status put_numbers(esp__onnx_model *m, const char *key, int count, const float *value,
                              esp_error *err) {
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "the normalisation", err));
  for (int c = 0; c < count; c++) fprintf(t.out, c ? " %.9g" : "%.9g", (double)value[c]);
  return put_text(m, key, &t, err);
}

esp_status esp__onnx_add_facts(esp__onnx_model *m, const esp_export_source *s, esp_error *err) {
  const int channels = s->model->input.channels;
  ESP_TRY(put_classes(m, s, err));
  if (s->targets.count == 0) ESP_TRY(put_tasks(m, &s->model->tasks, err));
  ESP_TRY(put_numbers(m, "espalier.mean", channels, s->mean, err));
  ESP_TRY(put_numbers(m, "espalier.std", channels, s->std, err));
  esp__onnx_add_property(m, "espalier.layers", s->model->text);
  return ESP_OK;
}
