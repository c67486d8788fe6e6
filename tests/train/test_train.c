/* Training: files that bring everything back, metrics by hand, and networks that learn. */
#include "folder.h"
#include "plant.h"
#include "suite.h"
#include "train/weights_file.h"

#include <espalier/train.h>

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static esp_error err = {.text = ""};

#define OK(call)                                                   \
  do {                                                             \
    const esp_status ok_status = (call);                           \
    ck_assert_msg(ok_status == ESP_OK, "%s: %s", #call, err.text); \
  } while (0)

/* ---- a folder of its own for every test ---- */

static char *folder, file[FOLDER_PATH_MAX];

static void make_folder(void) {
  folder = folder_make();
  snprintf(file, sizeof file, "%s/x.safetensors", folder);
}

static void remove_folder(void) {
  unlink(file);
  folder_remove(folder);
}

/* ---- networks with something to remember ---- */

static const esp_shape input = {3, 6, 6};
static const char layers[] =
    "[model]\narch = custom\nlayers =\n conv 4 3x3\n bn\n relu\n conv 4 3x3\n global_avgpool\n"
    " linear classes\n";

static void open_net(plant *p, const char *ini) {
  char text[1024];
  snprintf(text, sizeof text, "%s%s", layers, ini);
  plant_open(p, input, 5, text);
}

/* Takes the steps from `first` to `last` with random gradients. */
static void take_steps(plant *p, int first, int last) {
  bool changed;
  for (int s = first; s <= last; s++) {
    for (int k = 0; k < p->model->params.count; k++) {
      const esp_param *w = p->model->params.item[k];
      for (size_t i = 0; i < w->count; i++) {
        const float x = (float)esp_random_normal(esp_key_of((esp_key)s, (uint64_t)k), i);
        if (esp_param_trains(w))
          w->grad[i] = x;
        else
          w->value[i] = x * x; /* running statistics change too */
      }
    }
    const esp_train_options *o = &p->config.train;
    const esp_step_ctx now = {
        s, 1.0 / (1 + s % 5),           0.05, o->momentum, o->weight_decay, o->average,
        o, p->model->params.updates + 1};
    if (p->pruner) esp_pruner_pre_forward(p->pruner, &now);
    if (p->pruner && esp_pruner_in_training(p->pruner))
      OK(esp_pruner_step(p->pruner, s, 2, 20, &changed, &err));
    if (p->pruner) OK(esp_pruner_post_backward(p->pruner, &now, &err));
    esp_optimiser_step(&p->model->params, o, 0.05);
    if (p->pruner) esp_pruner_post_step(p->pruner, &now);
  }
}

static void same(const esp_param *a, const float *x, const float *y, const char *what) {
  ck_assert_msg((x == NULL) == (y == NULL), "%s of %s is there once", what, a->name);
  if (x) ck_assert_msg(memcmp(x, y, a->count * sizeof *x) == 0, "%s of %s differs", what, a->name);
}

/* All that a network is, to the bit. */
static void same_state(const plant *p, const plant *q) {
  for (int k = 0; k < p->model->params.count; k++) {
    const esp_param *a = p->model->params.item[k], *b = q->model->params.item[k];
    same(a, a->value, b->value, "value");
    same(a, a->momentum, b->momentum, "momentum");
    same(a, a->second_moment, b->second_moment, "second moment");
    same(a, a->average, b->average, "average");
    same(a, a->shadow, b->shadow, "shadow");
    same(a, a->movement, b->movement, "movement");
    ck_assert((a->mask == NULL) == (b->mask == NULL));
    if (!a->mask) continue;
    ck_assert_mem_eq(a->mask->keep, b->mask->keep, a->count);
    ck_assert_uint_eq(a->mask->kept, b->mask->kept);
  }
  if (!p->pruner) return;
  ck_assert_uint_eq(esp_pruner_changes(p->pruner), esp_pruner_changes(q->pruner));
  for (int i = 0; esp_pruner_state(p->pruner, i).name; i++) {
    const esp_prune_state a = esp_pruner_state(p->pruner, i), b = esp_pruner_state(q->pruner, i);
    ck_assert_msg(b.name && memcmp(a.data, b.data, a.count * sizeof(float)) == 0,
                  "state %s differs", a.name);
  }
}

static const esp_provenance from = {"[run]\nseed = 3\n", "cat\ndog\n"};

/* ---- files of weights ---- */

START_TEST(weights_come_back_to_the_bit) {
  plant p, q;
  open_net(&p, "");
  open_net(&q, "[run]\nseed = 2\n");
  take_steps(&p, 0, 3);
  take_steps(&q, 0, 1);
  float momentum[108];
  memcpy(momentum, plant_param(&q, "conv1.weight")->momentum, sizeof momentum);
  OK(esp__weights_write(p.model, from, file, &err));
  OK(esp_weights_load(q.model, file, &err));
  for (int k = 0; k < p.model->params.count; k++)
    same(p.model->params.item[k], p.model->params.item[k]->value, q.model->params.item[k]->value,
         "value");
  ck_assert_mem_eq(momentum, plant_param(&q, "conv1.weight")->momentum,
                   sizeof momentum); /* not in the file */
  plant_close(&p);
  plant_close(&q);
}
END_TEST

START_TEST(averages_are_what_is_saved) {
  plant p, q;
  open_net(&p, "[train]\naverage = 0.9\n");
  open_net(&q, "[run]\nseed = 2\n[train]\naverage = 0.5\n");
  take_steps(&p, 0, 3);
  OK(esp__weights_write(p.model, from, file, &err));
  OK(esp_weights_load(q.model, file, &err));
  for (int k = 0; k < p.model->params.count; k++) {
    const esp_param *a = p.model->params.item[k], *b = q.model->params.item[k];
    same(a, a->average ? a->average : a->value, b->value, "value");
    if (b->average) same(b, b->value, b->average, "average"); /* begins from what was loaded */
  }
  plant_close(&p);
  plant_close(&q);
}
END_TEST

START_TEST(loaded_weights_respect_masks) {
  static const char *const methods[] = {"[prune]\nmethod = set\n", "[prune]\nmethod = surgery\n"};
  for (int m = 0; m < 2; m++) {
    char ini[128];
    plant dense, p;
    open_net(&dense, "[run]\nseed = 5\n");
    snprintf(ini, sizeof ini, "%severy = 1\n[train]\naverage = 0.9\n", methods[m]);
    open_net(&p, ini);
    take_steps(&p, 0, 12);
    OK(esp__weights_write(dense.model, from, file, &err));
    OK(esp_weights_load(p.model, file, &err));
    plant_check(&p, "loaded");
    ck_assert(esp_pruner_holds(p.pruner));
    for (int k = 0; k < p.model->params.count; k++) {
      const esp_param *a = dense.model->params.item[k], *b = p.model->params.item[k];
      if (b->shadow) same(a, a->value, b->shadow, "shadow");
      for (size_t i = 0; i < a->count; i++)
        ck_assert(b->value[i] == (b->mask && !b->mask->keep[i] ? 0.0f : a->value[i]));
    }
    plant_close(&dense);
    plant_close(&p);
  }
}
END_TEST

/* ---- files that do not fit ---- */

static const struct {
  const char *layers, *says;
} others[] = {
    {"conv 5 3x3\n bn\n relu\n conv 4 3x3\n global_avgpool\n linear classes",
     "'conv1.weight' has another shape"},
    {"conv 4 5x5\n bn\n relu\n conv 4 3x3\n global_avgpool\n linear classes",
     "'conv1.weight' has another shape"},
    {"conv 4 3x3\n relu\n conv 4 3x3\n global_avgpool\n linear classes", "no tensor 'bn1.scale'"},
    {"conv 4 3x3\n bn\n relu\n conv 4 3x3 nobias\n global_avgpool\n linear classes",
     "no tensor 'conv2.bias'"},
    {"flatten\n linear classes", "no tensor 'conv1.weight'"},
};

/* Says in one line which file and which tensor. */
static void refused(esp_status status, const char *says) {
  ck_assert_int_eq(status, ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, file) != NULL, "%s", err.text);
  ck_assert_msg(strstr(err.text, says) != NULL, "'%s' lacks '%s'", err.text, says);
  ck_assert_ptr_null(strchr(err.text, '\n'));
}

