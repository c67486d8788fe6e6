/* A run: what one configuration asks for, from the first image to the report, in a directory of its
 * own.
 *
 * The directory holds config.ini (as run, every default written out), log.csv (a row per epoch),
 * rounds.csv (a row per pruning round or step of [compress]), layers.csv (a row per round and
 * layer), costs.csv (what an image costs in each layer, a row per round and layer), kernels.csv (a
 * row per round, layer and pass: which kernels ran, and why), sparsity.csv (a row per mask change),
 * confusion.csv (a row per label and answer that occurred, of the dense network and of the newest
 * round), turned.csv (a row per test image that pruning turned right or wrong) and pictures of some
 * in turned.safetensors, result.json, checkpoint.safetensors (the newest), dense.safetensors and
 * round-NN.safetensors (weights), and rewind.safetensors where weights are rewound. A distribution
 * that searches leaves trials.csv (a row per network on trial) and found.ini (the configuration
 * with what was found for the newest round); a schedule that reacts keeps good.safetensors, a
 * checkpoint of the last good network.
 *
 * One process at a time works on a run: it holds a lock on the file "lock" in the directory.
 *
 * A run is a list of stages: the training, one per pruning round, one per step of [compress].
 * Whatever a stage needs is in the checkpoint or follows from the seed, so a run that was killed
 * and resumed ends with the same bits as one that was left alone. */
#ifndef ESP_RUN_H
#define ESP_RUN_H

#include <espalier/config.h>
#include <espalier/linkage.h>
#include <espalier/ranks.h>
#include <espalier/train.h>

#include <signal.h>
#include <stdio.h>

ESP_BEGIN_DECLS

typedef struct esp_run esp_run;

/* How the caller follows and stops a run. */
typedef struct esp_run_control {
  FILE *progress; /* where progress is shown; NULL = nowhere */
  /* Becomes non-zero: finish the step, write a checkpoint, return ESP_ERR_INTERRUPTED. */
  const volatile sig_atomic_t *stop;
  /* The processes that share the run; NULL: this one alone. They call esp_run_new or esp_run_resume
   * together, and fail together. The directory must be one that all see; rank 0 writes it. */
  esp_ranks *ranks;
} esp_run_control;

/* Trains and prunes as `config` says, in the directory `dir` (made if missing; NULL: config's
 * output/name). A directory that holds a run already is an error, and ESP_ERR_BUSY one that another
 * process is at work in. `source` names the config in messages. */
esp_status esp_run_new(const esp_config *config, const char *source, const char *dir,
                       esp_run_control control, esp_error *err);
/* What esp_run_new would do, without doing it: opens data and network and fails as that would,
 * prints network, data, steps, memory, and the time that a few steps of it say, and makes no
 * file. */
esp_status esp_run_plan(const esp_config *config, const char *source, const char *dir, FILE *out,
                        esp_error *err);
/* Goes on with the run in `dir` from its newest checkpoint; from its beginning if it has none.
 * Nothing to do is not an error; ESP_ERR_BUSY: another process is at it. `override`s,
 * "section.key=value", change its config.ini for good: keys that decide no result, such as where
 * the data are, which must be the same, and those that only let the run go on for longer. */
esp_status esp_run_resume(const char *dir, int overrides, const char *const *override,
                          esp_run_control control, esp_error *err);

/* The model's values (moving averages where there are any) as a file that `espalier eval` and other
 * tools open. Fails where the texts of `from` are none that it could be opened with: a
 * configuration that does not parse, or not as many classes as the network has. */
esp_status esp_weights_save(const esp_model *model, esp_provenance from, const char *path,
                            esp_error *err);
/* The same content as a packed file (espalier/pack.h); *bytes (may be NULL) becomes its size. */
esp_status esp_weights_pack(const esp_model *model, esp_provenance from, const char *path,
                            size_t *bytes, esp_error *err);

/* A trained network opened for use: from a weights file, or from a run directory (its newest
 * weights). */
typedef struct esp_loaded_run {
  esp_config config;
  esp_dataset *set; /* NULL unless asked for */
  esp_model *model;
  char **class_name;          /* [classes] */
  esp_vocabulary *vocabulary; /* of texts; else NULL */
  float mean[ESP_CHANNELS_MAX], std[ESP_CHANNELS_MAX];
  esp_target_scale targets; /* count 0: the network tells classes apart; without variances */
  esp_mask *mask;           /* [parameters], or NULL */
} esp_loaded_run;
/* The file that `path` stands for: itself, or a run directory's newest weights. */
esp_status esp_weights_path(const char *path, char file[4096], esp_error *err);
/* The file whose masks `path` stands for: itself, or a run directory's checkpoint, or where it has
 * none its newest weights. */
esp_status esp_masks_path(const char *path, char file[4096], esp_error *err);
/* with_data loads the data set too, as the file's configuration with `override` says. The plugins
 * that a run directory's config.ini names are loaded; those of a weights file alone only where an
 * override of run.plugins names them. On failure *o needs no freeing. */
esp_status esp_load_run(esp_loaded_run *o, const char *path, bool with_data, int overrides,
                        const char *const *override, esp_error *err);
/* Gives every layer a mask of its weights that are not 0, as they had in the run: what is computed,
 * and to which bits, follows from it. */
esp_status esp_loaded_run_mask_zeros(esp_loaded_run *o, esp_error *err);
void esp_loaded_run_free(esp_loaded_run *o);
/* Writes the network, its classes, its normalisation and the keys of its configuration that are not
 * as they would be anyway to the packed file `path` (espalier/pack.h); *bytes (may be NULL) becomes
 * its size. */
esp_status esp_loaded_run_pack(const esp_loaded_run *o, const char *path, size_t *bytes,
                               esp_error *err);
/* Saves another network of the same input and classes to `path`, which ends with .safetensors, and
 * next to it, with .ini, a configuration that trains it on: that of `o`, which changes, with the
 * network's layers, its weights, "-WORD" behind its name, and no pruning. */
esp_status esp_loaded_run_save(esp_loaded_run *o, const esp_model *model, const char *word,
                               const char *path, esp_error *err);

ESP_END_DECLS

#endif
