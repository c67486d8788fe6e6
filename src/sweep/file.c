#include "sweep/file.h"

#include "base/text.h"
#include "config/parse.h"
#include "base/value.h"
#include "sweep/words.h"

#include <stdlib.h>
#include <string.h>

static const char *mode_name(size_t i) {
  static const char *const names[] = {"grid", "zip", "random"};
  return i < sizeof names / sizeof *names ? names[i] : NULL;
}

#define AT(member) offsetof(esp__sweep_options, member)
static const esp_option table[] = {
    {"mode", ESP_OPTION_CHOICE, AT(mode), "grid", 0, 0, mode_name,
     "grid: every combination of the values; zip: the lists side by side; random: "
     "some of the grid"},
    {"cross", ESP_OPTION_WORDS, AT(cross), "", 0, 0, NULL,
     "mode zip: the keys whose lists are not side by side with the others, but combined with them"},
    {"count", ESP_OPTION_INT, AT(count), "0", 0, ESP_SWEEP_RUNS_MAX, NULL,
     "mode random: how many combinations to draw"},
    {"seed", ESP_OPTION_INT, AT(seed), "1", 0, 9007199254740992.0, NULL,
     "mode random: what draws them"},
    {.name = NULL}};

void esp__axis_free(esp_axis *axis) {
  for (int i = 0; i < axis->values; i++) free(axis->value[i]);
  free(axis->value);
  free(axis->key);
  free(axis->where);
  *axis = (esp_axis){0};
}

/* The key as it is called, whatever spaces stand in it. */
static esp_status name_key(const char *key, const char *where, char name[128], esp_error *err) {
  esp_config_key found;
  ESP_TRY(esp__config_key(key, where, &found, err));
  snprintf(name, 128, "%s.%s", found.section->name, found.option->name);
  return ESP_OK;
}

/* Those that say where a run is are the sweep's to set. */
static esp_status check_key(const char *name, const char *where, esp_error *err) {
  static const char *const reserved[] = {"run.name", "run.output", "run.dense", "run.threads"};
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
    if (strcmp(name, reserved[i]) == 0)
      return esp_fail(err, ESP_ERR_INPUT, "%s: %s cannot be swept: the sweep sets it for each run",
                      where, name);
  return ESP_OK;
}

static int find_axis(const esp__sweep_file *f, const char *name) {
  for (int i = 0; i < f->axes; i++)
    if (strcmp(f->axis[i].key, name) == 0) return i;
  return -1;
}

/* The axis that an argument "key=value" is about, -1 = none; *value becomes what stands behind the
 * sign. */
static int axis_of_argument(const esp__sweep_file *f, const char *argument, const char **value) {
  char name[128];
  const char *equals = strchr(argument, '=');
  char *key = equals ? strndup(argument, (size_t)(equals - argument)) : NULL;
  const bool known = key && name_key(key, "", name, NULL) == ESP_OK;
  free(key);
  *value = equals ? equals + 1 : "";
  return known ? find_axis(f, name) : -1;
}

static esp_status fill_axis(esp_axis *axis, const char *key, const char *where, const char *text,
                            esp_error *err) {
  axis->key = strdup(key);
  axis->where = strdup(where);
  if (!axis->key || !axis->where) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", where);
  return esp__words_split(axis, text, where, err);
}

/* The nearest key that stands in [sweep] itself, for one without a section. */
static esp_status no_section(const char *key, const char *where, esp_error *err) {
  const char *best = NULL;
  for (const esp_option *o = table; o->name; o++) best = esp_nearer(key, best, o->name);
  if (best)
    return esp_fail(err, ESP_ERR_INPUT, "%s: unknown key '%.100s' in [sweep]; did you mean '%s'?",
                    where, key, best);
  esp_config_key found;
  return esp__config_key(key, where, &found, err);
}

static esp_status take(void *user, const char *where, const char *key, const char *value,
                       esp_error *err) {
  esp__sweep_file *f = user;
  for (const esp_option *o = table; o->name; o++)
    if (strcmp(o->name, key) == 0) {
      const esp_status status = esp__value_set(o, &f->options, value, where, err);
      if (status == ESP_OK || o->offset != AT(seed) || !strchr(value, ' ')) return status;
      return esp_fail(
          err, ESP_ERR_INPUT,
          "%s: seed = %.100s: the seed of mode random is one number; did you mean run.seed?", where,
          value);
    }
  if (!strchr(key, '.')) return no_section(key, where, err);
  char name[128];
  ESP_TRY(name_key(key, where, name, err));
  ESP_TRY(check_key(name, where, err));
  const int there = find_axis(f, name);
  if (there >= 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: %s given twice in [sweep], first at %s", where, name,
                    f->axis[there].where);
  if (f->axes == ESP_SWEEP_AXES_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "%s: more than %d swept keys", where, ESP_SWEEP_AXES_MAX);
  return fill_axis(&f->axis[f->axes++], name, where, value, err);
}

static esp_status ignore(void *user, const char *where, const char *key, const char *value,
                         esp_error *err) {
  (void)user, (void)where, (void)key, (void)value, (void)err;
  return ESP_OK;
}

/* An argument for a swept key is its list now; the others are left in rest[]. */
static esp_status override_axes(esp__sweep_file *f, int overrides, const char *const *override,
                                const char **rest, int *n, esp_error *err) {
  *n = 0;
  for (int i = 0; i < overrides; i++) {
    const char *value;
    const int axis = axis_of_argument(f, override[i], &value);
    if (axis < 0) {
      rest[(*n)++] = override[i];
      continue;
    }
    char where[256];
    snprintf(where, sizeof where, "argument '%.200s'", override[i]);
    esp_axis fresh = {0};
    const esp_status status = fill_axis(&fresh, f->axis[axis].key, where, value, err);
    esp__axis_free(status == ESP_OK ? &f->axis[axis] : &fresh);
    if (status != ESP_OK) return status;
    f->axis[axis] = fresh;
  }
  return ESP_OK;
}