START_TEST(another_networks_file_is_refused) {
  char ini[256], *position = NULL;
  plant p, other;
  open_net(&p, "");
  snprintf(ini, sizeof ini, "[model]\narch = custom\nlayers =\n %s\n", others[_i].layers);
  plant_open(&other, input, 5, ini);
  OK(esp__weights_write(other.model, from, file, &err));
  refused(esp_weights_load(p.model, file, &err), others[_i].says);
  unlink(file);
  /* Of a checkpoint momentum may be missed first. */
  OK(esp_checkpoint_save(other.model, NULL, from, "here", file, &err));
  refused(esp_checkpoint_load(p.model, NULL, file, &position, &err), strchr(others[_i].says, '.'));
  ck_assert_ptr_null(position);
  plant_close(&p);
  plant_close(&other);
}
END_TEST

START_TEST(files_that_are_no_checkpoints) {
  char *position = NULL;
  plant p, masked;
  open_net(&p, "");
  open_net(&masked, "[prune]\nmethod = magnitude\n");
  ck_assert(esp_weights_load(p.model, file, &err) != ESP_OK); /* not there */
  ck_assert_ptr_nonnull(strstr(err.text, file));
  OK(esp__weights_write(p.model, from, file, &err));
  refused(esp_checkpoint_load(p.model, NULL, file, &position, &err), "momentum.conv1.weight");
  unlink(file);
  OK(esp_checkpoint_save(p.model, NULL, from, "here", file, &err)); /* of a run without masks */
  refused(esp_checkpoint_load(masked.model, masked.pruner, file, &position, &err),
          "mask.conv1.weight");
  ck_assert_ptr_null(position);
  plant_close(&p);
  plant_close(&masked);
}
END_TEST

/* A batch norm would take the root, and a rectifier hide what that is. */
START_TEST(a_negative_variance_is_refused) {
  plant p;
  open_net(&p, "");
  plant_param(&p, "bn1.var")->value[1] = -1.0f;
  OK(esp__weights_write(p.model, from, file, &err));
  refused(esp_weights_load(p.model, file, &err), "'bn1.var' holds a variance below 0");
  plant_close(&p);
}
END_TEST

START_TEST(a_damaged_file_is_refused) {
  plant p;
  FILE *f;
  open_net(&p, "");
  OK(esp__weights_write(p.model, from, file, &err));
  f = fopen(file, "r+b");
  fseek(f, -40, SEEK_END); /* in the middle of a tensor */
  fputc(fgetc(f) ^ 1, f);
  fclose(f);
  ck_assert_int_eq(esp_weights_load(p.model, file, &err), ESP_ERR_INPUT);
  ck_assert_int_eq(truncate(file, 300), 0);
  ck_assert_int_eq(esp_weights_load(p.model, file, &err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, file));
  plant_close(&p);
}
END_TEST

/* ---- checkpoints ---- */

