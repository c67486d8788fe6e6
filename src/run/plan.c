#include "run/plan.h"

#include "base/clock.h"
#include "config/stages.h"
#include "run/progress.h"
#include "run/services.h"
#include "run/stage.h"

static const double mebi = 1024.0 * 1024.0;

/* ---- counts ---- */

static double macs_of(const esp_model *m) {
  double macs = 0.0;
  for (int i = 0; i < m->layers; i++)
    macs += (double)m->layer[i].weight->count * m->layer[i].weight->positions;
  return macs;
}

/* Numbers that are learned. */
static double count_parameters(const esp_params *ps) {
  double count = 0.0;
  for (int i = 0; i < ps->count; i++)
    if (ps->item[i]->role != ESP_ROLE_RUNNING) count += (double)ps->item[i]->count;
  return count;
}

/* Of all stages; what the first epoch of one leaves out is not in it. */
static int64_t count_steps(const esp_run *r) {
  const int64_t batches = esp_loader_batches(r->training);
  int64_t steps = 0;
  for (int s = 0; s < esp__run_stages(r); s++)
    steps += esp__stage_epochs(&r->config, s, batches) * batches -
             esp__stage_batch(&r->config, s, batches);
  return steps;
}

static double image_bytes(const esp_dataset *set) {
  const double images =
      (double)set->train.count + (double)set->validation.count + (double)set->test.count;
  return images * set->shape.channels * set->shape.height * set->shape.width *
         (double)esp_element_bytes(set->element);
}

/* Of them in memory. */
static double resident_bytes(const esp_run *r) {
  const double bytes = image_bytes(r->set), most = mebi * (double)r->config.data.resident_mib;
  return most > 0.0 && r->set->train.mapping && bytes > most ? most : bytes;
}

/* ---- what is said of them ---- */

static void write_network(const esp_run *r, FILE *out) {
  fprintf(out, "network  %s: %.0f parameters in %d layers, %.4g million multiply-adds an image\n",
          r->config.model.arch, count_parameters(&r->model->params), r->model->layers,
          1e-6 * macs_of(r->model));
}

static void write_data(const esp_run *r, FILE *out) {
  const esp_dataset *s = r->set;
  char shape[ESP_SHAPE_TEXT];
  esp_shape_write(s->shape, shape);
  fprintf(out,
          "data     %s: %lld images to train, %lld to validate, %lld to test; "
          "%d %s, %s\n",
          r->config.data.dataset, (long long)s->train.count, (long long)s->validation.count,
          (long long)s->test.count, s->classes, s->targets.count > 0 ? "target(s)" : "classes",
          shape);
}

static void write_epochs(FILE *out, int64_t epochs) {
  fprintf(out, "%lld epoch%s", (long long)epochs, epochs == 1 ? "" : "s");
}

/* Steps of [compress], and how long each trains on. */
static void write_compression(const esp_config *c, FILE *out) {
  const int steps = esp_compress_steps(&c->compress);
  for (int i = 0; i < steps; i++) {
    const int64_t epochs = esp_compress_epochs(&c->compress, i);
    fprintf(out, ", then %s", esp_compress_step_of(&c->compress, i)->name);
    if (epochs == 0) continue;
    fputs(" and ", out);
    write_epochs(out, epochs);
  }
}

static void write_steps(const esp_run *r, FILE *out) {
  const esp_config *c = &r->config;
  const int64_t batches = esp_loader_batches(r->training);
  const int rounds = esp__run_stages(r) - 1 - esp_compress_steps(&c->compress);
  const bool fewer = esp__reacts(c) || c->prune.early_bird > 0;
  fprintf(out, "steps    %s%lld: ", fewer ? "at most " : "", (long long)count_steps(r));
  write_epochs(out, esp__stage_epochs(c, 0, batches));
  fprintf(out, " of %lld", (long long)batches);
  if (rounds > 0) {
    fprintf(out, ", then %d round%s of ", rounds, rounds == 1 ? "" : "s");
    write_epochs(out, esp__stage_epochs(c, 1, batches));
  }
  write_compression(c, out);
  fputc('\n', out);
}

