#include "kernels/kernels.h"
#include "autograd/shares.h"
#include "nn/initial.h"
#include "nn/graph.h"
#include "nn/arch.h"
#include "nn/integers.h"
#include "tensor/param.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_MAX = 4096, CLASSES_MAX = 65536 };

static esp_status check_input(const esp_model_options *opt, esp_shape input, int classes,
                              esp_error *err) {
  char text[ESP_SHAPE_TEXT];
  esp_shape_write(input, text);
  if (!esp__shape_fits(input))
    return esp_fail(err, ESP_ERR_INPUT,
                    "the images are %s, expected 1 to %d channels and sides of 1 to %d", text,
                    ESP_WIDTH_MAX, SIDE_MAX);
  if (classes < 1 || classes > CLASSES_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "there are %d classes, expected 1 to %d", classes,
                    CLASSES_MAX);
  if (!opt->input || !*opt->input) return ESP_OK;
  esp_shape own;
  ESP_TRY(esp_shape_parse(opt->input, &own, err));
  if (own.vocabulary == 0) own.vocabulary = input.vocabulary; /* the data set's to say */
  if (esp_shape_same(own, input)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "model.input is %s, but the data set's images are %s",
                  opt->input, text);
}

static const esp__target graph_target = {.shape = esp_value_shape,
                                         .input = esp_graph_input,
                                         .conv = esp_graph_conv,
                                         .linear = esp_graph_linear,
                                         .batchnorm = esp_graph_batchnorm,
                                         .activation = esp_graph_activation,
                                         .custom_activation = esp_graph_custom_activation,
                                         .maxpool = esp_graph_maxpool,
                                         .avgpool = esp_graph_avgpool,
                                         .global_avgpool = esp_graph_global_avgpool,
                                         .dropout = esp_graph_dropout,
                                         .flatten = esp_graph_flatten,
                                         .reshape = esp_graph_reshape,
                                         .add = esp_graph_add,
                                         .concat = esp_graph_concat,
                                         .subsample = esp_graph_subsample,
                                         .mean_abs = esp_graph_mean_abs,
                                         .top_k = esp_graph_top_k,
                                         .gate = esp_graph_gate,
                                         .fatrelu = esp_graph_fatrelu,
                                         .embedding = esp_graph_embedding,
                                         .positions = esp_graph_positions,
                                         .layernorm = esp_graph_layernorm,
                                         .attention = esp_graph_attention,
                                         .recurrent = esp_graph_recurrent,
                                         .summary = esp_graph_summary,
                                         .product = esp_graph_product,
                                         .rows = esp_graph_rows,
                                         .quantise = esp_graph_quantise,
                                         .to_integers = esp_graph_to_integers,
                                         .requantise = esp_graph_requantise,
                                         .add_integers = esp_graph_add_integers,
                                         .from_integers = esp_graph_from_integers};

/* Parses the text and makes parameters, by building a graph that is thrown away. They get memory
 * when all of the network has turned out to be sound. */
static esp_status fill(esp_model *m, const char *label, const char *text, esp_error *err) {
  esp_graph *graph;
  esp_value *logits;
  ESP_TRY(esp__program_parse(&m->program, label, text, m->classes, err));
  m->text = esp__program_text(m->program);
  if (!m->text) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", label);
  ESP_TRY(esp_graph_new(&graph, 1, false, err));
  esp_status status = esp__build(m, &graph_target, graph, ESP_BUILD_MAKE, &logits, err);
  esp_graph_free(graph);
  return status == ESP_OK ? esp__params_allocate(&m->params, err) : status;
}

static esp_status choose_initial(esp_model *m, const esp_model_options *opt, esp_error *err) {
  m->initial = esp__initial_find(opt->init);
  m->init_scale = opt->init_scale;
  if (!m->initial)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[model] init = %.40s: there is no such way to draw weights", opt->init);
  if (m->initial->scaled == (opt->init_scale > 0.0)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "[model] init_scale = %g with init = %s, which %s",
                  opt->init_scale, m->initial->name,
                  m->initial->scaled ? "needs one: expected a number above 0"
                                     : "has a size of its own: expected no init_scale");
}

static esp_status make(esp_model *m, const esp_model_options *opt, const esp_tasks *tasks,
                       esp_error *err) {
  char *text;
  ESP_TRY(esp_tasks_copy(&m->tasks, tasks, err));
  ESP_TRY(esp_arch_text(opt, m->input, m->classes, &text, err));
  esp_status status = tasks->count > 1 ? esp__heads_write(&text, tasks, err) : ESP_OK;
  if (status == ESP_OK)
    status = fill(m, strcmp(opt->arch, "custom") == 0 ? "layers" : opt->arch, text, err);
  free(text);
  return status;
}

