/* espalier inspect: a row per layer */
#include "cli/cli.h"

#include <espalier/run.h>

#include <stdio.h>

static size_t nonzero(const esp_param *p) {
  size_t count = 0;
  for (size_t i = 0; i < p->count; i++) count += p->value[i] != 0.0f;
  return count;
}

static void print_shape(const esp_param *p, char text[64]) {
  int at = 0;
  for (int i = 0; i < p->rank; i++)
    at += snprintf(text + at, 64 - (size_t)at, "%s%d", i ? "x" : "", p->shape[i]);
}

static void print_row(const char *name, const char *shape, double weights, double kept, double macs,
                      double macs_kept) {
  printf("%-28s %-16s %10.0f %10.0f %9.2f %13.0f %13.0f\n", name, shape, weights, kept,
         weights > 0 ? 100.0 * (1.0 - kept / weights) : 0.0, macs, macs_kept);
}

static esp_status run(int argc, char **argv, esp_error *err) {
  esp_opened o;
  double all = 0, kept = 0, macs = 0, macs_kept = 0;
  if (argc != 1)
    return esp_fail(err, ESP_ERR_INPUT,
                    "expected one run directory or weights file: espalier inspect DIR|FILE");
  ESP_TRY(esp_open(&o, argv[0], false, 0, NULL, err));
  printf("%-28s %-16s %10s %10s %9s %13s %13s\n", "layer", "weights", "all", "nonzero", "sparsity%", "MACs",
         "effective");
  for (int i = 0; i < o.model->layers; i++) {
    const esp_param *w = o.model->layer[i].weight;
    const double here = (double)nonzero(w), count = (double)w->count;
    char shape[64];
    print_shape(w, shape);
    print_row(o.model->layer[i].name, shape, count, here, count * w->positions, here * w->positions);
    all += count;
    kept += here;
    macs += count * w->positions;
    macs_kept += here * w->positions;
  }
  print_row("all", "", all, kept, macs, macs_kept);
  esp_opened_free(&o);
  return ESP_OK;
}

const esp_command esp_command_inspect = {
    .name = "inspect",
    .usage = "DIR|FILE",
    .help = "a row per layer: weights, nonzero weights, sparsity, multiply-adds of an image",
    .run = run,
};
