#include <espalier/plugin.h>

#include <espalier/file.h>

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 1 << 28, WORD_MAX = 40 };

static esp_loaded_plugin **loaded; /* [count] */
static size_t count;

const esp_loaded_plugin *esp_plugin_at(size_t i) {
  return i < count ? loaded[i] : NULL;
}

/* Fills path and hash, and refuses what cannot be a plugin before anything in it runs. */
static esp_status look(esp_loaded_plugin *p, const char *path, esp_error *err) {
  static const char magic[] = "\177ELF";
  char *data;
  size_t bytes;
  esp_sha256 s;
  if (!(p->path = realpath(path, NULL)))
    return esp_fail(err, ESP_ERR_INPUT, "%s: no such plugin", path);
  ESP_TRY(esp_file_read(path, FILE_MAX, &data, &bytes, err));
  esp_sha256_start(&s);
  esp_sha256_add(&s, data, bytes);
  esp_sha256_end(&s, p->sha256);
  const bool object = bytes > 4 && memcmp(data, magic, 4) == 0;
  free(data);
  if (object) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s: not a shared object, which a plugin is", path);
}

/* The one with this content; NULL where none is loaded. */
static const esp_loaded_plugin *find_content(const char *sha256) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(loaded[i]->sha256, sha256) == 0) return loaded[i];
  return NULL;
}

static bool is_word(const char *text) {
  static const char letters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+~";
  return text && *text && strlen(text) <= WORD_MAX && !text[strspn(text, letters)];
}

static esp_status check(const esp_plugin *entry, const char *path, esp_error *err) {
  if (!entry)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: no plugin of Espalier: expected the symbol esp_plugin_entry", path);
  if (entry->abi != ESP_PLUGIN_ABI)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: made for version %d of the plugin interface, expected %d: "
                    "compile it with the headers of this Espalier",
                    path, entry->abi, ESP_PLUGIN_ABI);
  if (!is_word(entry->name) || !is_word(entry->version) || !entry->start)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: esp_plugin_entry: expected a name and a version, "
                    "words of at most %d letters, digits and signs of '-_.+~', and a start",
                    path, WORD_MAX);
  for (size_t i = 0; i < count; i++)
    if (strcmp(loaded[i]->name, entry->name) == 0)
      return esp_fail(
          err, ESP_ERR_INPUT,
          "%s: holds another plugin '%s' than %s, which is loaded; expected one of them", path,
          entry->name, loaded[i]->path);
  return ESP_OK;
}

static esp_status start(const esp_plugin *entry, const char *path, esp_error *err) {
  esp_error cause = {0};
  const esp_status status = entry->start(&cause);
  if (status == ESP_OK) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "%s: the plugin '%s' does not start: %s", path, entry->name,
                  cause.text);
}

static esp_status open_object(esp_loaded_plugin *p, const char *path, esp_error *err) {
  void *object = dlopen(p->path, RTLD_NOW | RTLD_LOCAL);
  if (!object)
    return esp_fail(err, ESP_ERR_INPUT, "%s: cannot be opened as a plugin: %s", path, dlerror());
  const esp_plugin *entry = dlsym(object, "esp_plugin_entry");
  const esp_status status = check(entry, path, err);
  if (status != ESP_OK) {
    dlclose(object);
    return status;
  }
  p->name = entry->name;
  p->version = entry->version;
  return start(entry, path, err);
}

static void forget(esp_loaded_plugin *p) {
  free(p->path);
  free(p);
}

/* Opens what is not loaded already, and puts it on the list, or frees *p. */
static esp_status take(esp_loaded_plugin *p, const char *path, const esp_loaded_plugin **plugin,
                       esp_error *err) {
  esp_status status = look(p, path, err);
  const esp_loaded_plugin *same = status == ESP_OK ? find_content(p->sha256) : NULL;
  if (status == ESP_OK && !same) status = open_object(p, path, err);
  if (status != ESP_OK || same)
    forget(p);
  else
    loaded[count++] = p;
  if (plugin && status == ESP_OK) *plugin = same ? same : p;
  return status;
}

esp_status esp_plugin_load(const char *path, const esp_loaded_plugin **plugin, esp_error *err) {
  esp_loaded_plugin **more = realloc(loaded, (count + 1) * sizeof(*more));
  esp_loaded_plugin *p = more ? calloc(1, sizeof *p) : NULL;
  if (more) loaded = more;
  if (!p) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", path);
  return take(p, path, plugin, err);
}
