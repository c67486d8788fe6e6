/* The table of all steps: those of catalogue.list, then those that were registered. */
#include "compress/catalogue.h"

#include <string.h>

#define ENTRY(name, file) &esp__compress_step_##name,
static const esp_compress_step *const built_in[] = {
#include "compress/catalogue.list"
};
#undef ENTRY
enum { BUILT_IN = sizeof built_in / sizeof *built_in, REGISTERED_MAX = 16 };

/* Filled before the first configuration is read, and not again. */
static const esp_compress_step *registered[REGISTERED_MAX];
static size_t registered_count;

const esp_compress_step *esp_compress_step_at(size_t i) {
  if (i < BUILT_IN) return built_in[i];
  return i - BUILT_IN < registered_count ? registered[i - BUILT_IN] : NULL;
}

const esp_compress_step *esp_compress_step_find(const char *name) {
  const esp_compress_step *step;
  for (size_t i = 0; (step = esp_compress_step_at(i)); i++)
    if (strcmp(step->name, name) == 0) return step;
  return NULL;
}

static bool is_name(const char *name) {
  return name && *name && strlen(name) <= 40 &&
         !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

esp_status esp_compress_step_register(const esp_compress_step *step, esp_error *err) {
  const char *name = step->name ? step->name : "";
  const char *wrong = NULL;
  if (!is_name(step->name))
    wrong = "expected a name of at most 40 letters a-z, digits, '-'";
  else if (esp_compress_step_find(name))
    wrong = "the name is taken; expected another";
  else if (!step->help || !*step->help)
    wrong = "expected a help text";
  else if (!step->make && !step->replace)
    wrong = "expected a function 'make' or 'replace'";
  else if (registered_count == REGISTERED_MAX)
    wrong = "there are 16 registered steps already; expected no more";
  if (wrong) return esp_fail(err, ESP_ERR_INPUT, "step '%.60s': %s", name, wrong);
  registered[registered_count++] = step;
  return ESP_OK;
}
