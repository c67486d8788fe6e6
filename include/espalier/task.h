/* Tasks: what a network tells apart in an image. The first is always the class; others put the
 * classes into groups (animal or vehicle). Each has a head of its own, a linear layer behind the
 * same trunk, and the loss is the weighted sum of theirs (Caruana 1997). */
#ifndef ESP_TASK_H
#define ESP_TASK_H

#include <espalier/linkage.h>
#include <espalier/status.h>

#include <stdint.h>

ESP_BEGIN_DECLS

enum { ESP_TASKS_MAX = 8, ESP_TASK_NAME_MAX = 32 };

typedef struct esp_task {
  char name[ESP_TASK_NAME_MAX + 1];
  int first, answers; /* its logits are the channels first to first + answers - 1 of the output */
  float weight;       /* of its loss, >= 0 */
  int32_t *answer; /* [classes of the data] what is right for each class; NULL: the class itself */
} esp_task;

typedef struct esp_tasks {
  esp_task item[ESP_TASKS_MAX];
  int count; /* 1 to ESP_TASKS_MAX */
} esp_tasks;

/* The class alone. */
esp_tasks esp_tasks_plain(int classes);
/* Deep. On failure *to needs no freeing. */
esp_status esp_tasks_copy(esp_tasks *to, const esp_tasks *from, esp_error *err);
void esp_tasks_free(esp_tasks *t);

/* Channels of the output: the answers of all tasks. */
static inline int esp_tasks_outputs(const esp_tasks *t) {
  return t->item[t->count - 1].first + t->item[t->count - 1].answers;
}
/* The right answer for an image with that label. */
static inline int32_t esp_task_answer(const esp_task *t, int32_t label) {
  return t->answer ? t->answer[label] : label;
}

ESP_END_DECLS

#endif
