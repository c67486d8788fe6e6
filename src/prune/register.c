/* Entries from outside: what the catalogue can work with is taken, all else refused. */
#include "prune/catalogue.h"
#include "prune/keys.h"

#include "base/value.h"

#include <stdlib.h>
#include <string.h>

/* Criteria and dynamic methods are both named by the key `method`. */
static bool same_names(esp__entry_kind a, esp__entry_kind b) {
  const bool methods = (a == ESP_ENTRY_criterion || a == ESP_ENTRY_dynamic) &&
                       (b == ESP_ENTRY_criterion || b == ESP_ENTRY_dynamic);
  return a == b || methods;
}

/* "none" is what the keys `method` and `regulariser` say for nothing. */
static bool taken(const esp__entry *e) {
  if (strcmp(e->name, "none") == 0) return true;
  esp__entry other;
  for (size_t i = 0; (other = esp__entry_at(i)).name; i++)
    if (same_names(e->kind, other.kind) && strcmp(e->name, other.name) == 0) return true;
  return false;
}

static esp_status check_name(const esp__entry *e, esp_error *err) {
  const char *kind = esp__entry_kind_name(e->kind);
  if (!e->name || !*e->name || strlen(e->name) > 40 ||
      e->name[strspn(e->name, "abcdefghijklmnopqrstuvwxyz0123456789-_:")])
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s '%.60s': expected a name of at most 40 letters a-z, digits, '-', '_', ':'",
                    kind, e->name ? e->name : "");
  if (taken(e))
    return esp_fail(err, ESP_ERR_INPUT, "%s '%s': the name is taken; expected another", kind,
                    e->name);
  if (e->help && *e->help) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s '%s': expected a help text", kind, e->name);
}

/* ---- keys ---- */

/* Sets the option to its default in memory of its own, so as to see whether it is one. */
static esp_status check_default(const esp__entry *e, const esp_method_keys *keys,
                                const esp_option *o, esp_error *err) {
  char where[128];
  snprintf(where, sizeof where, "%s '%s', default", esp__entry_kind_name(e->kind), e->name);
  void *options = calloc(1, keys->bytes);
  if (!options) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", where);
  const esp_status status = esp__value_set(o, options, o->fallback, where, err);
  esp__value_free(o, options);
  free(options);
  return status;
}

static size_t bytes_of(const esp_option *o) {
  switch (o->type) {
    case ESP_OPTION_INT:
      return sizeof(int64_t);
    case ESP_OPTION_REAL:
      return sizeof(double);
    case ESP_OPTION_BOOL:
      return sizeof(bool);
    case ESP_OPTION_NUMBERS:
      return sizeof(esp_numbers);
    case ESP_OPTION_TEXT:
    case ESP_OPTION_PATH:
    case ESP_OPTION_LINES:
    case ESP_OPTION_CHOICE:
    case ESP_OPTION_WORDS:
      break;
  }
  return sizeof(char *);
}

/* A key of [prune] has that name. */
static bool is_key(const char *name) {
  return esp__prune_key_find(name).option != NULL;
}

/* Whether [prune] has the key already, or the table before it. */
static bool key_taken(const esp_method_keys *keys, const esp_option *option) {
  if (is_key(option->name)) return true;
  for (const esp_option *o = keys->table; o < option; o++)
    if (strcmp(o->name, option->name) == 0) return true;
  return false;
}

static esp_status check_key(const esp__entry *e, const esp_method_keys *keys, const esp_option *o,
                            esp_error *err) {
  const char *kind = esp__entry_kind_name(e->kind), *wrong = NULL;
  if (!*o->name || strlen(o->name) > 30 || o->name[strspn(o->name, "abcdefghijklmnopqrstuvwxyz_")])
    wrong = "expected a name of at most 30 letters a-z and '_'";
  else if (key_taken(keys, o))
    wrong = "the name is taken in [prune]; expected another";
  else if (!o->help || !*o->help || !o->fallback)
    wrong = "expected a help text and a default";
  else if (o->type == ESP_OPTION_CHOICE && !o->choice)
    wrong = "expected a function that gives its choices";
  else if (o->offset > keys->bytes || bytes_of(o) > keys->bytes - o->offset)
    wrong = "lies beyond the bytes of its struct";
  if (!wrong) return check_default(e, keys, o, err);
  return esp_fail(err, ESP_ERR_INPUT, "%s '%s', key '%.60s': %s", kind, e->name, o->name, wrong);
}