/* What a method keeps must be there, and as much of it. */
START_TEST(another_methods_checkpoint_is_refused) {
  static const struct {
    const char *saved, *loaded, *says;
  } pairs[] = {
      {"[prune]\nmethod = dpf\n", "[prune]\nmethod = topkast\n", "no tensor 'prune.explored'"},
      {"[prune]\nmethod = magnitude\nregulariser = l0\n",
       "[prune]\nmethod = magnitude\nregulariser = l0\nstructure = filter\n",
       "no tensor 'prune.gate' of 8 numbers"},
      {"[prune]\nmethod = set\n", "[prune]\nmethod = dpf\n", "no tensor 'shadow.conv1.weight'"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    plant p, q;
    char *position;
    open_net(&p, pairs[i].saved);
    open_net(&q, pairs[i].loaded);
    OK(esp_checkpoint_save(p.model, p.pruner, from, "1", file, &err));
    ck_assert_int_eq(esp_checkpoint_load(q.model, q.pruner, file, &position, &err), ESP_ERR_INPUT);
    ck_assert_msg(strstr(err.text, pairs[i].says) && strstr(err.text, file), "%s", err.text);
    plant_close(&p);
    plant_close(&q);
  }
}
END_TEST

static const char *const runs[] = {
    "[train]\naverage = 0.9\n",
    "[prune]\nmethod = magnitude\nschedule = cubic\nstructure = filter\nevery = 3\n"
    "sparsity = 0.5\n",
    "[prune]\nmethod = random\nschedule = cubic\nevery = 2\n[train]\naverage = 0.9\n"
    "nesterov = yes\n",
    "[prune]\nmethod = set\nevery = 1\n[train]\naverage = 0.9\n",
    "[prune]\nmethod = rigl\nevery = 1\n",
    "[prune]\nmethod = surgery\nevery = 2\n[train]\naverage = 0.9\n",
    "[prune]\nmethod = movement\nschedule = linear\nevery = 2\n",
    "[prune]\nmethod = static\n",
    "[prune]\nmethod = dpf\nevery = 2\n",
    "[prune]\nmethod = acdc\nevery = 3\n",
    "[prune]\nmethod = granet\nevery = 2\n",
    "[prune]\nmethod = topkast\nevery = 2\n[train]\naverage = 0.9\n",
    "[prune]\nmethod = soft\nstructure = filter\nevery = 2\nsparsity = 0.5\n",
    "[prune]\nmethod = grow\nevery = 2\nsparsity = 0.5\n",
    "[prune]\nmethod = grow\nstructure = filter\nevery = 2\nsparsity = 0.2\n[train]\n"
    "average = 0.9\n",
    "[prune]\nmethod = edge-popup\nevery = 1\n[train]\naverage = 0.9\n",
    "[prune]\nmethod = soft-movement\nstrength = 1\nevery = 2\n",
    "[prune]\nmethod = str\nstrength = 0.1\nevery = 2\n[train]\naverage = 0.9\n",
    "[prune]\nmethod = magnitude\nregulariser = l1\nstrength = 0.1\n",
    "[prune]\nmethod = magnitude\nregulariser = group-lasso\nstructure = filter\n",
    "[prune]\nmethod = magnitude\nregulariser = slimming\n[train]\naverage = 0.9\n",
    "[prune]\nmethod = magnitude\nregulariser = admm\nevery = 3\nstrength = 0.1\n",
    "[prune]\nmethod = magnitude\nregulariser = admm\nstructure = filter\nevery = 3\n"
    "sparsity = 0.5\n",
    "[prune]\nmethod = magnitude\nregulariser = l0\nstrength = 1\n[train]\naverage = 0.9\n",
    "[prune]\nmethod = magnitude\nregulariser = l0\nstructure = filter\nsparsity = 0.5\n",
    "[prune]\nmethod = magnitude\nregulariser = l0\nstructure = channel\nsparsity = 0.5\n",
    "[prune]\nmethod = magnitude\nregulariser = admm\nstructure = channel\nevery = 3\n"
    "sparsity = 0.5\n",
    "[prune]\nmethod = grow\nstructure = channel\nevery = 2\nsparsity = 0.2\n",
};

/* Saved after `step` and loaded into a network that was somewhere else, a run goes on as if nothing
 * was. */
static void goes_on(const char *ini, int step) {
  static const char position[] = "[position]\nepoch = 3\ntext = \"\\ \xc3\xa9\n";
  char *text = NULL;
  plant p, q;
  open_net(&p, ini);
  open_net(&q, ini);
  take_steps(&p, 0, step);
  esp_model_initialise(q.model, 77);
  take_steps(&q, 1, 4);
  OK(esp_checkpoint_save(p.model, p.pruner, from, position, file, &err));
  OK(esp_checkpoint_load(q.model, q.pruner, file, &text, &err));
  ck_assert_str_eq(text, position);
  free(text);
  same_state(&p, &q);
  if (q.pruner) ck_assert(esp_pruner_holds(q.pruner));
  plant_check(&q, ini);
  take_steps(&p, step + 1, 25);
  take_steps(&q, step + 1, 25);
  same_state(&p, &q);
  plant_check(&q, ini);
  plant_close(&p);
  plant_close(&q);
  unlink(file);
}

/* The header of a file ends at 16 MiB; a log of a million epochs does not. */
START_TEST(a_long_position_is_kept) {
  enum { LONG = 17 << 20 };
  plant p;
  char *position = malloc(LONG + 1), *there;
  ck_assert_ptr_nonnull(position);
  memset(position, 'x', LONG);
  position[LONG] = '\0';
  open_net(&p, "");
  OK(esp_checkpoint_save(p.model, NULL, from, position, file, &err));
  OK(esp_checkpoint_load(p.model, NULL, file, &there, &err));
  ck_assert_str_eq(there, position);
  free(there);
  free(position);
  plant_close(&p);
}
END_TEST

/* Earlier versions wrote the position among the texts. */
START_TEST(positions_of_earlier_versions) {
  char *there;
  esp_bundle b = {0};
  ck_assert_int_eq(esp_checkpoint_position(&b, "x", &there, &err), ESP_ERR_INPUT);
  OK(esp_bundle_add_text(&b, "espalier.position", "here", &err));
  OK(esp_checkpoint_position(&b, "x", &there, &err));
  ck_assert_str_eq(there, "here");
  free(there);
  for (int i = 0; i < 2; i++) {
    OK(esp_checkpoint_set_position(&b, i ? "elsewhere" : "there", &err));
    OK(esp_checkpoint_position(&b, "x", &there, &err));
    ck_assert_str_eq(there, i ? "elsewhere" : "there");
    free(there);
  }
  esp_bundle_free(&b);
}
END_TEST

/* Before the first change of a mask (2), among them, at the last (20, where shadows go), and after
 * it. */
START_TEST(checkpoints_bring_everything_back) {
  static const int steps[] = {0, 1, 2, 7, 19, 20, 22};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) goes_on(runs[_i], steps[i]);
}
END_TEST

