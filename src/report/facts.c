#include "report/facts.h"

#include "base/text.h"
#include "config/fingerprint.h"
#include "config/stages.h"
#include "config/value.h"

#include <stdlib.h>
#include <string.h>

static esp_status no_memory(esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the report");
}

/* ---- keys and values ---- */

static int count_keys(void) {
  int keys = 0;
  for (const esp_section *s = esp_sections; s->name; s++)
    for (const esp_option *o = s->table; o->name; o++) keys++;
  return keys;
}

static void name_keys(esp__config_diff *f) {
  esp__config_diff_key *k = f->key;
  for (const esp_section *s = esp_sections; s->name; s++)
    for (const esp_option *o = s->table; o->name; o++, k++) {
      snprintf(k->name, sizeof k->name, "%s.%s", s->name, o->name);
      k->short_name = o->name;
      k->names_itself = o->type == ESP_OPTION_CHOICE;
      k->decides = (!o->neutral && strcmp(k->name, "run.seed") != 0) || esp__key_is_source(k->name);
      k->prunes =
          strcmp(s->name, "prune") == 0 && strcmp(o->name, "method") != 0 ? o->fallback : NULL;
    }
}

static esp_status read_values(esp__config_diff *f, const esp__run_records *runs, esp_error *err) {
  char **value = f->value;
  for (int r = 0; r < runs->count; r++)
    for (const esp_section *s = esp_sections; s->name; s++)
      for (const esp_option *o = s->table; o->name; o++, value++)
        if (!(*value = esp__value_text(o, (const char *)&runs->item[r].config + s->offset)))
          return no_memory(err);
  return ESP_OK;
}

const char *esp__config_diff_value(const esp__config_diff *f, int run, int key) {
  return f->value[(size_t)run * (size_t)f->keys + (size_t)key];
}

bool esp__config_diff_differs(const esp__config_diff *f, int key) {
  for (int r = 1; r < f->runs; r++)
    if (strcmp(esp__config_diff_value(f, 0, key), esp__config_diff_value(f, r, key)) != 0)
      return true;
  return false;
}

/* ---- series ---- */

static bool one_round(const esp__run_record *r) {
  return esp__stages(&r->config) <= 2;
}

/* Whether a run that prunes nothing has the key at its default, and so says nothing by it. */
static bool is_idle(const esp__config_diff *f, const esp__run_records *runs, int run, int key) {
  const char *fallback = f->key[key].prunes;
  return fallback && strcmp(runs->item[run].config.prune.method, "none") == 0 &&
         strcmp(esp__config_diff_value(f, run, key), fallback) == 0;
}

/* Whether the key is one that sets series apart. */
static bool counts(const esp__config_diff *f, const esp__run_records *runs, int run, int key) {
  return f->key[key].decides && !is_idle(f, runs, run, key) &&
         !(one_round(&runs->item[run]) && strcmp(f->key[key].name, "prune.sparsity") == 0);
}

static bool same_series(const esp__config_diff *f, const esp__run_records *runs, int a, int b) {
  for (int k = 0; k < f->keys; k++)
    if ((counts(f, runs, a, k) || counts(f, runs, b, k)) &&
        strcmp(esp__config_diff_value(f, a, k), esp__config_diff_value(f, b, k)) != 0)
      return false;
  return true;
}

static void find_series(esp__config_diff *f, const esp__run_records *runs) {
  for (int r = 0; r < f->runs; r++) {
    f->series_of[r] = -1;
    for (int before = 0; before < r && f->series_of[r] < 0; before++)
      if (same_series(f, runs, r, before)) f->series_of[r] = f->series_of[before];
    if (f->series_of[r] < 0) f->series_of[r] = f->series++;
  }
}

static int first_run(const esp__config_diff *f, int series) {
  int r = 0;
  while (f->series_of[r] != series) r++;
  return r;
}

static bool series_differ(const esp__config_diff *f, const esp__run_records *runs, int key) {
  const char *seen = NULL;
  for (int s = 0; s < f->series; s++) {
    const int r = first_run(f, s);
    if (!counts(f, runs, r, key)) continue;
    if (seen && strcmp(seen, esp__config_diff_value(f, r, key)) != 0) return true;
    seen = esp__config_diff_value(f, r, key);
  }
  return false;
}

/* "magnitude, rounds=5"; of long values the first line's beginning. */
static char *series_name(const esp__config_diff *f, const esp__run_records *runs, int series) {
  enum { VALUE_MAX = 32 };
  esp__text t;
  const int run = first_run(f, series);
  if (esp__text_begin(&t, "the report", NULL) != ESP_OK) return NULL;
  const char *between = "";
  for (int k = 0; k < f->keys; k++) {
    if (!counts(f, runs, run, k) || !series_differ(f, runs, k)) continue;
    const char *value = esp__config_diff_value(f, run, k);
    value += *value == '\n';
    const bool alone = f->key[k].names_itself && strcmp(value, "none") != 0;
    const size_t line = strcspn(value, "\n");
    fprintf(t.out, "%s%s%s%.*s%s", between, alone ? "" : f->key[k].short_name, alone ? "" : "=",
            (int)(line < VALUE_MAX ? line : VALUE_MAX), value,
            line > VALUE_MAX || value[line] ? "..." : "");
    between = ", ";
  }
  if (!*between) fputs(runs->item[run].name, t.out);
  return esp__text_end(&t, NULL) == ESP_OK ? t.data : NULL;
}

/* Names can be equal where only the ends of long values differ. */
static bool name_taken(const esp__config_diff *f, int series, const char *name) {
  for (int s = 0; s < series; s++)
    if (strcmp(f->series_name[s], name) == 0) return true;
  return false;
}

static esp_status name_series(esp__config_diff *f, const esp__run_records *runs, esp_error *err) {
  for (int s = 0; s < f->series; s++) {
    char *name = series_name(f, runs, s);
    if (name && name_taken(f, s, name)) {
      char *other = malloc(strlen(name) + 16);
      if (other) sprintf(other, "%s (%d)", name, s + 1);
      free(name);
      name = other;
    }
    if (!(f->series_name[s] = name)) return no_memory(err);
  }
  return ESP_OK;
}

esp_status esp__config_diff_gather(esp__config_diff *f, const esp__run_records *runs,
                                   esp_error *err) {
  *f = (esp__config_diff){.keys = count_keys(), .runs = runs->count};
  f->key = calloc((size_t)f->keys, sizeof *f->key);
  f->value = calloc((size_t)f->keys * (size_t)f->runs, sizeof *f->value);
  f->series_of = calloc((size_t)f->runs, sizeof *f->series_of);
  f->series_name = calloc((size_t)f->runs, sizeof *f->series_name);
  if (!f->key || !f->value || !f->series_of || !f->series_name) return no_memory(err);
  name_keys(f);
  ESP_TRY(read_values(f, runs, err));
  find_series(f, runs);
  return name_series(f, runs, err);
}

void esp__config_diff_free(esp__config_diff *f) {
  for (size_t i = 0; f->value && i < (size_t)f->keys * (size_t)f->runs; i++) free(f->value[i]);
  for (int i = 0; f->series_name && i < f->runs; i++) free(f->series_name[i]);
  free(f->key);
  free(f->value);
  free(f->series_of);
  free(f->series_name);
  *f = (esp__config_diff){0};
}
