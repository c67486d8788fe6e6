#include "config/sections.h"

#include "prune/keys.h"

#include <string.h>

const esp_option esp_run_option_table[] = {
    {.name = "name",
     .type = ESP_OPTION_TEXT,
     .offset = offsetof(esp_run_options, name),
     .fallback = "",
     .help = "Name of the run directory. Empty: the name of the configuration file without .ini.",
     .neutral = true},
    {.name = "output",
     .type = ESP_OPTION_TEXT,
     .offset = offsetof(esp_run_options, output),
     .fallback = "runs",
     .help = "Folder in which the run directory is made.",
     .neutral = true},
    {.name = "seed",
     .type = ESP_OPTION_INT,
     .offset = offsetof(esp_run_options, seed),
     .fallback = "1",
     .min = 0,
     .max = 9007199254740992.0,
     .help = "Where all random numbers come from; the same seed gives the same weights on any "
             "machine."},
    {.name = "threads",
     .type = ESP_OPTION_INT,
     .offset = offsetof(esp_run_options, threads),
     .fallback = "0",
     .min = 0,
     .max = 1024,
     .help = "Threads that compute; 0 = one per core. Results do not depend on it.",
     .neutral = true},
    {.name = "checkpoint_minutes",
     .type = ESP_OPTION_REAL,
     .offset = offsetof(esp_run_options, checkpoint_minutes),
     .fallback = "10",
     .min = 0,
     .max = 1e6,
     .help = "Longest time between two checkpoints, in minutes; 0 = one after every step.",
     .neutral = true},
    {.name = "patience",
     .type = ESP_OPTION_REAL,
     .offset = offsetof(esp_run_options, patience),
     .fallback = "600",
     .min = 0,
     .max = 1e6,
     .help = "Seconds that a process waits for the others that share the run before it ends; 0 = "
             "for ever.",
     .neutral = true},
    {.name = "save_rounds",
     .type = ESP_OPTION_BOOL,
     .offset = offsetof(esp_run_options, save_rounds),
     .fallback = "yes",
     .help = "Keep the weights of every pruning round, not only the last.",
     .neutral = true},
    {.name = "keep_epochs",
     .type = ESP_OPTION_NUMBERS,
     .offset = offsetof(esp_run_options, keep_epochs),
     .fallback = "",
     .min = 0,
     .max = 1e6,
     .help = "Epochs of the training after which the weights are kept, as epoch-N.safetensors; "
             "0 = those it began with.",
     .neutral = true},
    {.name = "keep_steps",
     .type = ESP_OPTION_NUMBERS,
     .offset = offsetof(esp_run_options, keep_steps),
     .fallback = "",
     .min = 0,
     .max = 1e12,
     .help = "Steps of the training after which the weights are kept, as step-N.safetensors.",
     .neutral = true},
    {.name = "order",
     .type = ESP_OPTION_INT,
     .offset = offsetof(esp_run_options, order),
     .fallback = "0",
     .min = 0,
     .max = 1000,
     .help = "Another order of the training images, with other augmentation and dropout, "
             "than the seed's, from order_step on; 0 = the seed's. "
             "Two runs that differ in it share all else (espalier instability)."},
    {.name = "order_step",
     .type = ESP_OPTION_INT,
     .offset = offsetof(esp_run_options, order_step),
     .fallback = "0",
     .min = 0,
     .max = 1e12,
     .help = "Step of the training before which the order changes. "
             "What a resumed run needs there is kept as branch.safetensors."},
    {.name = "plugins",
     .type = ESP_OPTION_WORDS,
     .offset = offsetof(esp_run_options, plugins),
     .fallback = "",
     .help = "Files (.so) with methods and data sets that were compiled outside of Espalier; they "
             "are opened before the other keys are read. Paths are relative to the folder of this "
             "file, as an argument to the current one. A run goes on only with the same files.",
     .neutral = true},
    {.name = "dense",
     .type = ESP_OPTION_PATH,
     .offset = offsetof(esp_run_options, dense),
     .fallback = "",
     .help =
         "Directory of a finished run with prune.method = none and otherwise the same keys: "
         "its training is taken over instead of done again. The results are the same to the bit. "
         "Retraining by weight-rewind needs rewind_epoch among its keep_epochs, "
         "or rewind_step among its keep_steps.",
     .neutral = true},
    {.name = "pruned",
     .type = ESP_OPTION_TEXT,
     .offset = offsetof(esp_run_options, pruned),
     .fallback = "",
     .help =
         "Directory of a finished run without [compress] and otherwise with the same keys: "
         "its training and its pruning rounds are taken over instead of done again. The results "
         "are the same to the bit. 'espalier compress' sets it.",
     .neutral = true},
    {0}};

