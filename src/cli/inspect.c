/* espalier inspect: a row per layer */
#include "cli/cli.h"
#include "run/open.h"
#include "run/plan.h"
#include "rundir/kernels_csv.h"

#include <espalier/run.h>

#include <stdio.h>
#include <string.h>

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

static void print_layers(const esp_model *m) {
  double all = 0, kept = 0, macs = 0, macs_kept = 0;
  printf("%-28s %-16s %10s %10s %9s %13s %13s\n", "layer", "weights", "all", "nonzero", "sparsity%",
         "MACs", "effective");
  for (int i = 0; i < m->layers; i++) {
    const esp_param *w = m->layer[i].weight;
    const double here = (double)esp_param_nonzero(w), count = (double)w->count;
    char shape[64];
    print_shape(w, shape);
    print_row(m->layer[i].name, shape, count, here, count * w->positions, here * w->positions);
    all += count;
    kept += here;
    macs += count * w->positions;
    macs_kept += here * w->positions;
  }
  print_row("all", "", all, kept, macs, macs_kept);
}

/* ---- what the run chose ---- */

static void print_choice(const esp__kernels_row *c) {
  char text[64];
  const char *name = c->is_sparse ? "sparse" : "dense";
  if (c->dense_ms > 0.0 && c->sparse_ms > 0.0)
    snprintf(text, sizeof text, "%s %.2f ms (%s %.2f)", name,
             c->is_sparse ? c->sparse_ms : c->dense_ms, c->is_sparse ? "dense" : "sparse",
             c->is_sparse ? c->dense_ms : c->sparse_ms);
  else
    snprintf(text, sizeof text, "%s, %s", name, c->reason);
  printf(" %-28s", text);
}

/* A line per layer, whose passes stand one after the other. */
static void print_choices(const esp__kernels_rows *list) {
  if (list->count == 0) return;
  printf("\nkernels of the training passes, at the end of round %d\n%-28s", list->row[0].round,
         "layer");
  for (int p = 0; p < ESP_PROPAGATIONS; p++)
    printf(" %-28s", esp_propagation_name((esp_propagation)p));
  const char *layer = "";
  int column = 0;
  for (int i = 0; i < list->count; i++) {
    const esp__kernels_row *c = &list->row[i];
    if (strcmp(c->layer, layer) != 0) {
      printf("\n%-28s", layer = c->layer);
      column = 0;
    }
    for (; column < (int)c->pass; column++) printf(" %-28s", "-");
    print_choice(c);
    column++;
  }
  putchar('\n');
}

/* ---- what a configuration asks for ---- */

static bool is_config(const char *path) {
  const size_t length = strlen(path);
  return length > 4 && strcmp(path + length - 4, ".ini") == 0;
}

static esp_status print_config(const char *path, esp_error *err) {
  esp_run r = {.control = {.progress = NULL}};
  ESP_TRY(esp_config_load(&r.config, path, 0, NULL, err));
  esp_status status = esp__run_open(&r, path, err);
  if (status == ESP_OK) {
    print_layers(r.model);
    putchar('\n');
    status = esp__run_plan_write(&r, stdout, err);
  }
  esp__run_close(&r);
  return status;
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  const char *path = a->positional.item[0];
  esp_loaded_run o;
  if (is_config(path)) return print_config(path, err);
  esp__kernels_rows chosen;
  ESP_TRY(esp__kernels_rows_read(&chosen, path, err));
  const esp_status status = esp_load_run(&o, path, false, 0, NULL, err);
  if (status == ESP_OK) {
    print_layers(o.model);
    print_choices(&chosen);
    esp_loaded_run_free(&o);
  }
  esp__kernels_rows_free(&chosen);
  return status;
}

const esp__command esp__command_inspect = {
    .name = "inspect",
    .summary =
        "a row per layer: weights, nonzero weights, sparsity, multiply-adds of an image; "
        "which kernels a run chose, and why",
    .description =
        "Nothing is measured: the kernels are those that the run wrote down. "
        "Of a configuration (its name ends with .ini) it says what a run of it would do.\n",
    .positional = {.usage = "DIR|FILE|CONFIG.ini",
                   .expected = "one run directory, weights file or configuration",
                   .least = 1,
                   .most = 1,
                   .kind = ESP_WORD_FILE},
    .plugins = true,
    .run = run,
};
