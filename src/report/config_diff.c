#include "report/config_diff.h"

#include "base/text.h"
#include "base/value.h"
#include "config/fingerprint.h"
#include "config/stages.h"

#include <stdlib.h>
#include <string.h>

static esp_status no_memory(esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the report");
}

/* ---- keys and values ---- */

static int count_keys(void) {
  esp_config_key key[ESP_CONFIG_KEYS_MAX];
  return (int)esp_config_keys(NULL, key);
}

static void name_keys(esp__config_diff *d) {
  esp_config_key key[ESP_CONFIG_KEYS_MAX];
  const size_t keys = esp_config_keys(NULL, key);
  for (size_t i = 0; i < keys; i++) {
    esp__config_diff_key *k = &d->key[i];
    const esp_option *o = key[i].option;
    const char *section = key[i].section->name;
    snprintf(k->name, sizeof k->name, "%s.%s", section, o->name);
    k->short_name = o->name;
    k->names_itself = o->type == ESP_OPTION_CHOICE;
    k->decides = (!o->neutral && strcmp(k->name, "run.seed") != 0) || esp__key_is_source(k->name);
    k->prunes =
        strcmp(section, "prune") == 0 && strcmp(o->name, "method") != 0 ? o->fallback : NULL;
  }
}

static esp_status read_values(esp__config_diff *d, const esp__run_records *runs, esp_error *err) {
  esp_config_key key[ESP_CONFIG_KEYS_MAX];
  const size_t keys = esp_config_keys(NULL, key);
  char **value = d->value;
  for (int r = 0; r < runs->count; r++)
    for (size_t i = 0; i < keys; i++, value++) {
      const void *options = esp_config_key_options(&runs->item[r].config, &key[i]);
      *value = options ? esp__value_text(key[i].option, options) : strdup(key[i].option->fallback);
      if (!*value) return no_memory(err);
    }
  return ESP_OK;
}

const char *esp__config_diff_value(const esp__config_diff *d, int run, int key) {
  return d->value[(size_t)run * (size_t)d->keys + (size_t)key];
}

bool esp__config_diff_differs(const esp__config_diff *d, int key) {
  for (int r = 1; r < d->runs; r++)
    if (strcmp(esp__config_diff_value(d, 0, key), esp__config_diff_value(d, r, key)) != 0)
      return true;
  return false;
}

/* ---- series ---- */

static bool one_round(const esp__run_record *r) {
  return esp__stages(&r->config) <= 2;
}

/* Whether a run that prunes nothing has the key at its default, and so says nothing by it. */
static bool is_idle(const esp__config_diff *d, const esp__run_records *runs, int run, int key) {
  const char *fallback = d->key[key].prunes;
  return fallback && strcmp(runs->item[run].config.prune.method, "none") == 0 &&
         strcmp(esp__config_diff_value(d, run, key), fallback) == 0;
}

/* Whether the key says where on its curve a run of one round lies. */
static bool is_level(const char *key) {
  return strcmp(key, "prune.sparsity") == 0 || strcmp(key, "prune.threshold") == 0;
}

/* Whether the key is one that sets series apart. */
static bool counts(const esp__config_diff *d, const esp__run_records *runs, int run, int key) {
  return d->key[key].decides && !is_idle(d, runs, run, key) &&
         !(one_round(&runs->item[run]) && is_level(d->key[key].name));
}

static bool same_series(const esp__config_diff *d, const esp__run_records *runs, int a, int b) {
  for (int k = 0; k < d->keys; k++)
    if ((counts(d, runs, a, k) || counts(d, runs, b, k)) &&
        strcmp(esp__config_diff_value(d, a, k), esp__config_diff_value(d, b, k)) != 0)
      return false;
  return true;
}

