/* espalier factorise: a network of low rank */
#include "cli/cli.h"
#include "cli/figures.h"

#include <espalier/factorise.h>
#include <espalier/run.h>

#include <stdlib.h>

enum { BATCH = 128 };

typedef struct factorise_options {
  const char *out;
  esp_factorise_options how;
} factorise_options;

#define SHARE(word, text)                                                                      \
  {                                                                                            \
    .name = #word, .type = ESP_ARGUMENT_REAL, .offset = offsetof(factorise_options, how.word), \
    .value = "SHARE", .fallback = "0", .min = 0.0, .max = 1.0, .help = text                    \
  }

static const esp__argument arguments[] = {
    {.name = "output",
     .letter = 'o',
     .type = ESP_ARGUMENT_TEXT,
     .offset = offsetof(factorise_options, out),
     .value = "OUT.safetensors",
     .expected = "a file name",
     .required = true,
     .kind = ESP_WORD_FILE,
     .help = "The weights file to write."},
    {.name = "method",
     .type = ESP_ARGUMENT_TEXT,
     .offset = offsetof(factorise_options, how.method),
     .value = "NAME",
     .expected = "auto, svd, spatial, tucker or tt",
     .fallback = "auto",
     .help = "Of convolutions: spatial (rows, then columns) or tucker (between two of 1x1). Of "
             "linear layers: tt (a tensor train of 1x1 convolutions, for few weights rather than "
             "few multiply-adds). svd: linear layers and 1x1 convolutions become two, as they do "
             "with the others, which are not for them. auto: "
             "what needs fewer multiply-adds (with --rank: what keeps more), layer by layer."},
    SHARE(energy, "The share of each layer's sum of squares that stays."),
    SHARE(parameters, "The share of the network's nonzero weights that stays, at most."),
    SHARE(macs, "The share of its multiply-adds that stays, at most."),
    {.name = "rank",
     .type = ESP_ARGUMENT_INT,
     .offset = offsetof(factorise_options, how.rank),
     .value = "N",
     .fallback = "0",
     .min = 0,
     .max = 65536,
     .help = "The rank of every layer that has more."},
    {0},
};

/* ---- what is printed ---- */

static void print_row(const esp_factored_layer *row) {
  char rank[32] = "";
  if (row->rank[1])
    snprintf(rank, sizeof rank, "%d, %d", row->rank[0], row->rank[1]);
  else if (row->method)
    snprintf(rank, sizeof rank, "%d", row->rank[0]);
  printf("%-24s %-8s %10s %8.4f %12.0f %12.0f\n", row->name, row->method ? row->method : "stays",
         rank, row->energy, row->weights[0], row->weights[1]);
}

static void print_layers(const esp_factored_layer *row, int n) {
  printf("%-24s %-8s %10s %8s %12s %12s\n", "layer", "method", "rank", "energy", "nonzero before",
         "after");
  for (int i = 0; i < n; i++) print_row(&row[i]);
  putchar('\n');
}

static esp_status quality(esp_model *m, const esp_dataset *set, double *value, esp_error *err) {
  esp_graph *g = NULL;
  esp_loader *loader = NULL;
  esp_metrics metrics = {0};
  esp_status status = esp_model_graph(m, BATCH, false, (esp_loss_attr){0}, &g, err);
  if (status == ESP_OK)
    status = esp_loader_new(&loader, set, &set->test, (esp_loader_options){.batch = BATCH}, err);
  if (status == ESP_OK) {
    esp_evaluate(m, g, loader, &metrics, NULL);
    *value = esp_metrics_quality(&metrics);
  }
  esp_loader_free(loader);
  esp_graph_free(g);
  return status;
}

static esp_status save(esp_loaded_run *o, const factorise_options *f, const char *file,
                       esp_model *factored, const esp_factored_layer *row, esp_error *err) {
  esp__figures before, after;
  double dense, low;
  const esp_quality *q = esp_quality_of(o->set->targets.count > 0);
  char now[ESP_QUALITY_TEXT], before_text[ESP_QUALITY_TEXT];
  ESP_TRY(quality(o->model, o->set, &dense, err));
  ESP_TRY(quality(factored, o->set, &low, err));
  ESP_TRY(esp__figures_of(o->model, o->set, file, &before, err));
  ESP_TRY(esp_loaded_run_save(o, factored, "factorised", f->out, err));
  ESP_TRY(esp__figures_of(factored, o->set, f->out, &after, err));
  print_layers(row, o->model->layers);
  esp__figures_print(&before, &after);
  printf("test %s %s, was %s; to be trained on\nsaved in %s\n", q->label,
         esp_quality_text(q, low, now), esp_quality_text(q, dense, before_text), f->out);
  return ESP_OK;
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  const factorise_options *f = a->options;
  const char *path = a->positional.item[0];
  esp_loaded_run o;
  char file[4096];
  esp_model *factored = NULL;
  ESP_TRY(esp_weights_path(path, file, err));
  ESP_TRY(esp_load_run(&o, path, true, a->override.count, a->override.item, err));
  esp_factored_layer *row = calloc((size_t)o.model->layers, sizeof *row);
  esp_status status = row ? esp_factorise(o.model, &f->how, &factored, row, err)
                          : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the factors");
  if (status == ESP_OK) status = save(&o, f, file, factored, row, err);
  esp_model_free(factored);
  free(row);
  esp_loaded_run_free(&o);
  return status;
}

const esp__command esp__command_factorise = {
    .name = "factorise",
    .summary = "a network of low rank: layers become products of smaller ones",
    .description =
        "One of --energy, --parameters, --macs and --rank says how far ranks go down. A layer "
        "stays where its factors would cost as much as its nonzero weights. Next to the weights "
        "stands a configuration that trains the network on; it can be pruned like any other.\n",
    .positional = {.usage = "DIR|FILE",
                   .expected = "a run directory or a weights file",
                   .least = 1,
                   .most = 1,
                   .kind = ESP_WORD_FILE},
    .overrides = true,
    .options = arguments,
    .options_bytes = sizeof(factorise_options),
    .run = run,
};