/* Keys of mode random beside another mode would say something that is not done. */
static esp_status check_mode(const esp__sweep_file *f, const char *path, esp_error *err) {
  if (strcmp(f->options.mode, "random") == 0) return ESP_OK;
  for (const esp_option *o = table; o->name; o++)
    if (o->type == ESP_OPTION_INT &&
        *(const int64_t *)((const char *)&f->options + o->offset) != atoll(o->fallback))
      return esp_fail(err, ESP_ERR_INPUT, "%s: [sweep] %s is for mode = random, and mode = %s",
                      path, o->name, f->options.mode);
  return ESP_OK;
}

/* Marks the lists that go through all their values beside each choice of the others: of a zip those
 * that `cross` names, else all. */
static esp_status mark_crossed(esp__sweep_file *f, const char *path, esp_error *err) {
  const bool zip = strcmp(f->options.mode, "zip") == 0;
  for (int i = 0; i < f->axes; i++) f->crossed[i] = !zip;
  if (*f->options.cross && !zip)
    return esp_fail(err, ESP_ERR_INPUT, "%s: [sweep] cross is for mode = zip, and mode = %s", path,
                    f->options.mode);
  char word[128], name[128];
  for (const char *at = f->options.cross; *at; at += strspn(at, " ")) {
    const size_t length = strcspn(at, " ");
    snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word), at);
    at += length;
    const int axis = name_key(word, path, name, NULL) == ESP_OK ? find_axis(f, name) : -1;
    if (axis < 0)
      return esp_fail(err, ESP_ERR_INPUT,
                      "%s: [sweep] cross: '%s' is not swept; expected keys that have a list there",
                      path, word);
    f->crossed[axis] = true;
  }
  return ESP_OK;
}

/* Every value must be one that its key takes. */
static esp_status check_values(const esp__sweep_file *f, esp_error *err) {
  esp_config scratch;
  esp_status status = ESP_OK;
  ESP_TRY(esp_config_copy(&scratch, &f->base, err));
  for (int i = 0; i < f->axes && status == ESP_OK; i++)
    for (int v = 0; v < f->axis[i].values && status == ESP_OK; v++)
      status =
          esp__config_set(&scratch, f->axis[i].key, f->axis[i].value[v], f->axis[i].where, err);
  esp_config_free(&scratch);
  return status;
}

static esp_status load(esp__sweep_file *f, const char *path, int overrides,
                       const char *const *override, esp_error *err) {
  const esp__config_extra first = {"sweep", f, take}, second = {"sweep", NULL, ignore};
  const char **rest = calloc((size_t)overrides + 1, sizeof *rest);
  int n = 0;
  if (!rest) return esp_fail(err, ESP_ERR_MEMORY, "out of memory");
  esp_status status = esp__config_load_with(&f->base, path, &first, 0, NULL, err);
  if (status == ESP_OK) status = override_axes(f, overrides, override, rest, &n, err);
  if (status == ESP_OK && n > 0) {
    esp_config_free(&f->base);
    status = esp__config_load_with(&f->base, path, &second, n, rest, err);
  }
  free(rest);
  if (status == ESP_OK && f->axes == 0)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "%s: nothing is swept; expected a section [sweep] with lists such as run.seed = 1 2 3",
        path);
  if (status == ESP_OK) status = check_mode(f, path, err);
  if (status == ESP_OK) status = mark_crossed(f, path, err);
  return status == ESP_OK ? check_values(f, err) : status;
}

esp_status esp__sweep_file_load(esp__sweep_file *f, const char *path, int overrides,
                                const char *const *override, esp_error *err) {
  *f = (esp__sweep_file){0};
  esp_status status = ESP_OK;
  for (const esp_option *o = table; o->name && status == ESP_OK; o++)
    status = esp__value_set(o, &f->options, o->fallback, "default of [sweep]", err);
  if (status == ESP_OK) status = load(f, path, overrides, override, err);
  if (status != ESP_OK) esp__sweep_file_free(f);
  return status;
}

void esp__sweep_file_free(esp__sweep_file *f) {
  for (int i = 0; i < f->axes; i++) esp__axis_free(&f->axis[i]);
  if (f->base.run.name) esp_config_free(&f->base);
  for (const esp_option *o = table; o->name; o++) esp__value_free(o, &f->options);
  *f = (esp__sweep_file){0};
}

static void print_axis(const esp_axis *axis, FILE *out) {
  fprintf(out, "%s =", axis->key);
  for (int v = 0; v < axis->values; v++) {
    fputs("\n  ", out);
    esp__word_print(axis->value[v], out);
  }
  fputc('\n', out);
}

esp_status esp__sweep_file_text(const esp__sweep_file *f, char **text, esp_error *err) {
  char *config;
  esp__text t;
  ESP_TRY(esp__text_begin(&t, "the sweep", err));
  const esp_status status = esp_config_text(&f->base, &config, err);
  if (status != ESP_OK) return esp__text_drop(&t), status;
  fprintf(t.out, "%s\n[sweep]\n", config);
  free(config);
  for (const esp_option *o = table; o->name; o++) esp__value_print(o, &f->options, t.out);
  for (int i = 0; i < f->axes; i++) print_axis(&f->axis[i], t.out);
  ESP_TRY(esp__text_end(&t, err));
  *text = t.data;
  return ESP_OK;
}
