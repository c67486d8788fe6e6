/* espalier list, espalier help: everything there is to choose from, read from the tables */
#include "cli/cli.h"

#include "kernels/kernels.h"

#include <espalier/config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An entry of a table; false after the last. */
typedef struct entry {
  const char *name, *help;
} entry;

#define ENTRIES(function, type, at)                    \
  static entry function(size_t i) {                    \
    const type *e = at(i);                             \
    return e ? (entry){e->name, e->help} : (entry){0}; \
  }
ENTRIES(criterion, esp_criterion, esp_criterion_at)
ENTRIES(structure, esp_structure, esp_structure_at)
ENTRIES(distribution, esp_distribution, esp_distribution_at)
ENTRIES(schedule, esp_prune_schedule, esp_prune_schedule_at)
ENTRIES(dynamic, esp_dynamic, esp_dynamic_at)
ENTRIES(regulariser, esp_regulariser, esp_regulariser_at)
ENTRIES(lr_schedule, esp_lr_schedule, esp_lr_schedule_at)
ENTRIES(dataset, esp_dataset_kind, esp_dataset_kind_at)

static entry model(size_t i) {
  return (entry){esp_arch_name(i), esp_arch_help(i)};
}
static entry layer(size_t i) {
  return (entry){esp_layer_keyword(i), esp_layer_keyword(i) ? esp_layer_help(i) : NULL};
}
static entry isa(size_t i) {
  const esp__kernels *k = esp__kernels_at(i);
  return k ? (entry){k->isa, k == esp__kernels_active() ? "instruction set of the kernels; in use"
                                                        : "instruction set of the kernels"}
           : (entry){0};
}

static const struct {
  const char *name, *help;
  entry (*at)(size_t i);
} tables[] = {
    {"models", "[model] arch", model},
    {"layers", "[model] layers, a line each", layer},
    {"criteria", "[prune] method: scores for weights", criterion},
    {"dynamic", "[prune] method: prune and bring back while training", dynamic},
    {"regularisers", "[prune] regulariser", regulariser},
    {"structures", "[prune] structure", structure},
    {"distributions", "[prune] distribution", distribution},
    {"schedules", "[prune] schedule", schedule},
    {"lr-schedules", "[train] schedule", lr_schedule},
    {"datasets", "[data] dataset", dataset},
    {"kernels", "ESPALIER_ISA", isa},
};
enum { TABLES = sizeof tables / sizeof *tables };

static const char *table_name(size_t i) {
  return i < TABLES ? tables[i].name : NULL;
}

static void print_table(int t) {
  entry e;
  printf("%s (%s)\n", tables[t].name, tables[t].help);
  for (size_t i = 0; (e = tables[t].at(i)).name; i++)
    printf("  %-16s %s\n", e.name, e.help ? e.help : "");
  putchar('\n');
}

/* A built-in network in the layer language. */
static esp_status print_model(char *name, esp_error *err) {
  char shortcut[] = "projection", none[] = "", *text = NULL;
  const esp_model_options opt = {.arch = name,
                                 .input = none,
                                 .layers = none,
                                 .weights = none,
                                 .shortcut = shortcut,
                                 .hidden = {{300, 100}, 2},
                                 .width = 1.0};
  const bool grey = strcmp(name, "mlp") == 0 || strncmp(name, "lenet5", 6) == 0;
  ESP_TRY(
      esp_arch_text(&opt, grey ? (esp_shape){1, 28, 28} : (esp_shape){3, 32, 32}, 10, &text, err));
  fputs(text, stdout);
  free(text);
  return ESP_OK;
}

static esp_status list(int argc, char **argv, esp_error *err) {
  if (argc == 0)
    for (int t = 0; t < TABLES; t++) print_table(t);
  if (argc == 0) return ESP_OK;
  if (argc == 2 && strcmp(argv[0], "models") == 0) return print_model(argv[1], err);
  for (int t = 0; t < TABLES; t++)
    if (argc == 1 && strcmp(argv[0], tables[t].name) == 0) return print_table(t), ESP_OK;
  const char *nearest = esp_nearest(argv[0], table_name);
  return esp_fail(
      err, ESP_ERR_INPUT,
      "list: unknown '%s'%s%s%s; expected models, layers, criteria, dynamic, regularisers, "
      "structures, distributions, schedules, lr-schedules, datasets or kernels",
      argv[0], nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

const esp__command esp__command_list = {
    .name = "list",
    .usage =
        "[models|layers|criteria|dynamic|regularisers|structures|distributions|schedules|"
        "lr-schedules|datasets|kernels] [models NAME]",
    .help =
        "what there is to choose from; 'list models NAME' prints a network in the layer language",
    .run = list,
};

static esp_status help(int argc, char **argv, esp_error *err) {
  if (argc > 1)
    return esp_fail(err, ESP_ERR_INPUT, "expected one key or section: espalier help KEY");
  if (argc == 1) return esp_config_help(argv[0], stdout, err);
  for (const esp_section *s = esp_sections; s->name; s++) {
    ESP_TRY(esp_config_help(s->name, stdout, err));
    putchar('\n');
  }
  return ESP_OK;
}

const esp__command esp__command_help = {
    .name = "help",
    .usage = "[SECTION|KEY]",
    .help = "explains the keys of a configuration",
    .run = help,
};
