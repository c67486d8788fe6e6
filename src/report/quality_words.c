#include "report/quality_words.h"

#include "base/json.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

typedef void writer(const esp_quality *q, char *to, size_t room);

static void name(const esp_quality *q, char *to, size_t room) {
  snprintf(to, room, "%s", q->name);
}
static void title(const esp_quality *q, char *to, size_t room) {
  snprintf(to, room, "%s", q->title);
}
static void capital(const esp_quality *q, char *to, size_t room) {
  title(q, to, room);
  *to = (char)toupper((unsigned char)*to);
}
static void axis(const esp_quality *q, char *to, size_t room) {
  const bool same = strcmp(q->title, q->label) == 0;
  snprintf(to, room, *q->unit ? "%s%s%s (%s)" : "%s%s%s", q->title, same ? "" : ", ",
           same ? "" : q->label, q->unit);
}
static void unit(const esp_quality *q, char *to, size_t room) {
  snprintf(to, room, *q->unit ? " (%s)" : "", q->unit);
}
static void points(const esp_quality *q, char *to, size_t room) {
  snprintf(to, room, *q->unit ? " (%s points)" : "", q->unit);
}
static void percent(const esp_quality *q, char *to, size_t room) {
  snprintf(to, room, "%s", strcmp(q->unit, "%") == 0 ? "_percent" : "");
}

static const struct {
  const char *word;
  writer *write;
} words[] = {{"$name", name}, {"$title", title},   {"$Title", capital},  {"$axis", axis},
             {"$unit", unit}, {"$points", points}, {"$percent", percent}};
enum { WORDS = sizeof words / sizeof *words };

/* Writes what the word at the beginning of the text stands for; returns the word's length, 0 where
 * there is none. */
static size_t write_word(const esp_quality *q, const char *text, char *to, size_t room) {
  for (int i = 0; i < WORDS; i++) {
    const size_t length = strlen(words[i].word);
    if (strncmp(text, words[i].word, length) != 0) continue;
    words[i].write(q, to, room);
    return length;
  }
  return 0;
}

const char *esp__quality_words(const esp_quality *q, const char *text, char to[ESP_WORDS_MAX]) {
  size_t used = 0;
  while (*text && used + 1 < ESP_WORDS_MAX) {
    to[used] = '\0';
    const size_t word = write_word(q, text, to + used, ESP_WORDS_MAX - used);
    if (word > 0) {
      used += strlen(to + used);
      text += word;
    } else {
      to[used++] = *text++;
    }
  }
  to[used] = '\0';
  return to;
}

cJSON *esp__quality_table(const esp_quality *q, const char *id, const esp__column *columns) {
  static const esp__column none[] = {{0}};
  char column[ESP_WORDS_MAX], label[ESP_WORDS_MAX];
  cJSON *table = esp__table_new(id, none);
  for (; columns->name; columns++)
    esp__table_widen(table, esp__quality_words(q, columns->name, column),
                     esp__quality_words(q, columns->label, label));
  return table;
}

cJSON *esp__quality_chart(cJSON *report, const esp_quality *q, esp__chart c) {
  char heading[ESP_WORDS_MAX], note[ESP_WORDS_MAX];
  return esp__chart_add(report, (esp__chart){c.id, esp__quality_words(q, c.title, heading),
                                             esp__quality_words(q, c.note, note), c.kind});
}

void esp__quality_axis(cJSON *chart, const esp_quality *q, const char *label) {
  char text[ESP_WORDS_MAX];
  cJSON *y = esp__chart_axis(chart, "y", esp__quality_words(q, label, text), "linear");
  esp__json_put_string(y, "name", q->title);
  esp__json_put_string(y, "unit", q->unit);
}
