#include "cli/figures.h"

#include "base/clock.h"

#include <math.h>
#include <sys/stat.h>

enum {
  BATCH = 128,
  WARM_UP = 6, /* more than the stopwatch needs to choose kernels */
  TIMES = 15
};

/* The shortest of the times for a batch, once the kernels are chosen, since whatever else the
 * machine does only adds; milliseconds an image. */
static esp_status measure(esp_model *m, const esp_dataset *set, double *milliseconds,
                          esp_error *err) {
  esp_graph *g = NULL;
  esp_loader *loader = NULL;
  double least = INFINITY;
  esp_status status = esp_model_graph(m, BATCH, false, (esp_loss_attr){0}, &g, err);
  if (status == ESP_OK)
    status = esp_loader_new(&loader, set, &set->test, (esp_loader_options){.batch = BATCH}, err);
  if (status == ESP_OK) {
    esp_loader_start(loader, 0, 0);
    const esp_batch *batch = esp_loader_next(loader);
    for (int i = 0; i < WARM_UP; i++) esp_graph_forward(g, batch, (esp_pass){0});
    for (int i = 0; i < TIMES; i++) {
      const double start = esp__seconds();
      esp_graph_forward(g, batch, (esp_pass){0});
      least = fmin(least, esp__seconds() - start);
    }
    *milliseconds = 1e3 * least / batch->count;
  }
  esp_loader_free(loader);
  esp_graph_free(g);
  return status;
}

esp_status esp__figures_of(esp_model *m, const esp_dataset *set, const char *file, esp__figures *f,
                           esp_error *err) {
  struct stat info = {0};
  *f = (esp__figures){0};
  for (int k = 0; k < m->params.count; k++)
    if (esp_param_trains(m->params.item[k])) f->params += (double)m->params.item[k]->count;
  for (int i = 0; i < m->layers; i++)
    f->macs += (double)m->layer[i].weight->count * m->layer[i].weight->positions;
  if (stat(file, &info) == 0) f->bytes = (double)info.st_size;
  return measure(m, set, &f->milliseconds, err);
}

static void print_row(const char *name, int decimals, double before, double after) {
  printf("%-18s %14.*f %14.*f %8.3f\n", name, decimals, before, decimals, after, after / before);
}

void esp__figures_print(const esp__figures *before, const esp__figures *after) {
  printf("%-18s %14s %14s %8s\n", "", "before", "after", "ratio");
  print_row("parameters", 0, before->params, after->params);
  print_row("MACs an image", 0, before->macs, after->macs);
  print_row("bytes of the file", 0, before->bytes, after->bytes);
  print_row("ms an image", 4, before->milliseconds, after->milliseconds);
}
