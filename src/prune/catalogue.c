/* The table of all entries: those of catalogue.list, then those that were registered. */
#include "prune/catalogue.h"

#include <string.h>

typedef struct row {
  esp__entry_kind kind;
  const void *entry; /* an esp_KIND */
} row;

#define ENTRY(kind, name, file) {ESP_ENTRY_##kind, &esp__##kind##_##name},
static const row built_in[] = {
#include "prune/catalogue.list"
};
#undef ENTRY
enum { BUILT_IN = sizeof built_in / sizeof *built_in };

/* The one global that changes: filled before the first configuration is read, and not again. */
static row registered[ESP_REGISTERED_MAX];
static size_t registered_count;

static const row *row_at(size_t i) {
  if (i < BUILT_IN) return &built_in[i];
  return i - BUILT_IN < registered_count ? &registered[i - BUILT_IN] : NULL;
}

bool esp__entry_add(esp__entry_kind kind, const void *entry) {
  if (registered_count == ESP_REGISTERED_MAX) return false;
  registered[registered_count++] = (row){kind, entry};
  return true;
}

esp__entry esp__entry_at(size_t i) {
  const row *r = row_at(i);
  if (!r) return (esp__entry){.name = NULL};
  switch (r->kind) {
#define HEAD(of)                                             \
  case ESP_ENTRY_##of: {                                     \
    const esp_##of *e = r->entry;                            \
    return (esp__entry){r->kind, e->name, e->help, e->keys}; \
  }
    ESP_ENTRY_KINDS(HEAD)
#undef HEAD
    case ESP_ENTRY_KIND_COUNT:
      break;
  }
  return (esp__entry){.name = NULL};
}

const char *esp__entry_kind_name(esp__entry_kind kind) {
  static const char *const names[ESP_ENTRY_KIND_COUNT] = {
      [ESP_ENTRY_criterion] = "criterion",       [ESP_ENTRY_structure] = "structure",
      [ESP_ENTRY_distribution] = "distribution", [ESP_ENTRY_prune_schedule] = "schedule",
      [ESP_ENTRY_dynamic] = "dynamic method",    [ESP_ENTRY_regulariser] = "regulariser"};
  return names[kind];
}

/* ---- by number and by name ---- */

/* The n-th entry of a kind, NULL after the last. */
static const void *nth(esp__entry_kind kind, size_t n) {
  const row *r;
  for (size_t i = 0; (r = row_at(i)); i++)
    if (r->kind == kind && n-- == 0) return r->entry;
  return NULL;
}

static const void *find(esp__entry_kind kind, const char *name) {
  const row *r;
  for (size_t i = 0; (r = row_at(i)); i++)
    if (r->kind == kind && strcmp(esp__entry_at(i).name, name) == 0) return r->entry;
  return NULL;
}

#define LOOK_UP(kind)                                     \
  const esp_##kind *esp_##kind##_at(size_t i) {           \
    return nth(ESP_ENTRY_##kind, i);                      \
  }                                                       \
  const esp_##kind *esp_##kind##_find(const char *name) { \
    return find(ESP_ENTRY_##kind, name);                  \
  }
ESP_ENTRY_KINDS(LOOK_UP)

const char *esp_prune_method_name(size_t i) {
  if (i == 0) return "none";
  size_t criteria = 0;
  while (esp_criterion_at(criteria)) criteria++;
  if (i <= criteria) return esp_criterion_at(i - 1)->name;
  const esp_dynamic *d = esp_dynamic_at(i - 1 - criteria);
  return d ? d->name : NULL;
}