const esp_option esp_log_option_table[] = {
    {.name = "tensorboard",
     .type = ESP_OPTION_BOOL,
     .offset = offsetof(esp_log_options, tensorboard),
     .fallback = "no",
     .help = "Write an event file for TensorBoard into the run directory: scalars an epoch, "
             "density and histogram of the nonzero weights of each layer.",
     .neutral = true},
    {0}};

const esp_section esp_sections[] = {
    {"run", "where results go, and from which seed", esp_run_option_table,
     offsetof(esp_config, run)},
    {"data", "the images", esp_data_option_table, offsetof(esp_config, data)},
    {"model", "the network", esp_model_option_table, offsetof(esp_config, model)},
    {"train", "training from scratch", esp_train_option_table, offsetof(esp_config, train)},
    {"prune", "what is removed, and when", esp_prune_option_table, offsetof(esp_config, prune)},
    {"compress", "how the weights that are left are written down", esp_compress_option_table,
     offsetof(esp_config, compress)},
    {"log", "what a run writes besides its own files", esp_log_option_table,
     offsetof(esp_config, log)},
    {0}};

const esp_section *esp__section_find(const char *name) {
  for (const esp_section *s = esp_sections; s->name; s++)
    if (strcmp(s->name, name) == 0) return s;
  return NULL;
}

static size_t keys_of_section(const esp_section *section, esp_config_key *key) {
  size_t count = 0;
  if (section->table != esp_prune_option_table) {
    for (const esp_option *o = section->table; o->name; o++)
      key[count++] = (esp_config_key){section, o, NULL};
    return count;
  }
  esp_prune_key pruning[ESP_PRUNE_KEYS_MAX + 1];
  esp_prune_key_list(pruning);
  for (; pruning[count].option; count++)
    key[count] = (esp_config_key){section, pruning[count].option, pruning[count].owner};
  return count;
}

size_t esp_config_keys(const esp_section *section, esp_config_key *key) {
  if (section) return keys_of_section(section, key);
  size_t count = 0;
  for (const esp_section *s = esp_sections; s->name; s++) count += keys_of_section(s, key + count);
  return count;
}

void *esp__config_key_options(esp_config *config, const esp_config_key *key) {
  return key->owner ? esp__prune_keys_in(config->prune.methods, key->owner)
                    : (char *)config + key->section->offset;
}

const void *esp_config_key_options(const esp_config *config, const esp_config_key *key) {
  return key->owner ? esp_prune_keys(&config->prune, key->owner)
                    : (const char *)config + key->section->offset;
}

esp_config_key esp__config_key_find(const esp_section *section, const char *name) {
  if (section->table == esp_prune_option_table) {
    const esp_prune_key key = esp__prune_key_find(name);
    return (esp_config_key){section, key.option, key.owner};
  }
  for (const esp_option *o = section->table; o->name; o++)
    if (strcmp(o->name, name) == 0) return (esp_config_key){section, o, NULL};
  return (esp_config_key){.section = section};
}

esp_config_key esp__config_key_nearest(const char *name, const esp_section *section) {
  esp_config_key key[ESP_CONFIG_KEYS_MAX], best = {.option = NULL};
  const size_t keys = esp_config_keys(section, key);
  for (size_t i = 0; i < keys; i++) {
    const char *before = best.option ? best.option->name : NULL, *is = key[i].option->name;
    if (before && strcmp(before, is) == 0) continue; /* of two keys of one name the first */
    if (esp_nearer(name, before, is) == is) best = key[i];
  }
  return best;
}

const char *esp__section_nearest(const char *name) {
  const char *best = NULL;
  for (const esp_section *s = esp_sections; s->name; s++) best = esp_nearer(name, best, s->name);
  return best;
}

void esp__section_list(char *text, size_t bytes) {
  size_t used = 0;
  for (const esp_section *s = esp_sections; s->name && used < bytes; s++)
    used += (size_t)snprintf(text + used, bytes - used, "%s%s", used ? ", " : "", s->name);
}
