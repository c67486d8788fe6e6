/* The table of subcommands, and espalier help, which reads it. */
#include "cli/commands.h"

#include "base/text_stream.h"
#include "cli/cli.h"
#include "cli/describe.h"
#include "cli/wrap.h"

#include <espalier/config.h>
#include <espalier/option.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* In the order of the help, a line each: adding one touches no other. */
// clang-format off
static const esp__command *const commands[] = {
    &esp__command_new,
    &esp__command_run,
    &esp__command_resume,
    &esp__command_sweep,
    &esp__command_sparsity_search,
    &esp__command_compare,
    &esp__command_watch,
    &esp__command_eval,
    &esp__command_predict,
    &esp__command_inspect,
    &esp__command_bench,
    &esp__command_sensitivity,
    &esp__command_shrink,
    &esp__command_compress,
    &esp__command_factorise,
    &esp__command_pack,
    &esp__command_export,
    &esp__command_overlap,
    &esp__command_instability,
    &esp__command_report,
    &esp__command_list,
    &esp__command_help,
};
// clang-format on
enum { COMMANDS = sizeof commands / sizeof *commands };

const esp__command *esp__command_at(size_t i) {
  return i < COMMANDS ? commands[i] : NULL;
}

const char *esp__command_name(size_t i) {
  return i < COMMANDS ? commands[i]->name : NULL;
}

const esp__command *esp__command_find(const char *name) {
  for (size_t i = 0; i < COMMANDS; i++)
    if (strcmp(commands[i]->name, name) == 0) return commands[i];
  return NULL;
}

void esp__print_short_usage(FILE *out) {
  fputs(
      "usage:  espalier COMMAND [ARGUMENT ...]\n"
      "        espalier help [COMMAND]\n"
      "        espalier --version\n",
      out);
}

static esp_status write_overview(const void *unused, FILE *out, esp_error *err) {
  (void)unused, (void)err;
  fputs("Espalier trains neural networks and prunes them while they train.\n\n", out);
  esp__print_short_usage(out);
  fputs("\ncommands:\n", out);
  for (size_t i = 0; i < COMMANDS; i++)
    fprintf(out, "  %-12s  %s\n", commands[i]->name, commands[i]->summary);
  fputs("\nsections of a configuration:\n", out);
  for (const esp_section *s = esp_sections; s->name; s++)
    fprintf(out, "  %-12s  %s\n", s->name, s->help);
  fputs("\n'espalier help NAME' tells more about a command, a section, a key or a method.\n", out);
  return ESP_OK;
}

static esp_status write_command(const void *command, FILE *out, esp_error *err) {
  (void)err;
  esp__describe_command(command, out);
  return ESP_OK;
}

static esp_status write_key(const void *name, FILE *out, esp_error *err) {
  return esp_config_help(name, out, err);
}

/* Prints to stdout what `write` writes about its subject, as wide as the terminal; nothing if that
 * fails. */
static esp_status print(esp_status (*write)(const void *subject, FILE *out, esp_error *err),
                        const void *subject, esp_error *err) {
  char *text = NULL;
  size_t bytes;
  FILE *memory = esp__text_stream(&text, &bytes);
  if (!memory) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the help");
  esp_status status = write(subject, memory, err);
  if (fclose(memory) != 0 && status == ESP_OK)
    status = esp_fail(err, ESP_ERR_MEMORY, "out of memory for the help");
  if (status == ESP_OK) esp__print_wrapped(text, esp__terminal_width(), stdout);
  free(text);
  return status;
}

esp_status esp__print_overview(esp_error *err) {
  return print(write_overview, NULL, err);
}

esp_status esp__print_command(const esp__command *c, esp_error *err) {
  return print(write_command, c, err);
}

/* ---- espalier help ---- */

static esp_status print_key(const char *name, esp_error *err) {
  const esp_status status = print(write_key, name, err);
  const char *nearest = status == ESP_ERR_INPUT ? esp_nearest(name, esp__command_name) : NULL;
  if (!nearest) return status;
  return esp_fail(err, ESP_ERR_INPUT, "unknown command, section or key '%s'; did you mean '%s'?",
                  name, nearest);
}

/* Whether a configuration has something of the name. */
static bool is_key(const char *name) {
  FILE *nowhere = fopen("/dev/null", "w");
  const bool known = nowhere && esp_config_help(name, nowhere, NULL) == ESP_OK;
  if (nowhere) fclose(nowhere);
  return known;
}

static esp_status help(const esp__arguments *a, esp_error *err) {
  if (a->positional.count == 0) return esp__print_overview(err);
  const char *name = a->positional.item[0];
  const esp__command *c = esp__command_find(name);
  if (!c) return print_key(name, err);
  ESP_TRY(esp__print_command(c, err));
  if (!is_key(name)) return ESP_OK;
  putchar('\n');
  return print_key(name, err);
}

/* What help knows, but for methods: commands, sections, keys. */
static const char *topic_name(size_t i) {
  esp_config_key key[ESP_CONFIG_KEYS_MAX];
  const size_t keys = esp_config_keys(NULL, key);
  if (i < COMMANDS) return commands[i]->name;
  i -= COMMANDS;
  for (const esp_section *s = esp_sections; s->name; s++)
    if (i-- == 0) return s->name;
  return i < keys ? key[i].option->name : NULL;
}

const esp__command esp__command_help = {
    .name = "help",
    .summary = "explains a command, or a section, key or method of a configuration",
    .description =
        "Without a name: all commands and sections. "
        "A name that is two things shows both.\n",
    .positional = {.usage = "[COMMAND|SECTION|KEY|METHOD]",
                   .expected = "at most one name",
                   .most = 1,
                   .choice = topic_name},
    .plugins = true,
    .run = help,
};