esp_status esp_model_new_tasks(esp_model **model, const esp_model_options *opt, esp_shape input,
                               const esp_tasks *tasks, esp_key seed, esp_error *err) {
  const int classes = tasks->item[0].answers;
  *model = NULL;
  ESP_TRY(check_input(opt, input, classes, err));
  esp_model *m = calloc(1, sizeof *m);
  if (!m) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a model");
  m->input = input;
  m->classes = classes;
  m->direct = opt->convolution && strcmp(opt->convolution, "direct") == 0;
  esp_status status = choose_initial(m, opt, err);
  if (status == ESP_OK) status = make(m, opt, tasks, err);
  if (status == ESP_OK) {
    esp_model_initialise(m, seed);
    *model = m;
  } else {
    esp_model_free(m);
  }
  return status;
}

esp_status esp_model_new(esp_model **model, const esp_model_options *opt, esp_shape input,
                         int classes, esp_key seed, esp_error *err) {
  const esp_tasks plain = esp_tasks_plain(classes);
  return esp_model_new_tasks(model, opt, input, &plain, seed, err);
}

void esp_model_free(esp_model *model) {
  if (!model) return;
  esp_tasks_free(&model->tasks);
  esp_params_free(&model->params);
  esp__twins_free(model);
  esp__program_free(model->program);
  free(model->text);
  free(model->layer);
  free(model->block);
  free(model);
}

/* A graph for inference of a quantised network computes with integers. */
static esp_status choose_mode(esp_model *model, esp_graph *graph, bool gradients,
                              esp__build_mode *mode, esp_error *err) {
  *mode = ESP_BUILD_USE;
  if (gradients || !esp__has_integers(model)) return ESP_OK;
  *mode = ESP_BUILD_INTEGERS;
  esp_graph_disable_winograd(graph, true);
  esp_graph_before(graph, esp__twins_fill, model);
  return esp__twins_make(model, err);
}

static esp_status fill_graph(esp_model *model, esp_graph *graph, bool gradients, esp_loss_attr loss,
                             esp_error *err) {
  esp_value *logits;
  esp__build_mode mode;
  ESP_TRY(choose_mode(model, graph, gradients, &mode, err));
  ESP_TRY(esp__build(model, &graph_target, graph, mode, &logits, err));
  ESP_TRY(esp_graph_loss(graph, logits, loss.kind, loss.smoothing, err));
  ESP_TRY(esp_graph_tasks(graph, &model->tasks, err));
  ESP_TRY(esp_graph_plan(graph, err));
  return mode == ESP_BUILD_INTEGERS ? esp_model_check_integers(model, err) : ESP_OK;
}

esp_status esp_model_graph(esp_model *model, int batch, bool gradients, esp_loss_attr loss,
                           esp_graph **graph, esp_error *err) {
  const esp__split alone = esp__split_of(NULL, batch, 1);
  return esp__model_graph(model, &alone, batch, gradients, loss, graph, err);
}

esp_status esp__model_float_graph(esp_model *model, esp_graph **graph, esp_error *err) {
  const bool simulated = model->simulated;
  model->simulated = true;
  const esp_status status = esp_model_graph(model, 1, false, (esp_loss_attr){0}, graph, err);
  model->simulated = simulated;
  return status;
}

esp_status esp__model_graph(esp_model *model, const esp__split *split, int batch, bool gradients,
                            esp_loss_attr loss, esp_graph **graph, esp_error *err) {
  *graph = NULL;
  esp_graph *g;
  ESP_TRY(esp__kernels_check(err));
  ESP_TRY(esp__graph_new_shared(&g, split, batch, gradients, err));
  esp_graph_disable_winograd(g, model->direct);
  esp_status status = fill_graph(model, g, gradients, loss, err);
  if (status == ESP_OK) {
    *graph = g;
  } else {
    esp_graph_free(g);
  }
  return status;
}

const esp_layer *esp_model_layer(const esp_model *m, const esp_param *weight) {
  for (int i = 0; i < m->layers; i++)
    if (m->layer[i].weight == weight || (m->twin && m->twin[i].weight == weight))
      return &m->layer[i];
  return NULL;
}
