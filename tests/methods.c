#include "methods.h"

#include "cli/nets.h"

#include <espalier/prune.h>

#include <stdio.h>
#include <string.h>

#define NAME_OF(kind)                                            \
  static const char *kind##_name(size_t i) {                     \
    return esp_##kind##_at(i) ? esp_##kind##_at(i)->name : NULL; \
  }
NAME_OF(distribution)
NAME_OF(structure)
NAME_OF(prune_schedule)
NAME_OF(regulariser)

/* The criteria once more, before the training; those that training feeds stay out. */
static const char *at_init(size_t i) {
  for (size_t c = 0; esp_criterion_at(c); c++)
    if (esp_criterion_at(c)->needs != ESP_NEEDS_MOVEMENT && i-- == 0)
      return esp_criterion_at(c)->name;
  return NULL;
}

static const char *method_name(size_t i) {
  return esp_prune_method_name(i + 1); /* without "none" */
}

/* Tables, the key that names an entry, and what goes with it. */
static const struct {
  const char *key, *with;
  const char *(*name)(size_t i);
} tables[] = {
    {"method", "schedule = iterative\nrounds = 2\n", method_name},
    {"method", "at = init\n", at_init},
    {"distribution", "method = magnitude\n", distribution_name},
    {"structure", "method = saliency\n", structure_name},
    {"schedule", "method = magnitude\n", prune_schedule_name},
    {"regulariser", "method = magnitude\nstrength = 0.01\n", regulariser_name},
    {"retrain", "method = magnitude\nschedule = iterative\nrounds = 2\n", esp_retrain_name},
};
enum { TABLES = sizeof tables / sizeof *tables };

/* What an entry cannot do without, or would do nothing without; sparsity = 0.6 where none is
 * said. */
static const struct {
  const char *name, *lines;
} needs[] = {
    {"per-layer", "layers =\n  * 0.6\n"},
    {"n:m", "sparsity = 0.5\n"},
    {"layer", "allow_empty = yes\n"},
    {"hybrid",
     "distribution = uniform\nstructures =\n  * channel\n  linear1 n:m\n  linear2 weight\n"
     "  0.conv1 block\n"},
    {"list", "sparsities = 0.2 0.6\n"},
    {"grow", "stall = 1\n"},
    {"soft", "structure = filter\n"},
    {"str", "strength = 0.01\n"},
    {"soft-movement", "strength = 1\n"},
    {"genetic", "population = 2\ngenerations = 1\n"},
    {"swarm", "population = 2\ngenerations = 1\n"},
    {"threshold", "threshold = 0.05\nsparsity = 0.9\n"},
    {"feedback", "rounds = 3\n"},
    {"lr-rewind", "retrain_epochs = 2\n"},
    {"weight-rewind", "rewind_epoch = 1\n"},
};

static bool is(const char *name, const char *other) {
  return strcmp(name, other) == 0;
}

/* Layers that have what the entry prunes. */
static const char *layers_for(const char *key, const char *name) {
  if (!is(key, "structure")) return PLAIN_LAYERS;
  return is(name, "head") || is(name, "dimension") ? READER_NET : STREAM_NET;
}

/* Whether the method scores whole channels only. */
static bool of_channels(const char *name) {
  for (size_t i = 0; esp_criterion_at(i); i++)
    if (is(esp_criterion_at(i)->name, name)) return esp_criterion_at(i)->channels;
  return false;
}

static void append(method_case *m, const char *text) {
  const size_t used = strlen(m->text);
  snprintf(m->text + used, sizeof m->text - used, "%s", text);
}

static void fill(method_case *m, const char *key, const char *with, const char *name) {
  const char *lines = "";
  for (size_t k = 0; k < sizeof needs / sizeof *needs; k++)
    if (is(needs[k].name, name)) lines = needs[k].lines;
  snprintf(m->name, sizeof m->name, "%s%s = %s", is(with, "at = init\n") ? "at init, " : "", key,
           name);
  snprintf(m->text, sizeof m->text,
           "[run]\nthreads = 1\ncheckpoint_minutes = 0\n[data]\ndataset = shapes\ntrain = 96\n"
           "validation = 24\ntest = 48\n[train]\n"
           "epochs = 3\nbatch = 32\naverage = %s\n[model]\narch = custom\nlayers =\n%s[prune]\n"
           "%s%s = %s\n%s",
           strlen(name) % 2 ? "0.9" : "0", layers_for(key, name), with, key, name, lines);
  if (!strstr(lines, "sparsity =")) append(m, "sparsity = 0.6\n");
  if (!strstr(lines, "retrain_epochs")) append(m, "retrain_epochs = 1\n");
  if (of_channels(name)) append(m, "structure = filter\n");
  append(m, "every = 2\nsaliency_batches = 2\ntrials = 8\n");
  m->any_total = is(name, "threshold");
  m->at_least = is(name, "grow") || is(name, "hybrid");
}

int methods_count(void) {
  int n = 0;
  for (int t = 0; t < TABLES; t++)
    for (size_t i = 0; tables[t].name(i); i++) n++;
  return n;
}

void method_case_of(method_case *m, int number) {
  *m = (method_case){.text = ""};
  for (int t = 0; t < TABLES; t++)
    for (size_t i = 0; tables[t].name(i); i++)
      if (number-- == 0) fill(m, tables[t].key, tables[t].with, tables[t].name(i));
}
