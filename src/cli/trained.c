#include "cli/trained.h"

#include <ctype.h>
#include <string.h>

/* Whether the override is of the section, or key, `name`. */
static bool is_of(const char *override, const char *name) {
  while (isspace((unsigned char)*override)) override++;
  const size_t length = strlen(name);
  if (strncmp(override, name, length) != 0) return false;
  return strchr(". \t=", override[length]) != NULL;
}

esp_status esp__overrides_matter(const esp__words *override, esp_error *err) {
  static const char *const names[] = {"data", "run", "model.convolution"};
  for (int i = 0; i < override->count; i++) {
    bool known = false;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
      known |= is_of(override->item[i], names[k]);
    if (!known)
      return esp_fail(err, ESP_ERR_INPUT,
                      "argument '%.200s': decides nothing here, since the network is trained; "
                      "expected keys of [data] or [run], or model.convolution",
                      override->item[i]);
  }
  return ESP_OK;
}
