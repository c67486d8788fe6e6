/* espalier new */
#include "base/shown.h"
#include "base/text_stream.h"
#include "cli/cli.h"
#include "cli/starter.h"

#include <espalier/file.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct new_options {
  const char *file;
} new_options;

static const esp__argument options[] = {
    {.name = "output",
     .letter = 'o',
     .type = ESP_ARGUMENT_TEXT,
     .offset = offsetof(new_options, file),
     .value = "FILE",
     .expected = "a file",
     .kind = ESP_WORD_FILE,
     .help = "The configuration to write, instead of one that is called like the folder. "
             "A file that is there is not replaced."},
    {0},
};

/* A name for runs from that of a folder, without its resolved links: letters, digits and what else
 * may stand in one. */
static void name_from(const char *given, const char *resolved, char name[64]) {
  size_t end = strlen(given);
  while (end > 0 && given[end - 1] == '/') end--;
  const bool dots = end == strspn(given, "./");
  const char *path = dots ? resolved : given, *last = path + (dots ? strlen(path) : end);
  end = (size_t)(last - path);
  while (last > path && last[-1] != '/') last--;
  size_t n = 0;
  for (; last + n < path + end && n < 63; n++) {
    const char c = last[n];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name[n] = c;
    if (!plain && (n == 0 || !strchr("-_.", c))) name[n] = '-';
  }
  name[n] = '\0';
}

/* The configuration's text, in memory that the caller frees. */
static esp_status write_text(const esp__found_data *d, const char *name, const esp__words *change,
                             char **text, esp_error *err) {
  size_t bytes;
  FILE *out = esp__text_stream(text, &bytes);
  if (!out) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the configuration");
  esp__starter_write(d, name, change->count, change->item, out);
  if (fclose(out) == 0) return ESP_OK;
  free(*text);
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the configuration");
}

/* Whether the text is a configuration of that path, and the changes are changes to one. */
static esp_status check(const char *text, const char *file, const char *path,
                        const esp__words *change, esp_error *err) {
  esp_config config;
  ESP_TRY(esp_config_parse(&config, file, text, change->count, change->item, err));
  const bool same = !path || strcmp(config.data.path, path) == 0;
  esp_config_free(&config);
  if (same) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s: a path that cannot stand in a configuration; rename the folder", path);
}

/* The text as it is without the changes is checked with them, so that a message names the one that
 * is wrong; then what will be written is checked. */
static esp_status make_text(const esp__found_data *d, const char *name, const char *file,
                            const esp__words *change, char **text, esp_error *err) {
  const esp__words none = {0};
  ESP_TRY(write_text(d, name, &none, text, err));
  esp_status status = check(*text, file, d->path, &none, err);
  if (status == ESP_OK) status = check(*text, file, NULL, change, err);
  free(*text);
  if (status != ESP_OK) return status;
  ESP_TRY(write_text(d, name, change, text, err));
  status = check(*text, file, NULL, &none, err);
  if (status != ESP_OK) free(*text);
  return status;
}

static void print_found(const esp__found_data *d, const char *path) {
  printf("%s: %lld %s to train on, ", d->path, (long long)d->images, d->noun);
  if (*d->target)
    printf("target '%s'%s%s\n", ESP_SHOWN(d->target),
           *d->ignored ? "; no numbers, and ignored: " : "", ESP_SHOWN(d->ignored));
  else
    printf("%d classes\n", d->classes);
  printf("%s is written; next: espalier run --dry-run %s\n", path, path);
}

static esp_status run(const esp__arguments *a, esp_error *err) {
  const new_options *o = a->options;
  esp__found_data data;
  char name[64], file[96], *text;
  ESP_TRY(esp__starter_look(&data, a->positional.item[0], err));
  name_from(a->positional.item[0], data.path, name);
  snprintf(file, sizeof file, "%s.ini", name);
  const char *path = o->file ? o->file : file;
  if (access(path, F_OK) == 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: is there already; choose another name with -o", path);
  ESP_TRY(make_text(&data, name, path, &a->override, &text, err));
  const esp_status status = esp_file_write(path, text, strlen(text), err);
  free(text);
  if (status == ESP_OK) print_found(&data, path);
  return status;
}

const esp__command esp__command_new = {
    .name = "new",
    .summary = "writes a commented configuration for pictures, texts, sounds or tables",
    .description =
        "FOLDER holds one of these:\n"
        "- train/CLASS/ and test/CLASS/ with JPEG or PNG files\n"
        "- CLASS/ alone; a fifth of each class will be to test on\n"
        "- IDX files, as MNIST's, plain or .gz\n"
        "- the binary files of CIFAR-10 or CIFAR-100\n"
        "- the same folders with .txt files, or with a file CLASS.txt for each class, "
        "a text a line\n"
        "- train.tsv and test.tsv, lines of label, tab, text; "
        "a single .tsv file may take the place "
        "of FOLDER\n"
        "- the same folders with WAV files\n"
        "- train.csv and test.csv, tables of numbers, or train.csv alone; a single .csv file may "
        "take the place of FOLDER\n"
        "\n"
        "Network, batch and epochs suit the kind and number of the examples. section.key=value "
        "writes another value, or another key.\n",
    .positional = {.usage = "FOLDER",
                   .expected = "a folder with pictures, texts, sounds or tables",
                   .least = 1,
                   .most = 1,
                   .kind = ESP_WORD_DIRECTORY},
    .overrides = true,
    .options = options,
    .options_bytes = sizeof(new_options),
    .run = run,
};
