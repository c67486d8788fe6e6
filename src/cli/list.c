/* espalier list: everything there is to choose from, read from the tables */
#include "base/text_stream.h"
#include "cli/cli.h"
#include "cli/wrap.h"

#include "kernels/isa.h"

#include <espalier/config.h>
#include <espalier/option.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An entry of a table; without a name after the last. */
typedef struct entry {
  const char *name, *help;
  const char *arguments; /* words that follow the name; NULL = none */
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
ENTRIES(compress_step, esp_compress_step, esp_compress_step_at)
ENTRIES(lr_schedule, esp_lr_schedule, esp_lr_schedule_at)
ENTRIES(dataset, esp_dataset_kind, esp_dataset_kind_at)

static entry model(size_t i) {
  return (entry){esp_arch_name(i), esp_arch_help(i)};
}
static entry initial(size_t i) {
  return (entry){esp_initial_name(i), esp_initial_help(i)};
}
static entry optimiser(size_t i) {
  return (entry){esp_optimiser_name(i), esp_optimiser_help(i)};
}
static entry layer(size_t i) {
  if (!esp_layer_keyword(i)) return (entry){0};
  return (entry){esp_layer_keyword(i), esp_layer_help(i), esp_layer_arguments(i)};
}
static entry isa(size_t i) {
  const char *name = esp__isa_dots_at(i);
  const bool in_use = name && strcmp(name, esp__isa_dots_chosen()) == 0;
  return (entry){
      name, in_use ? "instruction set of the kernels; in use" : "instruction set of the kernels"};
}

static const struct {
  const char *name, *help;
  entry (*at)(size_t i);
} tables[] = {
    {"models", "[model] arch", model},
    {"layers", "[model] layers, a line each", layer},
    {"initial", "[model] init", initial},
    {"criteria", "[prune] method: scores for weights", criterion},
    {"dynamic", "[prune] method: prune and bring back while training", dynamic},
    {"regularisers", "[prune] regulariser", regulariser},
    {"structures", "[prune] structure", structure},
    {"distributions", "[prune] distribution", distribution},
    {"schedules", "[prune] schedule", schedule},
    {"steps", "[compress] steps", compress_step},
    {"optimisers", "[train] optimiser", optimiser},
    {"lr-schedules", "[train] schedule", lr_schedule},
    {"datasets", "[data] dataset", dataset},
    {"kernels", "ESPALIER_ISA", isa},
};
enum { TABLES = sizeof tables / sizeof *tables };

static const char *table_name(size_t i) {
  return i < TABLES ? tables[i].name : NULL;
}

static void write_table(int t, FILE *out) {
  entry e;
  fprintf(out, "%s (%s)\n", tables[t].name, tables[t].help);
  for (size_t i = 0; (e = tables[t].at(i)).name; i++)
    if (e.arguments)
      fprintf(out, "  %s%s%s\n      %s\n", e.name, *e.arguments ? " " : "", e.arguments, e.help);
    else
      fprintf(out, "  %-16s  %s\n", e.name, e.help ? e.help : "");
  fputc('\n', out);
}

/* All tables, or the one of that index. */
static esp_status print_tables(int only, esp_error *err) {
  char *text = NULL;
  size_t bytes;
  FILE *memory = esp__text_stream(&text, &bytes);
  if (!memory) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the tables");
  for (int t = 0; t < TABLES; t++)
    if (only == t || only == TABLES) write_table(t, memory);
  const bool whole = fclose(memory) == 0;
  if (whole) esp__print_wrapped(text, esp__terminal_width(), stdout);
  free(text);
  return whole ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the tables");
}

/* A built-in network in the layer language. */
static esp_status print_model(const char *name, esp_error *err) {
  char shortcut[] = "projection", none[] = "", *arch = strdup(name), *text = NULL;
  if (!arch) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a name");
  const esp_model_options opt = {.arch = arch,
                                 .input = none,
                                 .layers = none,
                                 .weights = none,
                                 .shortcut = shortcut,
                                 .hidden = {{300, 100}, 2},
                                 .width = 1.0};
  const bool grey = strcmp(name, "mlp") == 0 || strncmp(name, "lenet5", 6) == 0;
  const esp_shape shape = grey ? (esp_shape){1, 28, 28} : (esp_shape){3, 32, 32};
  const esp_status status = esp_arch_text(&opt, shape, 10, &text, err);
  if (status == ESP_OK) fputs(text, stdout);
  free(arch);
  free(text);
  return status;
}

static esp_status fail_unknown(const char *word, esp_error *err) {
  char names[256];
  int used = 0;
  const char *nearest = esp_nearest(word, table_name);
  if (nearest)
    return esp_fail(err, ESP_ERR_INPUT, "unknown table '%.200s'; did you mean '%s'?", word,
                    nearest);
  for (int t = 0; t < TABLES; t++)
    used += snprintf(names + used, sizeof names - (size_t)used, "%s%s", t > 0 ? ", " : "",
                     tables[t].name);
  return esp_fail(err, ESP_ERR_INPUT, "unknown table '%.200s'; expected one of %s", word, names);
}

static esp_status list(const esp__arguments *a, esp_error *err) {
  const char *const *word = a->positional.item;
  const int words = a->positional.count;
  int t = 0;
  if (words == 0) return print_tables(TABLES, err);
  while (t < TABLES && strcmp(word[0], tables[t].name) != 0) t++;
  if (t == TABLES) return fail_unknown(word[0], err);
  if (words == 1) return print_tables(t, err);
  if (tables[t].at == model) return print_model(word[1], err);
  return esp_fail(err, ESP_ERR_INPUT, "unexpected '%.200s'; expected a name behind 'models' alone",
                  word[1]);
}

const esp__command esp__command_list = {
    .name = "list",
    .summary = "what there is to choose from: networks, layers, criteria, schedules, ...",
    .description =
        "Without a table: all of them. "
        "'list models NAME' prints a network in the layer language.\n",
    .positional = {.usage = "[TABLE [NAME]]",
                   .expected = "a table and a name in it",
                   .most = 2,
                   .choice = table_name},
    .plugins = true,
    .run = list,
};