/* ---- metrics ---- */

enum { CLASSES = 7, IMAGES = 11 };
#define EVEN \
  { 1, 1, 1, 1, 1, 1, 1 }
#define FALLING \
  { 7, 6, 5, 4, 3, 2, 1 }

static const struct {
  float logit[CLASSES];
  int label, answer, rank;
} judged[IMAGES] = {
    {FALLING, 0, 0, 0},
    {FALLING, 4, 0, 4},
    {FALLING, 5, 0, 5},
    {EVEN, 0, 0, 0}, /* of equal logits the lower class comes first */
    {EVEN, 4, 0, 4},
    {EVEN, 5, 0, 5},
    {{1, 3, 3, 0, 0, 0, 0}, 2, 1, 1},
    {{0, 0, -5, 0, 0, 0, 0}, 2, 0, 6},
    {{NAN, 1, 0, 0, 0, 0, 0}, 1, 1, 0}, /* not a number is the lowest */
    {{NAN, 1, 0, 0, 0, 0, 0}, 0, 1, 6},
    {{NAN, NAN, NAN, NAN, NAN, NAN, NAN}, 6, 0, 6},
};

/* A network that is nothing but its input: the images are the logits. */
START_TEST(metrics_by_hand) {
  plant p;
  esp_graph *graph;
  int32_t labels[16] = {0};
  int64_t confusion[CLASSES * CLASSES] = {0}, expected[CLASSES * CLASSES] = {0}, top1 = 0, top5 = 0;
  float *images = aligned_alloc(64, CLASSES * 16 * sizeof *images);
  memset(images, 0, CLASSES * 16 * sizeof *images);
  plant_open(&p, (esp_shape){CLASSES, 1, 1}, CLASSES, "[model]\narch = custom\nlayers = flatten\n");
  OK(esp_model_graph(p.model, 16, false, (esp_loss_attr){ESP_LOSS_CROSS_ENTROPY, 0.0f}, &graph,
                     &err));
  for (int i = 0; i < IMAGES; i++) {
    for (int c = 0; c < CLASSES; c++) images[c * 16 + i] = judged[i].logit[c];
    labels[i] = judged[i].label;
    expected[judged[i].label * CLASSES + judged[i].answer]++;
    top1 += judged[i].rank == 0;
    top5 += judged[i].rank < 5;
  }
  const esp_batch batch = {images, labels, IMAGES};
  esp_graph_forward(graph, &batch, (esp_pass){0});
  esp_metrics m = {.loss_sum = 1.0, .top1 = 10, .top5 = 20, .count = 30};
  esp_metrics_add(&m, graph, &batch, (esp_outcome){2.5, IMAGES}, confusion);
  ck_assert(m.loss_sum == 3.5);
  ck_assert_int_eq(m.count, 30 + IMAGES);
  ck_assert_int_eq(m.top1, 10 + top1);
  ck_assert_int_eq(m.top5, 20 + top5);
  ck_assert_mem_eq(confusion, expected, sizeof expected);
  esp_metrics_add(&m, graph, &batch, (esp_outcome){0.0, IMAGES}, NULL);
  ck_assert_int_eq(m.top1, 10 + 2 * top1);
  esp_graph_free(graph);
  plant_close(&p);
  free(images);
}
END_TEST

/* Two targets of three images in their units, by hand: the first off by 1, 2 and -2 deviations of 2
 * each, the second always right. */
