#include "cli/commands.h"
#include "cli/document.h"
#include "cli/mdoc.h"
#include "rundir/paths.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef enum block { NONE, PARAGRAPH, ITEM, EXAMPLE } block;

static block block_of(const char *line) {
  if (*line == '\n' || !*line) return NONE;
  return strncmp(line, "    ", 4) == 0 ? EXAMPLE : strncmp(line, "- ", 2) == 0 ? ITEM : PARAGRAPH;
}

/* The first paragraph stands below a heading. */
static void change_block(block from, block to, bool first) {
  if (from == ITEM && to != ITEM) puts(".El");
  if (from == EXAMPLE && to != EXAMPLE) puts(".Ed");
  if (to == PARAGRAPH && !first) puts(".Pp");
  if (to == ITEM && from != ITEM) puts(".Bl -bullet");
  if (to == EXAMPLE && from != EXAMPLE) puts(".Bd -literal -offset indent");
}

/* The lines of a command's description. */
static void put_description(const char *text) {
  const char *const start = text;
  block last = NONE;
  while (*text) {
    const size_t length = strcspn(text, "\n");
    const block now = block_of(text);
    change_block(last, now, text == start);
    if (now == ITEM) puts(".It");
    if (now == EXAMPLE) {
      esp__mdoc_escaped(text + 4, length - 4);
      putchar('\n');
    } else if (now != NONE) {
      esp__mdoc_paragraph(text + 2 * (now == ITEM), length - 2 * (size_t)(now == ITEM));
    }
    last = now;
    text += length + (text[length] == '\n');
  }
  change_block(last, NONE, false);
}

/* ---- a command ---- */

static void put_synopsis(const esp__command *c) {
  printf(".Sh SYNOPSIS\n.Nm espalier %s\n", c->name);
  if (*c->positional.usage) printf(".Ar %s\n", c->positional.usage);
  const esp__argument *o;
  for (int i = 0; (o = esp__option_at(c, i)); i++) {
    fputs(o->required ? "." : ".Op ", stdout);
    if (o->letter)
      printf("Fl %c", o->letter);
    else
      printf("Fl Fl %s", o->name);
    printf(o->value ? " Ar %s\n" : "\n", o->value);
  }
  if (c->overrides) puts(".Op Ar section.key Ns = Ns Ar value ...");
}

static void put_option(const esp__argument *o) {
  fputs(".It ", stdout);
  if (o->letter) printf("Fl %c , ", o->letter);
  printf("Fl Fl %s", o->name);
  if (o->value) printf(" Ar %s", o->value);
  putchar('\n');
  esp__mdoc_paragraph(o->help, strlen(o->help));
  if (o->type == ESP_ARGUMENT_INT || o->type == ESP_ARGUMENT_REAL)
    printf("From %.9g to %.9g.\n", o->min, o->max);
  if (o->fallback) printf("Default: %s.\n", o->fallback);
}

static void put_options(const esp__command *c) {
  puts(".Sh OPTIONS\n.Bl -tag -width Ds");
  const esp__argument *o;
  for (int i = 0; (o = esp__option_at(c, i)); i++) put_option(o);
  puts(".It Fl h , Fl Fl help\nThe usage and the options.");
  if (c->overrides)
    puts(
        ".It Ar section.key Ns = Ns Ar value\n"
        "Any number of them: changes keys of the configuration.\n"
        ".Ic espalier help Ar KEY\nexplains one.");
  puts(".El");
}

void esp__document_command(const esp__command *c) {
  char name[64];
  snprintf(name, sizeof name, "espalier-%s", c->name);
  esp__mdoc_heading(name, 1, c->summary);
  put_synopsis(c);
  puts(".Sh DESCRIPTION");
  put_description(c->description);
  put_options(c);
  puts(".Sh SEE ALSO\n.Xr espalier 1");
}

/* ---- all of it ---- */

static void put_commands(void) {
  const esp__command *c;
  puts(".Pp\nThe commands, each with a page of its own:\n.Bl -tag -width Ds");
  for (size_t i = 0; (c = esp__command_at(i)); i++) {
    printf(".It Xr espalier-%s 1\n", c->name);
    esp__mdoc_paragraph(c->summary, strlen(c->summary));
  }
  puts(".El");
}

