/* A class is what its name says, not its number: data made elsewhere may number them otherwise. */
#include "data/set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int find(char *const *class_name, int classes, const char *name) {
  for (int i = 0; i < classes; i++)
    if (strcmp(class_name[i], name) == 0) return i;
  return -1;
}

/* "cat, dog, ...": as many as there is room for. */
static const char *list(char *const *class_name, int classes, char text[256]) {
  size_t used = 0;
  for (int i = 0; i < classes; i++) {
    const size_t more = strlen(class_name[i]) + 2;
    if (used + more + 4 >= 256) {
      snprintf(text + used, 256 - used, ", ...");
      break;
    }
    used += (size_t)snprintf(text + used, 256 - used, "%s%s", i ? ", " : "", class_name[i]);
  }
  return text;
}

static void relabel(esp_images *images, const int *number) {
  for (uint32_t i = 0; i < images->count; i++) images->labels[i] = number[images->labels[i]];
}

static void free_names(esp_dataset *set) {
  for (int i = 0; i < set->classes; i++) free(set->class_name[i]);
  free(set->class_name);
  set->class_name = NULL;
  set->classes = 0;
}

/* number[set->classes]: of each class of the set, among the names given. */
static esp_status match(const esp_dataset *set, char *const *class_name, int classes, int *number,
                        esp_error *err) {
  char known[256];
  for (int i = 0; i < set->classes; i++)
    if ((number[i] = find(class_name, classes, set->class_name[i])) < 0)
      return esp_fail(err, ESP_ERR_INPUT,
                      "class '%.200s' of the data is none of the network's %d (%s); classes are "
                      "matched by name",
                      set->class_name[i], classes, list(class_name, classes, known));
  return ESP_OK;
}

static esp_status renumber(esp_dataset *set, const esp_data_options *opt, char *const *class_name,
                           int classes, const int *number, esp_error *err) {
  relabel(&set->train, number);
  relabel(&set->validation, number);
  relabel(&set->test, number);
  free_names(set);
  ESP_TRY(esp__class_names(set, (const char *const *)class_name, classes, err));
  esp_tasks_free(&set->tasks);
  return esp_tasks_read(&set->tasks, opt, set->class_name, set->classes, err);
}

/* A target is what its name says, and its place that of the network's output. */
static esp_status match_targets(const esp_dataset *set, char *const *name, int names,
                                esp_error *err) {
  char ours[256], theirs[256];
  bool same = set->classes == names;
  for (int i = 0; same && i < names; i++) same = strcmp(set->class_name[i], name[i]) == 0;
  if (same) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "the data have the targets %s, the network %s; expected these",
                  list(set->class_name, set->classes, ours), list(name, names, theirs));
}

esp_status esp_dataset_match_classes(esp_dataset *set, const esp_data_options *opt,
                                     char *const *class_name, int classes, esp_error *err) {
  if (set->targets.count > 0) return match_targets(set, class_name, classes, err);
  int *number = calloc((size_t)set->classes + 1, sizeof *number);
  if (!number) return esp_fail(err, ESP_ERR_MEMORY, "no memory for the classes");
  esp_status status = match(set, class_name, classes, number, err);
  if (status == ESP_OK) status = renumber(set, opt, class_name, classes, number, err);
  free(number);
  return status;
}
