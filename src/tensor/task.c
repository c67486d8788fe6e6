#include <espalier/task.h>

#include <stdlib.h>
#include <string.h>

esp_tasks esp_tasks_plain(int classes) {
  return (esp_tasks){.item = {{.name = "class", .answers = classes, .weight = 1.0f}}, .count = 1};
}

esp_status esp_tasks_copy(esp_tasks *to, const esp_tasks *from, esp_error *err) {
  const size_t bytes = (size_t)from->item[0].answers * sizeof(int32_t);
  *to = *from;
  for (int i = 0; i < to->count; i++) to->item[i].answer = NULL;
  for (int i = 0; i < to->count; i++) {
    if (!from->item[i].answer) continue;
    if (!(to->item[i].answer = malloc(bytes))) {
      esp_tasks_free(to);
      return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the tasks");
    }
    memcpy(to->item[i].answer, from->item[i].answer, bytes);
  }
  return ESP_OK;
}

void esp_tasks_free(esp_tasks *t) {
  for (int i = 0; i < t->count; i++) free(t->item[i].answer);
  *t = (esp_tasks){0};
}
