#include <espalier/interpolation.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *esp_interpolation_name(esp_interpolation_statistics kind) {
  return kind == ESP_INTERPOLATION_WEIGHTED ? "weighted" : "measured";
}

/* The two ends, and what measures between them: the graphs are of the first end's model. */
typedef struct walk {
  esp_loaded_run end[2];
  float *first; /* the values of the first end, which its model does not keep */
  esp_graph *evaluation, *training;
  esp_loader *test, *images;
} walk;

static bool is_normalised(const esp_model *m) {
  for (int i = 0; i < m->params.count; i++)
    if (m->params.item[i]->role == ESP_ROLE_RUNNING) return true;
  return false;
}

/* ---- opening ---- */

static bool same_param(const esp_param *a, const esp_param *b) {
  return strcmp(a->name, b->name) == 0 && a->rank == b->rank &&
         memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

static esp_status check_same(const walk *w, const char *const path[2], esp_error *err) {
  const esp_params *a = &w->end[0].model->params, *b = &w->end[1].model->params;
  bool same = a->count == b->count;
  for (int i = 0; same && i < a->count; i++) same = same_param(a->item[i], b->item[i]);
  if (same) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: another network than that of %s; expected the same parameters", path[1],
                  path[0]);
}

static esp_status keep_first(walk *w, esp_error *err) {
  const esp_params *ps = &w->end[0].model->params;
  size_t count = 0, at = 0;
  for (int i = 0; i < ps->count; i++) count += ps->item[i]->count;
  if (!(w->first = malloc((count + 1) * sizeof *w->first)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for two networks");
  for (int i = 0; i < ps->count; at += ps->item[i++]->count)
    memcpy(w->first + at, ps->item[i]->value, ps->item[i]->count * sizeof *w->first);
  return ESP_OK;
}

static esp_status open_measures(walk *w, esp_error *err) {
  esp_loaded_run *o = &w->end[0];
  const esp_train_options *t = &o->config.train;
  const int batch = (int)t->batch;
  const esp_key seed = (esp_key)o->config.run.seed;
  ESP_TRY(esp_model_graph(o->model, batch, false, esp_train_loss(t), &w->evaluation, err));
  ESP_TRY(
      esp_loader_new(&w->test, o->set, &o->set->test, (esp_loader_options){.batch = batch}, err));
  if (!is_normalised(o->model)) return ESP_OK;
  ESP_TRY(esp_model_graph(o->model, batch, true, esp_train_loss(t), &w->training, err));
  return esp_loader_new(&w->images, o->set, &o->set->train,
                        esp_loader_options_training(&o->config.data, batch, seed), err);
}

static esp_status open_walk(walk *w, const char *const path[2], esp_error *err) {
  ESP_TRY(esp_load_run(&w->end[0], path[0], true, 0, NULL, err));
  ESP_TRY(esp_load_run(&w->end[1], path[1], false, 0, NULL, err));
  ESP_TRY(check_same(w, path, err));
  ESP_TRY(keep_first(w, err));
  return open_measures(w, err);
}

static void close_walk(walk *w) {
  esp_loader_free(w->images);
  esp_loader_free(w->test);
  esp_graph_free(w->training);
  esp_graph_free(w->evaluation);
  free(w->first);
  esp_loaded_run_free(&w->end[1]);
  esp_loaded_run_free(&w->end[0]);
}

/* ---- walking ---- */

/* The model becomes the point. The ends come out as they are. */
static void stand_at(const walk *w, double alpha) {
  const esp_params *to = &w->end[0].model->params, *other = &w->end[1].model->params;
  const float *a = w->first;
  for (int i = 0; i < to->count; a += to->item[i++]->count) {
    const float *b = other->item[i]->value;
    for (size_t k = 0; k < to->item[i]->count; k++)
      to->item[i]->value[k] = (float)((1.0 - alpha) * (double)a[k] + alpha * (double)b[k]);
  }
}

/* Passes of training change nothing but the running statistics. */
static void measure_statistics(const walk *w) {
  const esp_batch *batch;
  esp_loader_start(w->images, 0, 0);
  for (int i = 0; i < ESP_INTERPOLATION_BATCHES && (batch = esp_loader_next(w->images)); i++) {
    const esp_key key =
        esp_key_of(esp_key_of((esp_key)w->end[0].config.run.seed, ESP_STREAM_DROPOUT), (uint64_t)i);
    esp_graph_forward(w->training, batch, (esp_pass){.training = true, .dropout_key = key});
  }
}

static void measure_point(const walk *w, esp_interpolation_point *p, int kinds) {
  stand_at(w, p->alpha);
  for (int kind = 0; kind < kinds; kind++) {
    if (kind == ESP_INTERPOLATION_RECALIBRATED) measure_statistics(w);
    esp_evaluate(w->end[0].model, w->evaluation, w->test, &p->test[kind], NULL);
  }
}

static double distance_of(const walk *w) {
  const esp_params *to = &w->end[0].model->params, *other = &w->end[1].model->params;
  const float *a = w->first;
  double sum = 0.0;
  for (int i = 0; i < to->count; a += to->item[i++]->count)
    for (size_t k = 0; esp_param_trains(to->item[i]) && k < to->item[i]->count; k++) {
      const double apart = (double)other->item[i]->value[k] - (double)a[k];
      sum += apart * apart;
    }
  return sqrt(sum);
}

static esp_status walk_along(const walk *w, esp_interpolation *line, esp_run_control control,
                             esp_error *err) {
  line->kinds = w->training ? ESP_INTERPOLATION_KINDS : 1;
  line->distance = distance_of(w);
  for (int i = 0; i < line->points; i++) {
    if (control.stop && *control.stop) return esp_fail(err, ESP_ERR_INTERRUPTED, "stopped");
    line->point[i].alpha = (double)i / (double)(line->points - 1);
    measure_point(w, &line->point[i], line->kinds);
  }
  return ESP_OK;
}

esp_status esp_interpolation_measure(esp_interpolation *line, const char *const path[2], int points,
                                     esp_run_control control, esp_error *err) {
  walk w = {0};
  *line =
      (esp_interpolation){.point = calloc((size_t)points, sizeof *line->point), .points = points};
  esp_status status =
      line->point ? open_walk(&w, path, err) : esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  if (status == ESP_OK) status = walk_along(&w, line, control, err);
  close_walk(&w);
  if (status != ESP_OK) esp_interpolation_free(line);
  return status;
}

void esp_interpolation_free(esp_interpolation *line) {
  free(line->point);
  *line = (esp_interpolation){0};
}

esp_barrier esp_interpolation_barrier(const esp_interpolation *line,
                                      esp_interpolation_statistics kind) {
  esp_barrier b = {.worst_loss = -INFINITY};
  for (int i = 0; i < line->points; i++) {
    const esp_metrics *m = &line->point[i].test[kind];
    const double loss = esp_metrics_loss(m), error = 1.0 - esp_metrics_quality(m);
    if (i == 0 || i == line->points - 1) b.loss[i > 0] = loss, b.error[i > 0] = error;
    b.worst_loss = fmax(b.worst_loss, loss);
    b.worst_error = fmax(b.worst_error, error);
  }
  b.loss_barrier = b.worst_loss - 0.5 * (b.loss[0] + b.loss[1]);
  b.error_barrier = b.worst_error - 0.5 * (b.error[0] + b.error[1]);
  return b;
}
