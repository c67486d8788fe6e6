/* Entries from outside: what the catalogue can work with is taken, all else refused. */
#include "prune/catalogue.h"

#include <string.h>

static const char *kind_name(esp__entry_kind kind) {
  static const char *const names[ESP_ENTRY_KIND_COUNT] = {
      [ESP_ENTRY_criterion] = "criterion",       [ESP_ENTRY_structure] = "structure",
      [ESP_ENTRY_distribution] = "distribution", [ESP_ENTRY_prune_schedule] = "schedule",
      [ESP_ENTRY_dynamic] = "dynamic method",    [ESP_ENTRY_regulariser] = "regulariser"};
  return names[kind];
}

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
  const char *kind = kind_name(e->kind);
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

/* `missing` names what an entry cannot do without; NULL: it has all. */
static esp_status add(esp__entry e, const void *entry, const char *missing, esp_error *err) {
  const char *kind = kind_name(e.kind);
  ESP_TRY(check_name(&e, err));
  if (missing) return esp_fail(err, ESP_ERR_INPUT, "%s '%s': expected %s", kind, e.name, missing);
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
  if (!d->search) return NULL;
  if (!d->share) return "a function 'share', which a search begins with";
  return d->copies > 0 ? NULL : "copies of at least 1 for its search";
}

static const char *missing_of_prune_schedule(const esp_prune_schedule *s) {
  return s->sparsity ? NULL : "a function 'sparsity'";
}

static const char *missing_of_hooks(const esp_prune_hooks *h, bool shadow) {
  return h && h->values && !shadow ? "a shadow, which the hook 'values' makes them from" : NULL;
}

static const char *missing_of_dynamic(const esp_dynamic *d) {
  return d->change ? missing_of_hooks(d->hooks, d->shadow) : "a function 'change'";
}

static const char *missing_of_regulariser(const esp_regulariser *r) {
  return r->hooks ? missing_of_hooks(r->hooks, r->shadow) : "hooks";
}

#define REGISTER(of)                                                                        \
  esp_status esp_##of##_register(const esp_##of *e, esp_error *err) {                       \
    return add((esp__entry){ESP_ENTRY_##of, e->name, e->help}, e, missing_of_##of(e), err); \
  }
ESP_ENTRY_KINDS(REGISTER)
