/* The kinds of data sets: the built-in ones, then those that were registered. */
#include "data/set.h"

#include <string.h>

enum { REGISTERED_MAX = 64, NAME_BYTES = 40 };

static const esp_dataset_kind *const built_in[] = {
    &esp__dataset_cifar10, &esp__dataset_cifar100, &esp__dataset_idx, &esp__dataset_folder,
    &esp__dataset_text,    &esp__dataset_audio,    &esp__dataset_csv, &esp__dataset_shapes};
enum { BUILT_IN = sizeof built_in / sizeof *built_in };

/* Filled before the first configuration is read, and not again. */
static const esp_dataset_kind *registered[REGISTERED_MAX];
static size_t registered_count;

const esp_dataset_kind *esp_dataset_kind_at(size_t i) {
  if (i < BUILT_IN) return built_in[i];
  return i - BUILT_IN < registered_count ? registered[i - BUILT_IN] : NULL;
}

const esp_dataset_kind *esp_dataset_kind_find(const char *name) {
  const esp_dataset_kind *kind;
  for (size_t i = 0; (kind = esp_dataset_kind_at(i)); i++)
    if (name && strcmp(kind->name, name) == 0) return kind;
  return NULL;
}

bool esp__dataset_is_built_in(const char *name) {
  for (size_t i = 0; i < BUILT_IN; i++)
    if (strcmp(built_in[i]->name, name) == 0) return true;
  return false;
}

static bool good_name(const char *name) {
  return name && *name && strlen(name) <= NAME_BYTES &&
         !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_:")];
}

esp_status esp_dataset_kind_register(const esp_dataset_kind *kind, esp_error *err) {
  const char *name = kind->name;
  if (!good_name(name))
    return esp_fail(
        err, ESP_ERR_INPUT,
        "data set '%.60s': expected a name of at most %d letters a-z, digits, '-', '_', ':'",
        name ? name : "", NAME_BYTES);
  if (esp_dataset_kind_find(name))
    return esp_fail(err, ESP_ERR_INPUT, "data set '%s': the name is taken; expected another", name);
  if (!kind->help || !*kind->help)
    return esp_fail(err, ESP_ERR_INPUT, "data set '%s': expected a help text", name);
  if (!kind->load)
    return esp_fail(err, ESP_ERR_INPUT, "data set '%s': expected a function 'load'", name);
  if (registered_count == REGISTERED_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "data set '%s': expected at most %d registered ones", name,
                    REGISTERED_MAX);
  registered[registered_count++] = kind;
  return ESP_OK;
}