START_TEST(targets_by_hand) {
  enum { TARGETS = 2, SEEN = 3 };
  static const float off[SEEN] = {1.0f, 2.0f, -2.0f};
  static const esp_target_scale scale = {
      .count = TARGETS, .mean = {10.0, 0.0}, .std = {2.0, 5.0}, .variance = {24.0, 25.0}};
  plant p;
  esp_graph *graph;
  float *images = aligned_alloc(64, TARGETS * 16 * sizeof *images),
        *targets = aligned_alloc(64, TARGETS * 16 * sizeof *targets);
  memset(images, 0, TARGETS * 16 * sizeof *images);
  memset(targets, 0, TARGETS * 16 * sizeof *targets);
  plant_open(&p, (esp_shape){TARGETS, 1, 1}, TARGETS, "[model]\narch = custom\nlayers = flatten\n");
  OK(esp_model_graph(p.model, 16, false, (esp_loss_attr){0}, &graph, &err));
  for (int i = 0; i < SEEN; i++) {
    targets[i] = (float)i;
    images[i] = targets[i] + off[i];
    images[16 + i] = targets[16 + i] = -3.0f;
  }
  const esp_batch batch = {.images = images, .count = SEEN, .targets = targets, .scale = &scale};
  esp_metrics m = {0};
  const esp_outcome outcome = esp_graph_forward(graph, &batch, (esp_pass){0});
  esp_metrics_add(&m, graph, &batch, outcome, NULL);
  ck_assert_double_eq(outcome.loss_sum, 9.0 / 2);
  ck_assert_double_eq(outcome.squared[0], 9.0);
  ck_assert_double_eq(outcome.squared[1], 0.0);
  ck_assert_double_eq_tol(esp_metrics_rmse(&m, 0), sqrt(36.0 / 3), 1e-12);
  ck_assert_double_eq_tol(esp_metrics_target_r2(&m, 0), 1.0 - 12.0 / 24.0, 1e-12);
  ck_assert_double_eq_tol(esp_metrics_quality(&m), 0.75, 1e-12);
  ck_assert_str_eq(esp_metrics_quality_of(&m)->name, "r2");
  ck_assert_double_eq(esp_target_value(&scale, 0, -1.5f), 7.0);
  images[0] = NAN;
  esp_metrics_add(&m, graph, &batch, esp_graph_forward(graph, &batch, (esp_pass){0}), NULL);
  ck_assert_double_lt(esp_metrics_quality(&m), -1e300);
  esp_graph_free(graph);
  plant_close(&p);
  free(images);
  free(targets);
}
END_TEST

START_TEST(shares_of_nothing_are_zero) {
  const esp_metrics none = {0}, some = {.loss_sum = 3.0, .top1 = 1, .top5 = 3, .count = 4};
  ck_assert(esp_metrics_top1(&none) == 0.0 && esp_metrics_top5(&none) == 0.0 &&
            esp_metrics_loss(&none) == 0.0);
  ck_assert(esp_metrics_top1(&some) == 0.25 && esp_metrics_top5(&some) == 0.75 &&
            esp_metrics_loss(&some) == 0.75);
}
END_TEST

/* ---- training on the shapes ---- */

/* A network, its data, and what trains it. */
typedef struct school {
  plant p;
  esp_dataset *set;
  esp_graph *graph;
  esp_loader *training, *test;
  esp_trainer trainer;
} school;

static void open_school(school *s, const char *net, const char *ini) {
  char text[1024];
  snprintf(text, sizeof text, "[data]\ndataset = shapes\n[model]\narch = custom\nlayers =\n%s\n%s",
           net, ini);
  plant_open(&s->p, (esp_shape){3, 32, 32}, 10, text);
  const esp_config *c = &s->p.config;
  const int batch = (int)c->train.batch;
  OK(esp_dataset_load(&s->set, &c->data, (esp_shape){0}, 1, &err));
  OK(esp_model_graph(s->p.model, batch, true, (esp_loss_attr){ESP_LOSS_CROSS_ENTROPY, 0.0f},
                     &s->graph, &err));
  OK(esp_loader_new(&s->training, s->set, &s->set->train,
                    esp_loader_options_training(&c->data, batch, 1), &err));
  OK(esp_loader_new(&s->test, s->set, &s->set->test, (esp_loader_options){.batch = batch}, &err));
  s->trainer = (esp_trainer){s->p.model, s->graph, s->training, s->p.pruner, &c->train, 1};
}

static void close_school(school *s) {
  esp_loader_free(s->training);
  esp_loader_free(s->test);
  esp_graph_free(s->graph);
  esp_dataset_free(s->set);
  plant_close(&s->p);
}

/* Trains the epochs from `first` to before `last`, masks changing in the first 3/4 of all. */
static void teach(school *s, int first, int last) {
  const esp_train_options *o = s->trainer.opt;
  const int batches = esp_loader_batches(s->training), epochs = (int)o->epochs;
  const bool prunes = s->p.pruner && esp_pruner_in_training(s->p.pruner);
  const esp_prune_window window = {0, prunes ? epochs * batches * 3 / 4 : -1};
  for (int e = first; e < last; e++) {
    const esp_batch *batch;
    int64_t step = (int64_t)e * batches;
    esp_loader_start(s->training, (uint64_t)e, 0);
    while ((batch = esp_loader_next(s->training))) {
      esp_metrics m = {0};
      bool changed;
      const double lr = esp_learning_rate(o, (double)step / batches, epochs);
      OK(esp_train_step(&s->trainer, batch, (esp_step){step, (uint64_t)step, lr, window}, &m,
                        &changed, &err));
      ck_assert_int_eq(m.count, batch->count);
      if (!s->p.pruner) ck_assert(!changed);
      if (s->p.pruner) ck_assert(esp_pruner_holds(s->p.pruner));
      step++;
    }
  }
}

static const char small[] =
    " avgpool 2\n conv 16 3x3\n bn\n relu\n maxpool 2\n conv 32 3x3\n bn\n relu\n maxpool 2\n"
    " conv 32 3x3\n bn\n"
    " relu\n global_avgpool\n linear classes\n";

static const char *const lessons[] = {
    "",
    "[prune]\nmethod = magnitude\nschedule = cubic\nsparsity = 0.7\nevery = 10\n",
    "[prune]\nmethod = rigl\nsparsity = 0.7\nevery = 10\n",
    "[prune]\nmethod = surgery\nsparsity = 0.7\nevery = 10\n",
};