static void find_series(esp__config_diff *d, const esp__run_records *runs) {
  for (int r = 0; r < d->runs; r++) {
    d->series_of[r] = -1;
    for (int before = 0; before < r && d->series_of[r] < 0; before++)
      if (same_series(d, runs, r, before)) d->series_of[r] = d->series_of[before];
    if (d->series_of[r] < 0) d->series_of[r] = d->series++;
  }
}

static int first_run(const esp__config_diff *d, int series) {
  int r = 0;
  while (d->series_of[r] != series) r++;
  return r;
}

static bool series_differ(const esp__config_diff *d, const esp__run_records *runs, int key) {
  const char *seen = NULL;
  for (int s = 0; s < d->series; s++) {
    const int r = first_run(d, s);
    if (!counts(d, runs, r, key)) continue;
    if (seen && strcmp(seen, esp__config_diff_value(d, r, key)) != 0) return true;
    seen = esp__config_diff_value(d, r, key);
  }
  return false;
}

/* "magnitude, rounds=5"; of long values the first line's beginning. */
static char *series_name(const esp__config_diff *d, const esp__run_records *runs, int series) {
  enum { VALUE_MAX = 32 };
  esp__text t;
  const int run = first_run(d, series);
  if (esp__text_begin(&t, "the report", NULL) != ESP_OK) return NULL;
  const char *between = "";
  for (int k = 0; k < d->keys; k++) {
    if (!counts(d, runs, run, k) || !series_differ(d, runs, k)) continue;
    const char *value = esp__config_diff_value(d, run, k);
    value += *value == '\n';
    const bool alone = d->key[k].names_itself && strcmp(value, "none") != 0;
    const size_t line = strcspn(value, "\n");
    fprintf(t.out, "%s%s%s%.*s%s", between, alone ? "" : d->key[k].short_name, alone ? "" : "=",
            (int)(line < VALUE_MAX ? line : VALUE_MAX), value,
            line > VALUE_MAX || value[line] ? "..." : "");
    between = ", ";
  }
  if (!*between) fputs(runs->item[run].name, t.out);
  return esp__text_end(&t, NULL) == ESP_OK ? t.data : NULL;
}

/* Names can be equal where only the ends of long values differ. */
static bool name_taken(const esp__config_diff *d, int series, const char *name) {
  for (int s = 0; s < series; s++)
    if (strcmp(d->series_name[s], name) == 0) return true;
  return false;
}

static esp_status name_series(esp__config_diff *d, const esp__run_records *runs, esp_error *err) {
  for (int s = 0; s < d->series; s++) {
    char *name = series_name(d, runs, s);
    if (name && name_taken(d, s, name)) {
      char *other = malloc(strlen(name) + 16);
      if (other) sprintf(other, "%s (%d)", name, s + 1);
      free(name);
      name = other;
    }
    if (!(d->series_name[s] = name)) return no_memory(err);
  }
  return ESP_OK;
}

esp_status esp__config_diff_gather(esp__config_diff *d, const esp__run_records *runs,
                                   esp_error *err) {
  *d = (esp__config_diff){.keys = count_keys(), .runs = runs->count};
  d->key = calloc((size_t)d->keys, sizeof *d->key);
  d->value = calloc((size_t)d->keys * (size_t)d->runs, sizeof *d->value);
  d->series_of = calloc((size_t)d->runs, sizeof *d->series_of);
  d->series_name = calloc((size_t)d->runs, sizeof *d->series_name);
  if (!d->key || !d->value || !d->series_of || !d->series_name) return no_memory(err);
  name_keys(d);
  ESP_TRY(read_values(d, runs, err));
  find_series(d, runs);
  return name_series(d, runs, err);
}

void esp__config_diff_free(esp__config_diff *d) {
  for (size_t i = 0; d->value && i < (size_t)d->keys * (size_t)d->runs; i++) free(d->value[i]);
  for (int i = 0; d->series_name && i < d->runs; i++) free(d->series_name[i]);
  free(d->key);
  free(d->value);
  free(d->series_of);
  free(d->series_name);
  *d = (esp__config_diff){0};
}