/* Keys of a family whose other members are in the catalogue have been checked. */
static bool known_keys(const esp_method_keys *keys) {
  esp_prune_key key[ESP_PRUNE_KEYS_MAX + 1];
  esp_prune_key_list(key);
  for (size_t i = 0; key[i].option; i++)
    if (key[i].owner == keys) return true;
  return false;
}

static esp_status check_keys(const esp__entry *e, const esp_method_keys *keys, esp_error *err) {
  const char *kind = esp__entry_kind_name(e->kind);
  if (known_keys(keys)) return ESP_OK;
  if (!keys->table || keys->bytes == 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s '%s': expected keys with a table and the bytes of a struct", kind, e->name);
  if (keys->after && !is_key(keys->after))
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%s '%s': keys after '%.60s', which is no key of [prune]; expected one, or NULL", kind,
        e->name, keys->after);
  for (const esp_option *o = keys->table; o->name; o++) ESP_TRY(check_key(e, keys, o, err));
  return ESP_OK;
}

/* `missing` names what an entry cannot do without; NULL: it has all. */
static esp_status add(esp__entry e, const void *entry, const char *missing, esp_error *err) {
  const char *kind = esp__entry_kind_name(e.kind);
  ESP_TRY(check_name(&e, err));
  if (missing) return esp_fail(err, ESP_ERR_INPUT, "%s '%s': expected %s", kind, e.name, missing);
  for (size_t k = 0; k < ESP_METHOD_KEYS_MAX && e.keys[k]; k++)
    ESP_TRY(check_keys(&e, e.keys[k], err));
  if (esp__entry_add(e.kind, entry)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s '%s': expected at most %d registered entries", kind,
                  e.name, ESP_REGISTERED_MAX);
}

/* ---- what the kinds cannot do without ---- */

static const char *missing_of_criterion(const esp_criterion *c) {
  if (!c->score) return "a function 'score'";
  return c->needs == ESP_NEEDS_PASSES && !c->measure ? "a function 'measure' for its passes" : NULL;
}

static const char *missing_of_structure(const esp_structure *s) {
  return s->cover ? NULL : "a function 'cover'";
}

static const char *missing_of_distribution(const esp_distribution *d) {
  if (d->limit && (d->share || d->search)) return "one of the functions 'limit' and 'share'";
  if (!d->search) return NULL;
  if (!d->share) return "a function 'share', which a search begins with";
  return d->copies > 0 ? NULL : "copies of at least 1 for its search";
}

static const char *missing_of_prune_schedule(const esp_prune_schedule *s) {
  return s->sparsity ? NULL : "a function 'sparsity'";
}

static const char *missing_of_hooks(const esp_prune_hooks *h, bool shadow) {
  return h && h->reparametrize && !shadow ? "a shadow, which the hook 'values' makes them from"
                                          : NULL;
}

static const char *missing_of_dynamic(const esp_dynamic *d) {
  return d->change ? missing_of_hooks(d->hooks, d->shadow) : "a function 'change'";
}

static const char *missing_of_regulariser(const esp_regulariser *r) {
  return r->hooks ? missing_of_hooks(r->hooks, r->shadow) : "hooks";
}

#define REGISTER(of)                                                                           \
  esp_status esp_##of##_register(const esp_##of *e, esp_error *err) {                          \
    return add((esp__entry){ESP_ENTRY_##of, e->name, e->help, e->keys}, e, missing_of_##of(e), \
               err);                                                                           \
  }
ESP_ENTRY_KINDS(REGISTER)
