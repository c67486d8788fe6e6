/* data.tasks: groups of classes. A task begins with a line that has a ':', and may go on in lines
 * without. */
#include <espalier/data.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "name: class class | class ...", and where the reading of it is. */
typedef struct reader {
  char *const *class_name;
  int classes;
  esp_task *task;
  const char *at, *end;
  int number; /* of its first line, from 1 */
  esp_error *err;
} reader;

ESP_PRINTF(2, 3) static esp_status fail(const reader *r, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return esp_fail(r->err, ESP_ERR_INPUT, "[data] tasks:%d: %s", r->number, text);
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

static bool same(const char *name, const char *word, size_t length) {
  return strlen(name) == length && memcmp(name, word, length) == 0;
}

static bool plain(const char *word, size_t length) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return length > 0 && length <= ESP_TASK_NAME_MAX && strspn(word, letters) >= length;
}

static esp_status read_name(reader *r, const esp_tasks *before) {
  const char *colon = memchr(r->at, ':', (size_t)(r->end - r->at));
  if (!colon) return fail(r, "expected 'name: classes | classes', with a ':' behind the name");
  const size_t length = (size_t)(colon - r->at);
  if (!plain(r->at, length))
    return fail(r, "the name '%.*s': expected 1 to %d letters, digits, '_' and '-'",
                length > 40 ? 40 : (int)length, r->at, ESP_TASK_NAME_MAX);
  for (int i = 0; i < before->count; i++)
    if (same(before->item[i].name, r->at, length))
      return fail(
          r, "a second task '%.*s': expected a name for each, 'class' being the data set's own",
          (int)length, r->at);
  memcpy(r->task->name, r->at, length);
  r->at = colon + 1;
  return ESP_OK;
}

/* The class of that name, or else of that number; -1 = none. */
static int find_class(const reader *r, const char *word, size_t length) {
  int64_t n = 0;
  for (int c = 0; c < r->classes; c++)
    if (same(r->class_name[c], word, length)) return c;
  for (size_t i = 0; i < length; i++) {
    if (word[i] < '0' || word[i] > '9') return -1;
    n = 10 * n + (word[i] - '0');
    if (n >= r->classes) return -1;
  }
  return (int)n;
}

static esp_status fail_class(const reader *r, const char *word, size_t length) {
  char name[64];
  const char *near = NULL;
  snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), word);
  for (int c = 0; c < r->classes; c++) near = esp_nearer(name, near, r->class_name[c]);
  if (near) return fail(r, "unknown class '%s'; did you mean '%.100s'?", name, near);
  return fail(r, "unknown class '%s'; expected names of classes, or their numbers from 0 to %d",
              name, r->classes - 1);
}

static esp_status take_class(reader *r, size_t length) {
  const int c = find_class(r, r->at, length);
  if (c < 0) return fail_class(r, r->at, length);
  if (r->task->answer[c] >= 0)
    return fail(r, "class '%.100s' is named twice; expected each in one group", r->class_name[c]);
  r->task->answer[c] = r->task->answers;
  r->at += length;
  return ESP_OK;
}

/* The classes of one group, up to '|' or the end. */
static esp_status read_group(reader *r) {
  int classes = 0;
  for (;; classes++) {
    while (r->at < r->end && is_space(*r->at)) r->at++;
    size_t length = 0;
    while (r->at + length < r->end && !is_space(r->at[length]) && r->at[length] != '|') length++;
    if (length == 0) break;
    ESP_TRY(take_class(r, length));
  }
  if (classes == 0) return fail(r, "a group without classes; expected some on each side of a '|'");
  r->task->answers++;
  return ESP_OK;
}

static esp_status read_groups(reader *r) {
  for (int more = 1; more; more = r->at++ < r->end) ESP_TRY(read_group(r));
  if (r->task->answers < 2)
    return fail(r, "one group; expected two or more, with '|' between them");
  for (int c = 0; c < r->classes; c++)
    if (r->task->answer[c] < 0)
      return fail(r, "class '%.100s' is in no group; expected each in one", r->class_name[c]);
  return ESP_OK;
}

static esp_status read_task(reader *r, esp_tasks *tasks) {
  if (tasks->count == ESP_TASKS_MAX)
    return fail(r, "one task too many; expected at most %d", ESP_TASKS_MAX - 1);
  r->task = &tasks->item[tasks->count];
  *r->task = (esp_task){.first = esp_tasks_outputs(tasks), .weight = 1.0f};
  ESP_TRY(read_name(r, tasks));
  r->task->answer = malloc((size_t)r->classes * sizeof *r->task->answer);
  if (!r->task->answer) return esp_fail(r->err, ESP_ERR_MEMORY, "no memory for the tasks");
  memset(r->task->answer, 0xff, (size_t)r->classes * sizeof *r->task->answer); /* -1: in no group */
  tasks->count++;
  return read_groups(r);
}

static esp_status set_weights(esp_tasks *tasks, const esp_numbers *weights, esp_error *err) {
  double sum = 0.0;
  if (weights->count == 0) return ESP_OK;
  if (weights->count != tasks->count)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "[data] task_weights: %d numbers for %d tasks; expected one each, that of the class first",
        weights->count, tasks->count);
  for (int i = 0; i < tasks->count; i++) {
    tasks->item[i].weight = (float)weights->value[i];
    sum += weights->value[i];
  }
  if (sum > 0.0) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "[data] task_weights: all are 0; expected one above");
}

/* Where the next task begins, or the text ends; *lines grows with the lines till there. */
static const char *next_task(const char *text, int *lines) {
  for (const char *line = text; *line;) {
    line += strcspn(line, "\n");
    line += *line == '\n';
    ++*lines;
    if (memchr(line, ':', strcspn(line, "\n"))) return line;
  }
  return text + strlen(text);
}

static esp_status read_tasks(reader *r, const char *text, esp_tasks *tasks) {
  int lines = 0;
  for (const char *at = text; *at; at = r->end) {
    r->at = at;
    r->number = lines + 1;
    r->end = next_task(at, &lines);
    ESP_TRY(read_task(r, tasks));
  }
  return ESP_OK;
}

esp_status esp_tasks_read(esp_tasks *tasks, const esp_data_options *opt, char *const *class_name,
                          int classes, esp_error *err) {
  reader r = {.class_name = class_name, .classes = classes, .err = err};
  *tasks = esp_tasks_plain(classes);
  esp_status status = opt->tasks ? read_tasks(&r, opt->tasks, tasks) : ESP_OK;
  if (status == ESP_OK) status = set_weights(tasks, &opt->task_weights, err);
  if (status != ESP_OK) esp_tasks_free(tasks);
  return status;
}