/* Chance is 10 %, and 50 % for the best five. */
START_TEST(small_networks_learn) {
  char ini[512];
  school s;
  esp_metrics m;
  int64_t confusion[100] = {0}, sum = 0, right = 0;
  snprintf(ini, sizeof ini,
           "[data]\ntrain = 1600\ntest = 300\n[train]\nepochs = 6\nbatch = 16\nlr = 0.02\n%s",
           lessons[_i]);
  open_school(&s, small, ini);
  teach(&s, 0, 6);
  if (s.p.pruner) {
    const esp_pruned c = esp_pruner_count(s.p.pruner);
    ck_assert_uint_eq(c.pruned, (size_t)nearbyint(0.7 * (double)c.units));
    plant_check(&s.p, "trained");
  }
  esp_evaluate(s.p.model, s.graph, s.test, &m, confusion);
  for (int i = 0; i < 100; i++) sum += confusion[i];
  for (int c = 0; c < 10; c++) right += confusion[11 * c];
  ck_assert_int_eq(m.count, 300);
  ck_assert_int_eq(sum, 300);
  ck_assert_int_eq(right, m.top1);
  ck_assert_msg(esp_metrics_top1(&m) > 0.4 && esp_metrics_top5(&m) > 0.8,
                "top-1 %g, top-5 %g, loss %g", esp_metrics_top1(&m), esp_metrics_top5(&m),
                esp_metrics_loss(&m));
  close_school(&s);
}
END_TEST

/* A teacher counts in training and not else: the loss of a batch with share 1 is 0 against oneself,
 * and that of the network alone where nothing is trained. */
START_TEST(a_teacher_teaches_in_training_only) {
  school s;
  esp_graph *teacher;
  open_school(&s, " avgpool 2\n conv 4 3x3\n relu\n global_avgpool\n linear classes\n",
              "[data]\ntrain = 16\ntest = 16\n[train]\nbatch = 16\n");
  OK(esp_model_graph(s.p.model, 16, false, (esp_loss_attr){ESP_LOSS_CROSS_ENTROPY, 0.0f}, &teacher,
                     &err));
  esp_loader_start(s.training, 0, 0);
  const esp_batch *batch = esp_loader_next(s.training);
  const double alone = esp_graph_forward(s.graph, batch, (esp_pass){.training = true}).loss_sum;
  ck_assert(alone > 0.0);
  esp_graph_forward(teacher, batch, (esp_pass){0});
  esp_graph_distill(s.graph, teacher, 1.0f, 4.0f);
  ck_assert(fabs(esp_graph_forward(s.graph, batch, (esp_pass){.training = true}).loss_sum) < 1e-6);
  esp_graph_backward(s.graph);
  ck_assert(esp_gradient_norm(&s.p.model->params) < 1e-6);
  ck_assert(esp_graph_forward(s.graph, batch, (esp_pass){0}).loss_sum == alone);
  esp_graph_distill(s.graph, NULL, 0.0f, 1.0f);
  ck_assert(esp_graph_forward(s.graph, batch, (esp_pass){.training = true}).loss_sum == alone);
  esp_graph_free(teacher);
  close_school(&s);
}
END_TEST

static const char tiny[] =
    " conv 4 3x3 stride 4\n bn\n relu\n conv 6 3x3 stride 2\n bn\n relu\n dropout 0.2\n"
    " global_avgpool\n"
    " linear classes\n";
static const char few[] =
    "[data]\ntrain = 70\ntest = 40\naugment = crop flip\n[train]\nepochs = 4\nbatch = 16\n";

static const char *const repeated[] = {
    "average = 0.9\n",
    "[prune]\nmethod = set\nevery = 2\nsparsity = 0.5\n",
    "[prune]\nmethod = rigl\nevery = 2\nsparsity = 0.5\n",
    "[prune]\nmethod = saliency\nschedule = cubic\nevery = 2\nsparsity = 0.5\n",
    "[prune]\nmethod = surgery\nevery = 2\nsparsity = 0.5\n",
    "[prune]\nmethod = movement\nschedule = exponential\nevery = 2\nsparsity = 0.5\n",
    "[prune]\nmethod = taylor\nstructure = filter\nschedule = linear\nevery = 2\nsparsity = 0.5\n",
    "[prune]\nmethod = static\nsparsity = 0.5\n",
    "[prune]\nmethod = dpf\nevery = 2\nsparsity = 0.5\n",
    "[prune]\nmethod = acdc\nevery = 2\nsparsity = 0.5\n",
    "[prune]\nmethod = granet\nevery = 2\nsparsity = 0.5\n",
    "[prune]\nmethod = topkast\nevery = 2\nsparsity = 0.5\n",
    "[prune]\nmethod = soft\nstructure = filter\nevery = 2\nsparsity = 0.3\n",
    "[prune]\nmethod = grow\nstructure = filter\nevery = 2\nsparsity = 0.3\nstall = 1\n",
    "[prune]\nmethod = edge-popup\nevery = 1\nsparsity = 0.5\n",
    "[prune]\nmethod = soft-movement\nstrength = 1\nevery = 2\nsparsity = 0.5\n",
    "[prune]\nmethod = str\nstrength = 0.01\nevery = 2\nsparsity = 0.5\n",
    "[prune]\nmethod = magnitude\nregulariser = l1\n",
    "[prune]\nmethod = magnitude\nregulariser = group-lasso\n",
    "[prune]\nmethod = magnitude\nregulariser = slimming\n",
    "[prune]\nmethod = magnitude\nregulariser = admm\nevery = 3\nstrength = 0.01\n",
    "[prune]\nmethod = magnitude\nregulariser = l0\nstructure = filter\n",
};

