/* The tasks of a data set, and patterns of names: the first byte says how many bytes are a
 * pattern. */
#include "base/pattern.h"
#include "fuzz.h"

#include <espalier/data.h>
#include <espalier/task.h>

#include <stdlib.h>
#include <string.h>

static void match(const uint8_t *data, size_t bytes) {
  const size_t length = data[0] < bytes ? data[0] : bytes - 1;
  char *pattern = fuzz_text(data + 1, length),
       *name = fuzz_text(data + 1 + length, bytes - 1 - length);
  (void)esp__pattern_matches(pattern, strlen(pattern), name);
  (void)esp__pattern_any(pattern, name);
  free(pattern);
  free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static char cat[] = "cat", dog[] = "dog", tree[] = "tree";
  char *const names[] = {cat, dog, tree, NULL};
  esp_tasks tasks;
  esp_error err;
  if (bytes == 0) return 0;
  match(data, bytes);
  char *text = fuzz_text(data, bytes);
  esp_data_options options = {.dataset = (char[]){"shapes"}, .path = (char[]){""}, .tasks = text};
  if (esp_tasks_read(&tasks, &options, names, 3, &err) == ESP_OK) esp_tasks_free(&tasks);
  free(text);
  return 0;
}