/* What stands before and behind the list of commands. */
static const char beginning[] =
    ".Sh SYNOPSIS\n"
    ".Nm\n.Ar COMMAND\n.Op Ar ARGUMENT ...\n"
    ".Nm\n.Cm help\n.Op Ar NAME\n"
    ".Nm\n.Fl Fl version\n"
    ".Sh DESCRIPTION\n"
    ".Nm\n"
    "trains networks from scratch, prunes them while they train, and shows what that cost\n"
    "and bought.\n"
    "An experiment is an INI file; its results are a run directory.\n"
    "The same file gives the same weights, to the bit, on every machine.\n";
static const char options[] =
    ".Sh OPTIONS\n"
    ".Bl -tag -width Ds\n"
    ".It Fl h , Fl Fl help\nAll commands.\n"
    ".It Fl V , Fl Fl version\n"
    "The version, the compiler it was built with, the instruction set in use, the threads.\n"
    ".El\n"
    ".Pp\n"
    "Options stand anywhere behind the command, as\n"
    ".Fl Fl option Ar value\nor\n.Fl Fl option Ns = Ns Ar value .\n"
    "Behind\n.Fl Fl\nthere are none.\n";
static const char examples[] =
    ".Sh EXAMPLES\n"
    "Train and prune, look at the layers, and write a smaller network:\n"
    ".Bd -literal -offset indent\n"
    "espalier run configs/quickstart.ini -o runs/first\n"
    "espalier inspect runs/first\n"
    "espalier shrink runs/first -o small.safetensors\n"
    ".Ed\n"
    ".Pp\n"
    "Another sparsity, and what a key means:\n"
    ".Bd -literal -offset indent\n"
    "espalier run configs/quickstart.ini prune.sparsity=0.95\n"
    "espalier help prune.sparsity\n"
    ".Ed\n";

typedef struct entry {
  const char *name, *text;
} entry;

static const entry variables[] = {
    {"ESPALIER_ISA",
     "The instruction set of the kernels, instead of the best that the machine has; results do "
     "not depend on it. 'espalier list kernels' names them."},
    {"ESPALIER_DATA",
     "The folder of installed configurations and papers, instead of the one that was built in."},
    {"OMP_NUM_THREADS", "Threads, where run.threads is 0."},
    {"OMP_WAIT_POLICY",
     "How threads wait for each other. Unless it is set they sleep after a "
     "moment."},
    {"COLUMNS", "The width of help, instead of the terminal's."},
    {0}};

static const entry files[] = {
    {ESP_FILE_CONFIG, "The whole configuration, every default written out."},
    {ESP_FILE_LOG, "A row for each epoch."},
    {ESP_FILE_ROUNDS, "A row for each round of pruning."},
    {ESP_FILE_LAYERS, "A row for each layer and round."},
    {ESP_FILE_RESULT, "What the run measured, and the hash of its weights."},
    {ESP_FILE_DENSE, "The weights before the first round."},
    {"round-01.safetensors", "The weights after a round."},
    {ESP_FILE_CHECKPOINT, "Where a run that was stopped goes on."},
    {0}};

static const entry statuses[] = {
    {"0", "All is well."},
    {"1",
     "Not all is well: the loss diverged, memory ran out, a run of a sweep failed, or a "
     "figure lies outside its band."},
    {"2",
     "An argument, configuration or file is wrong, or cannot be read or written. A line on "
     "the standard error says what was expected."},
    {"75", "Another process is at work on the run."},
    {"130", "It was stopped by a signal."},
    {0}};

static void put_entries(const char *heading, const char *macro, const entry *e) {
  printf(".Sh %s\n.Bl -tag -width Ds\n", heading);
  for (; e->name; e++) {
    printf(".It %s%s\n", macro, e->name);
    esp__mdoc_paragraph(e->text, strlen(e->text));
  }
  puts(".El");
}

void esp__document_overview(void) {
  esp__mdoc_heading("espalier", 1, "train neural networks and prune them while they train");
  fputs(beginning, stdout);
  put_commands();
  fputs(options, stdout);
  put_entries("ENVIRONMENT", "Ev ", variables);
  put_entries("FILES", "Pa ", files);
  put_entries("EXIT STATUS", "", statuses);
  fputs(examples, stdout);
}