/* With one thread or three, kernels that skip pruned weights or do not, in one go or from a
 * checkpoint half-way: the same bits. */
START_TEST(training_is_repeatable) {
  char ini[512], hex[4][65], *position;
  snprintf(ini, sizeof ini, "%s%s", few, repeated[_i]);
  for (int k = 0; k < 4; k++) {
    school s;
    omp_set_num_threads(k == 1 ? 3 : 1);
    open_school(&s, tiny, ini);
    esp_graph_sparse(s.graph, k == 3 ? ESP_SPARSE_ON : ESP_SPARSE_OFF);
    teach(&s, 0, 2);
    if (k == 2) {
      OK(esp_checkpoint_save(s.p.model, s.p.pruner, from, "2", file, &err));
      close_school(&s);
      open_school(&s, tiny, ini);
      OK(esp_checkpoint_load(s.p.model, s.p.pruner, file, &position, &err));
      free(position);
    }
    teach(&s, 2, 4);
    esp_params_sha256(&s.p.model->params, hex[k]);
    close_school(&s);
  }
  for (int k = 1; k < 4; k++) ck_assert_msg(strcmp(hex[0], hex[k]) == 0, "%swith way %d", ini, k);
}
END_TEST

/* A loss that is not finite stops the training before the weights are touched. */
START_TEST(divergence_is_an_error) {
  static const float poison[] = {NAN, INFINITY};
  for (int k = 0; k < 2; k++) {
    school s;
    char before[65], after[65];
    bool changed;
    esp_metrics m = {0};
    open_school(&s, tiny, few);
    esp_param *w = plant_param(&s.p, "linear1.weight");
    for (size_t i = 0; i < w->count; i++) w->value[i] = i % 2 ? poison[k] : -poison[k];
    for (size_t i = 0; i < w->count; i++) w->grad[i] = 0.0f;
    esp_params_sha256(&(esp_params){&w, 1, 1}, before);
    esp_loader_start(s.training, 0, 0);
    const esp_batch *batch = esp_loader_next(s.training);
    ck_assert_int_eq(
        esp_train_step(&s.trainer, batch, (esp_step){7, 7, 0.1, {0, -1}}, &m, &changed, &err),
        ESP_ERR_DIVERGED);
    ck_assert_msg(strstr(err.text, "step 7") != NULL, "%s", err.text);
    esp_params_sha256(&(esp_params){&w, 1, 1}, after);
    ck_assert_str_eq(before, after);
    ck_assert(!changed);
    close_school(&s);
  }
}
END_TEST

/* A learning rate far too large ends there by itself. */
START_TEST(a_mad_learning_rate_diverges) {
  school s;
  esp_status status = ESP_OK;
  open_school(&s, " conv 4 3x3 stride 4 bias\n relu\n global_avgpool\n linear classes\n", few);
  for (int step = 0; step < 40 && status == ESP_OK; step++) {
    bool changed;
    esp_metrics m = {0};
    esp_loader_start(s.training, 0, 0);
    status = esp_train_step(&s.trainer, esp_loader_next(s.training),
                            (esp_step){step, (uint64_t)step, 1e15, {0, -1}}, &m, &changed, &err);
  }
  ck_assert_int_eq(status, ESP_ERR_DIVERGED);
  close_school(&s);
}
END_TEST

/* ---- evaluation and the mean gradient ---- */

/* The evaluation sees the averages and leaves everything as it was. */
START_TEST(evaluation_uses_averages_and_puts_them_back) {
  school s, t;
  char ini[512], before[65], after[65];
  esp_metrics with, plain;
  snprintf(ini, sizeof ini, "%saverage = 0.8\n", few);
  open_school(&s, tiny, ini);
  open_school(&t, tiny, few);
  teach(&s, 0, 1);
  for (int k = 0; k < s.p.model->params.count; k++) {
    const esp_param *a = s.p.model->params.item[k];
    memcpy(t.p.model->params.item[k]->value, a->average ? a->average : a->value,
           a->count * sizeof(float));
  }
  esp_params_sha256(&s.p.model->params, before);
  esp_evaluate(s.p.model, s.graph, s.test, &with, NULL);
  esp_params_sha256(&s.p.model->params, after);
  ck_assert_str_eq(before, after);
  esp_evaluate(t.p.model, t.graph, t.test, &plain, NULL);
  ck_assert(with.loss_sum == plain.loss_sum && with.top1 == plain.top1 && with.top5 == plain.top5);
  ck_assert_int_eq(with.count, 40);
  esp_metrics again;
  esp_evaluate(s.p.model, s.graph, s.test, &again, NULL);
  ck_assert(again.loss_sum == with.loss_sum);
  close_school(&s);
  close_school(&t);
}
END_TEST

/* The sum of the gradients of the first `batches` batches, in double; how many there were. */
static int sum_gradients(school *s, uint64_t epoch, int batches, double *sum) {
  const esp_batch *batch;
  int done = 0;
  esp_loader_start(s->training, epoch, 0);
  while (done < batches && (batch = esp_loader_next(s->training))) {
    size_t at = 0;
    esp_graph_forward(s->graph, batch, (esp_pass){.dense_gradients = true});
    esp_graph_backward(s->graph);
    for (int k = 0; k < s->p.model->params.count; k++) {
      const esp_param *w = s->p.model->params.item[k];
      for (size_t i = 0; w->grad && i < w->count; i++) sum[at++] += (double)w->grad[i];
    }
    done++;
  }
  return done;
}