static void write_pruning(const esp_run *r, FILE *out) {
  const esp_prune_options *p = &r->config.prune;
  if (!esp__prunes(&r->config)) {
    fputs("pruning  none\n", out);
    return;
  }
  const esp_distribution *distribution = esp_distribution_of(p);
  const esp_threshold_options *o = esp_threshold_options_of(p);
  fprintf(out, "pruning  %s, structure %s, distribution %s, schedule %s", p->method, p->structure,
          distribution->name, p->schedule);
  if (!distribution->limit)
    fprintf(out, ", sparsity %.4g", p->sparsity);
  else if (o->threshold > 0.0)
    fprintf(out, ", threshold %.4g (%s)", o->threshold, o->threshold_of);
  fputc('\n', out);
}

/* Of each parameter: value, gradient, moments. */
static void write_memory(const esp_run *r, FILE *out) {
  const double images = resident_bytes(r) / mebi;
  const double arrays = 2.0 + esp_optimiser_moments(&r->config.train);
  const double parameters = arrays * sizeof(float) * count_parameters(&r->model->params) / mebi;
  const double graphs = (double)(esp_graph_bytes(r->graph) + esp_graph_bytes(r->evaluation)) / mebi;
  fprintf(out, "memory   %.0f MiB: images %.0f, activations and buffers %.0f, parameters %.0f\n",
          images + graphs + parameters, images, graphs, parameters);
}

esp_status esp__run_plan_write(const esp_run *r, FILE *out, esp_error *err) {
  write_network(r, out);
  write_data(r, out);
  write_steps(r, out);
  write_pruning(r, out);
  write_memory(r, out);
  return ferror(out) ? esp_fail(err, ESP_ERR_IO, "what the run will do cannot be printed") : ESP_OK;
}

/* ---- time ---- */

/* The first steps are not counted: in them memory is new, and kernels are chosen by stopwatch.
 * Where steps are few or slow, two have to do. */
enum { WARM_LEAST = 2, WARM_ENOUGH = 5 };
static int64_t warm_steps(const esp_run *r) {
  const int64_t half = esp_loader_batches(r->training) / 2;
  return half < WARM_LEAST ? WARM_LEAST : half < WARM_ENOUGH ? half : WARM_ENOUGH;
}

esp_status esp__run_measure_pace(esp_run *r, double seconds, esp__run_pace *pace, esp_error *err) {
  int64_t warm = warm_steps(r);
  esp_trainer t = {r->model, r->graph, r->training, r->pruner, &r->config.train, 0};
  const esp_batch *batch;
  esp_metrics m = {0};
  int64_t images = 0;
  double begun = esp__seconds(), passed = 0.0;
  *pace = (esp__run_pace){0};
  esp_loader_start(r->training, 0, 0);
  for (int step = 0; passed < seconds && (batch = esp_loader_next(r->training)); step++) {
    bool changed;
    ESP_TRY(esp_train_step(&t, batch,
                           (esp_step){.step = step, .lr = 0.0, .window = esp__run_prune_window(r)},
                           &m, &changed, err));
    if (step + 1 == WARM_LEAST && esp__seconds() - begun > seconds) warm = WARM_LEAST;
    if (step + 1 == warm) begun = esp__seconds();
    if (step < warm) continue;
    images += batch->count;
    pace->steps++;
    passed = esp__seconds() - begun;
  }
  pace->images_per_second = passed > 0.0 ? (double)images / passed : 0.0;
  pace->sparsity = esp__run_sparsity(r);
  return ESP_OK;
}

void esp__run_plan_write_time(const esp_run *r, const esp__run_pace *pace, FILE *out) {
  char text[32],
      network[80] = "the dense network; evaluation comes on top, sparse kernels need less";
  const int64_t batches = esp_loader_batches(r->training);
  if (pace->images_per_second <= 0.0) {
    fputs("time     not known: an epoch has too few steps to measure\n", out);
    return;
  }
  const double epochs = (double)count_steps(r) / (double)batches;
  esp__format_time(text, epochs * (double)r->set->train.count / pace->images_per_second);
  if (pace->sparsity > 0.0)
    snprintf(network, sizeof network, "a network %.2f %% sparse; evaluation comes on top",
             100.0 * pace->sparsity);
  fprintf(out, "time     about %s: %.0f images/s, measured on %d step%s of %s\n", text,
          pace->images_per_second, pace->steps, pace->steps == 1 ? "" : "s", network);
}
