/* Plugins: criteria, structures, data sets, ... that are compiled outside of Espalier.
 *
 * A plugin is a shared object that exports one symbol, `esp_plugin_entry`:
 *
 *     #include <espalier/plugin.h>
 *     #include <espalier/prune.h>
 *
 *     static const esp_criterion mine = {.name = "mine", .help = "...", .score = score};
 *
 *     static esp_status start(esp_error *err) {
 *       return esp_criterion_register(&mine, err);
 *     }
 *     const esp_plugin esp_plugin_entry = {ESP_PLUGIN_ABI, "mine", "1.0", start};
 *
 * It is compiled with `cc -shared -fPIC $(pkg-config --cflags espalier)` and not linked with
 * Espalier: the program that opens it has the library. The command does; a program that holds the
 * static library has to show its symbols (-Wl,--export-dynamic).
 *
 * A plugin stays open as long as the process lives, since the tables point into it. */
#ifndef ESP_PLUGIN_H
#define ESP_PLUGIN_H

#include <espalier/linkage.h>
#include <espalier/status.h>

#include <stddef.h>
#include <stdint.h>

ESP_BEGIN_DECLS

/* Counts the changes of the structs that plugins fill in or read; one made for another number is
 * refused. */
enum { ESP_PLUGIN_ABI = 5 };

typedef struct esp_plugin {
  int32_t abi; /* ESP_PLUGIN_ABI */
  /* Words of at most 40 letters, digits and signs of "-_.+~". Each plugin has a name of its own. */
  const char *name, *version;
  /* Registers what the plugin holds. Called once, when it is loaded. */
  esp_status (*start)(esp_error *err);
} esp_plugin;

/* What a plugin exports. */
extern const esp_plugin esp_plugin_entry;

typedef struct esp_loaded_plugin {
  const char *name, *version;
  char *path;      /* absolute */
  char sha256[65]; /* of the file */
} esp_loaded_plugin;

/* Opens the plugin in the file `path` and lets it register what it holds. A file that is loaded
 * already, under whatever path, is not loaded again. Fails, in one line that begins with the path,
 * when there is no such file, when it is not a shared object or cannot be opened, lacks
 * esp_plugin_entry, was made for another ABI, when its name is that of another plugin that is
 * loaded, and when its start fails; then what it had registered before stays. To be called from one
 * thread, and, as registering is, before anything reads the tables. *plugin, unless NULL, becomes
 * what the file holds. */
esp_status esp_plugin_load(const char *path, const esp_loaded_plugin **plugin, esp_error *err);

/* The plugins that were loaded, in that order; NULL after the last. */
const esp_loaded_plugin *esp_plugin_at(size_t i);

ESP_END_DECLS

#endif