/* 70 images are 5 batches of up to 16; asked for more, the mean is over those. Pruned weights have
 * a gradient too, also from kernels that could do without. */
START_TEST(mean_gradient_is_the_mean_and_touches_nothing) {
  static const int asked[] = {1, 3, 5, 100};
  school s, untouched;
  char ini[512];
  int guarded;
  snprintf(ini, sizeof ini, "%saverage = 0.8\n[prune]\nmethod = saliency\n", few);
  open_school(&s, tiny, ini);
  open_school(&untouched, tiny, ini);
  teach(&s, 0, 1);
  teach(&untouched, 0, 1);
  OK(esp_pruner_prune(s.p.pruner, 0.5, &guarded, &err));
  OK(esp_pruner_prune(untouched.p.pruner, 0.5, &guarded, &err));
  for (int a = 0; a < 4; a++) {
    double sum[1024] = {0}, largest = 0.0;
    esp_graph_sparse(s.graph, ESP_SPARSE_OFF);
    const int done = sum_gradients(&s, 9, asked[a], sum);
    esp_graph_sparse(s.graph, ESP_SPARSE_ON);
    ck_assert_int_eq(done, asked[a] < 5 ? asked[a] : 5);
    esp_probe_images images;
    const esp_probe probe = esp_train_probe(&s.trainer, &images, 9, asked[a]);
    OK(esp_pruner_round(s.p.pruner, &probe, 0.5, &guarded, &err));
    esp_pruner_restore_changes(s.p.pruner, esp_pruner_changes(untouched.p.pruner));
    size_t at = 0;
    for (int k = 0; k < s.p.model->params.count; k++) {
      const esp_param *w = s.p.model->params.item[k];
      for (size_t i = 0; w->grad && i < w->count; i++, at++) {
        ck_assert_double_eq_tol((double)w->grad[i], sum[at] / done, 1e-6 + 1e-5 * fabs(sum[at]));
        largest = fmax(largest, fabs(sum[at]));
      }
    }
    ck_assert_uint_lt(at, 1024);
    ck_assert(largest > 1e-3);
    same_state(&s.p, &untouched.p); /* values, running statistics, momentum, averages, masks */
  }
  close_school(&s);
  close_school(&untouched);
}
END_TEST

/* The bias of class 3 moves its logit, and no other, by as much; over all test images, not only the
 * first batch. */
START_TEST(comparing_finds_the_largest_difference) {
  school s, t;
  esp_logit_difference d;
  open_school(&s, tiny, few);
  open_school(&t, tiny, few);
  OK(esp_compare(s.p.model, t.p.model, s.set, &d, &err));
  ck_assert(d.largest == 0.0 && d.logit > 0.0 && d.images == 40);
  plant_param(&t.p, "linear1.bias")->value[3] += 0.25f;
  OK(esp_compare(s.p.model, t.p.model, s.set, &d, &err));
  ck_assert_double_eq_tol(d.largest, 0.25, 1e-5);
  plant_param(&t.p, "linear1.bias")->value[3] = INFINITY;
  OK(esp_compare(s.p.model, t.p.model, s.set, &d, &err));
  ck_assert(isinf(d.largest) && isfinite(d.logit));
  plant_param(&t.p, "linear1.bias")->value[0] = NAN;
  OK(esp_compare(s.p.model, t.p.model, s.set, &d, &err));
  ck_assert(isnan(d.largest));
  close_school(&s);
  close_school(&t);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("train");
  TCase *files = tcase_create("files"), *metrics = tcase_create("metrics"),
        *training = tcase_create("training");
  tcase_set_timeout(files, 60);
  tcase_add_checked_fixture(files, make_folder, remove_folder);
  tcase_add_test(files, weights_come_back_to_the_bit);
  tcase_add_test(files, averages_are_what_is_saved);
  tcase_add_test(files, loaded_weights_respect_masks);
  tcase_add_loop_test(files, another_networks_file_is_refused, 0, sizeof others / sizeof *others);
  tcase_add_test(files, files_that_are_no_checkpoints);
  tcase_add_test(files, a_negative_variance_is_refused);
  tcase_add_test(files, a_damaged_file_is_refused);
  tcase_add_test(files, another_methods_checkpoint_is_refused);
  tcase_add_test(files, a_long_position_is_kept);
  tcase_add_test(files, positions_of_earlier_versions);
  tcase_add_loop_test(files, checkpoints_bring_everything_back, 0, sizeof runs / sizeof *runs);
  tcase_add_loop_test(files, training_is_repeatable, 0, sizeof repeated / sizeof *repeated);
  tcase_add_test(metrics, metrics_by_hand);
  tcase_add_test(metrics, targets_by_hand);
  tcase_add_test(metrics, shares_of_nothing_are_zero);
  tcase_set_timeout(training, 100);
  tcase_add_loop_test(training, small_networks_learn, 0, sizeof lessons / sizeof *lessons);
  tcase_add_test(training, a_teacher_teaches_in_training_only);
  tcase_add_test(training, divergence_is_an_error);
  tcase_add_test(training, a_mad_learning_rate_diverges);
  tcase_add_test(training, evaluation_uses_averages_and_puts_them_back);
  tcase_add_test(training, mean_gradient_is_the_mean_and_touches_nothing);
  tcase_add_test(training, comparing_finds_the_largest_difference);
  suite_add_tcase(s, files);
  suite_add_tcase(s, metrics);
  suite_add_tcase(s, training);
  return s;
}

int main(void) {
  return suite_run(suite());
}
