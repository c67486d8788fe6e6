/* espalier pack: all that prediction needs in one small file */
#include "base/replace.h"
#include "base/shown.h"
#include "cli/cli.h"

#include <espalier/pack.h>
#include <espalier/run.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct pack_options {
  const char *out;
} pack_options;

static const esp__argument arguments[] = {
    {.name = "output",
     .letter = 'o',
     .type = ESP_ARGUMENT_TEXT,
     .offset = offsetof(pack_options, out),
     .value = "OUT.esp",
     .expected = "a file name",
     .required = true,
     .kind = ESP_WORD_FILE,
     .help = "The packed file to write. Only a packed file is replaced."},
    {0},
};

/* Opens what was written and compares every bit. */
static esp_status prove(const esp_loaded_run *o, const char *path, char sha256[65],
                        esp_error *err) {
  esp_loaded_run again;
  char before[65];
  ESP_TRY(esp_load_run(&again, path, false, 0, NULL, err));
  esp_params_sha256(&o->model->params, before);
  esp_params_sha256(&again.model->params, sha256);
  esp_loaded_run_free(&again);
  if (strcmp(before, sha256) == 0) return ESP_OK;
  unlink(path);
  return esp_fail(err, ESP_ERR_FAILED, "%s: its weights are not those that were packed: not saved",
                  path);
}

/* Values in all, and those that are not 0. */
static void count(const esp_model *m, size_t *values, size_t *nonzero) {
  *values = *nonzero = 0;
  for (int k = 0; k < m->params.count; k++) {
    const esp_param *p = m->params.item[k];
    *values += p->count;
    for (size_t i = 0; i < p->count; i++) *nonzero += p->value[i] != 0.0f;
  }
}

static void print(const esp_model *m, const char *from, const char *to, size_t bytes,
                  const char *sha256) {
  struct stat info = {0};
  size_t values, nonzero;
  count(m, &values, &nonzero);
  printf("values %zu, not zero %zu (%.2f %%)\n", values, nonzero,
         100.0 * (double)nonzero / (double)values);
  if (stat(from, &info) == 0)
    printf("%12" PRIdMAX " bytes  %s\n%12zu bytes  %s, %.1f times smaller\n",
           (intmax_t)info.st_size, ESP_SHOWN(from), bytes, ESP_SHOWN(to),
           (double)info.st_size / (double)bytes);
  printf("the same weights to the bit: sha256 %s\n", sha256);
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  const pack_options *options = a->options;
  const char *path = a->positional.item[0];
  char file[4096], sha256[65];
  size_t bytes;
  esp_loaded_run o;
  ESP_TRY(esp__check_replaced(options->out, "ESPK", "is no packed file", err));
  ESP_TRY(esp_weights_path(path, file, err));
  ESP_TRY(esp_load_run(&o, path, false, 0, NULL, err));
  esp_status status = esp_loaded_run_pack(&o, options->out, &bytes, err);
  if (status == ESP_OK) status = prove(&o, options->out, sha256, err);
  if (status == ESP_OK) print(o.model, file, options->out, bytes, sha256);
  esp_loaded_run_free(&o);
  return status;
}

const esp__command esp__command_pack = {
    .name = "pack",
    .summary = "all that prediction needs in one small file, the weights to the bit",
    .description =
        "The file holds the network, its classes, its normalisation and its weights. "
        "Zeros and what weights share cost next to nothing: which weights there are, and which of "
        "few values each has, is entropy-coded. "
        "Every command that opens a weights file opens a packed one.\n",
    .positional = ESP_ONE_NETWORK,
    .options = arguments,
    .options_bytes = sizeof(pack_options),
    .run = run,
};
