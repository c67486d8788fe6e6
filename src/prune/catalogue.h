/* The pruning catalogue: the built-in entries by their names in C, and how others are added. */
#ifndef ESP_PRUNE_CATALOGUE_H
#define ESP_PRUNE_CATALOGUE_H

#include <espalier/prune.h>

#define ENTRY(kind, name, file) extern const esp_##kind esp__##kind##_##name;
#include "prune/catalogue.list"
#undef ENTRY

/* The kinds of entries; each is the type esp_KIND. */
#define ESP_ENTRY_KINDS(K) \
  K(criterion) K(structure) K(distribution) K(prune_schedule) K(dynamic) K(regulariser)
#define ESP_ENTRY_KIND(kind) ESP_ENTRY_##kind,
typedef enum esp__entry_kind {
  ESP_ENTRY_KINDS(ESP_ENTRY_KIND) ESP_ENTRY_KIND_COUNT
} esp__entry_kind;
#undef ESP_ENTRY_KIND

/* "criterion", "dynamic method", ... */
const char *esp__entry_kind_name(esp__entry_kind kind);

/* What the entries of all kinds have. */
typedef struct esp__entry {
  esp__entry_kind kind;
  const char *name, *help;
  const esp_method_keys *const *keys; /* [ESP_METHOD_KEYS_MAX] */
} esp__entry;

/* The i-th entry of all kinds: the built-in ones, then the registered ones. name NULL after the
 * last. */
esp__entry esp__entry_at(size_t i);

/* Puts an entry, an esp_KIND that outlives the program's use of the catalogue, behind the others.
 * False when the table is full. Checks nothing: see register.c. */
enum { ESP_REGISTERED_MAX = 64 };
bool esp__entry_add(esp__entry_kind kind, const void *entry);

#endif
