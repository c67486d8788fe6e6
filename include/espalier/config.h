/* The configuration of an experiment: an INI file, defaults filled in, every value checked.
 *
 * Keys are the union of the modules' option tables, a table a section. */
#ifndef ESP_CONFIG_H
#define ESP_CONFIG_H

#include <espalier/compress.h>
#include <espalier/data.h>
#include <espalier/linkage.h>
#include <espalier/model.h>
#include <espalier/optim.h>
#include <espalier/prune.h>
#include <espalier/quality.h>
#include <espalier/status.h>

#include <stdio.h>

ESP_BEGIN_DECLS

/* [run] */
typedef struct esp_run_options {
  char *name;   /* "" = the file's name without .ini */
  char *output; /* folder in which the run directory NAME is made */
  int64_t seed;
  int64_t threads;           /* 0 = all cores */
  double checkpoint_minutes; /* longest time between two checkpoints */
  double patience;           /* seconds that processes wait for each other; 0 = any */
  bool save_rounds;          /* keep the weights of every round */
  esp_numbers keep_epochs;   /* epochs of the training whose weights are kept */
  esp_numbers keep_steps;    /* steps of the training whose weights are kept */
  int64_t order, order_step; /* another order of the images from that step on; 0 = none */
  char *plugins;             /* words: files that are loaded (plugin.h), by their absolute paths */
  char *dense;               /* "", or a finished run whose training is taken over */
  char *pruned;              /* "", or a finished run whose network is taken over and compressed */
} esp_run_options;
extern const esp_option esp_run_option_table[];

/* [log] */
typedef struct esp_log_options {
  bool tensorboard; /* write an event file for TensorBoard too */
} esp_log_options;
extern const esp_option esp_log_option_table[];

typedef struct esp_config {
  esp_run_options run;
  esp_data_options data;
  esp_model_options model;
  esp_train_options train;
  esp_prune_options prune;
  esp_compress_options compress;
  esp_log_options log;
} esp_config;

/* A section: its table, and where its options struct stands in esp_config. Not all keys are in the
 * table: see esp_config_keys. */
typedef struct esp_section {
  const char *name, *help;
  const esp_option *table;
  size_t offset;
} esp_section;
extern const esp_section esp_sections[]; /* name NULL after the last */

/* A key of a configuration. */
typedef struct esp_config_key {
  const esp_section *section;
  const esp_option *option;
  const esp_method_keys *owner; /* NULL: the section itself; else the methods whose key it is */
} esp_config_key;
enum { ESP_CONFIG_KEYS_MAX = 512 };
/* Fills key [ESP_CONFIG_KEYS_MAX] with the keys of `section` (NULL: of all sections, one after the
 * other), those that methods of pruning own among them, in the order in which a configuration shows
 * them. Returns their number. */
size_t esp_config_keys(const esp_section *section, esp_config_key *key);
/* The struct in `config` that holds the key's value, at option->offset. NULL when the key belongs
 * to a method that was registered after the configuration was read. */
const void *esp_config_key_options(const esp_config *config, const esp_config_key *key);

/* Reads `path` (at most 1 MiB, lines of at most 4200 bytes; lists go on in indented lines), then
 * applies `overrides`, each "section.key=value". Every error is one line, "path:line: ..." or
 * "argument 'section.key=value': ...": unknown section or key (with the nearest known one), value
 * that does not parse or lies out of range (with the range), choice not known (with the choices, or
 * the nearest), key given twice in the file, line without a key. On failure *config needs no
 * freeing.
 *
 * The plugins that [run] plugins names, in the file or as an override, are loaded before
 * (plugin.h), so that other keys can name what they register. */
esp_status esp_config_load(esp_config *config, const char *path, int overrides,
                           const char *const *override, esp_error *err);
/* Reads INI text in memory and applies the overrides, as esp_config_load does; `name` starts the
 * messages. Of the plugins only those that an override names are loaded: the text may come from a
 * file of data, and those must not make a program run other code. */
esp_status esp_config_parse(esp_config *config, const char *name, const char *text, int overrides,
                            const char *const *override, esp_error *err);
/* Gives back all that it holds. A configuration is moved by assignment, and not copied by it: it
 * owns its texts, and the block of memory with the keys of methods. */
void esp_config_free(esp_config *config);
/* Makes *to a configuration of its own with the same values. On failure *to needs no freeing. */
esp_status esp_config_copy(esp_config *to, const esp_config *from, esp_error *err);

/* The whole configuration, every default written out, as INI text that parses to the same
 * configuration. Newly allocated in *text. */
esp_status esp_config_text(const esp_config *config, char **text, esp_error *err);

/* The keys of [data], and those of the other sections that decide results, as far as they have
 * another value than they would have anyway, as INI text that parses. Left out are paths, so that
 * the text is the same wherever the files lie, and the network. Newly allocated in *text. */
esp_status esp_config_brief_text(const esp_config *config, char **text, esp_error *err);

/* What networks of that configuration are judged by, as the kind of its data set says. */
const esp_quality *esp_config_quality(const esp_config *config);

/* Explains "section.key", "key", "section" or a method of pruning (a criterion, structure,
 * distribution, schedule, dynamic method or regulariser, with its keys) on `out`; fails with the
 * nearest known key. */
esp_status esp_config_help(const char *what, FILE *out, esp_error *err);

ESP_END_DECLS

#endif
