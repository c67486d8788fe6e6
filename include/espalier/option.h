/* A configuration key is one entry in a table that stands beside the code it configures.
 *
 * The table is all there is to say about a key: parsing, range checks, defaults, `espalier help`,
 * and the written-back config read it. Each module has one options struct, one table of esp_option
 * over it, and a terminating entry whose name is NULL. */
#ifndef ESP_OPTION_H
#define ESP_OPTION_H

#include <espalier/linkage.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

ESP_BEGIN_DECLS

typedef enum esp_option_type {
  ESP_OPTION_INT,    /* int64_t */
  ESP_OPTION_REAL,   /* double */
  ESP_OPTION_BOOL,   /* bool: yes/no, true/false, on/off, 1/0 */
  ESP_OPTION_TEXT,   /* char *, owned by the config; "" when not given */
  ESP_OPTION_LINES,  /* char *, lines joined by '\n' (a multi-line INI value) */
  ESP_OPTION_CHOICE, /* char *, one of the names `choice` gives */
  ESP_OPTION_WORDS,  /* char *, several of them (any words if `choice` is NULL), separated by single
                       spaces */
  ESP_OPTION_NUMBERS, /* esp_numbers */
  ESP_OPTION_PATH /* TEXT: a file or folder. A relative one of a configuration file is looked for
                         in the folder of that file first, then in the current folder */
} esp_option_type;

enum { ESP_NUMBERS_MAX = 256 };
typedef struct esp_numbers {
  double value[ESP_NUMBERS_MAX];
  int count;
} esp_numbers;

typedef struct esp_option {
  const char *name;
  esp_option_type type;
  size_t offset;                   /* of the member in the module's options struct */
  const char *fallback;            /* the default, as one would write it in the INI */
  double min, max;                 /* inclusive range of INT, REAL and each of NUMBERS */
  const char *(*choice)(size_t i); /* the i-th permitted name, NULL after the last */
  const char *help;                /* one or two sentences, with the unit */
  bool neutral;                    /* changes where and how a run computes, but not what */
  void (*explain)(FILE *out);      /* prints what help says besides, lines; NULL = nothing */
} esp_option;

/* Of the names `choice` gives (NULL after the last) the one that `word` is most likely a
 * misspelling of: the nearest by insertions, deletions, substitutions and swaps of neighbours
 * (Damerau 1964), not counting case. NULL when none is within max(1, a third of the word's
 * length). */
const char *esp_nearest(const char *word, const char *(*choice)(size_t i));
/* One step of such a search: `name` if it is near enough and nearer to `word` than `best`
 * (NULL = none yet), or `best`. */
const char *esp_nearer(const char *word, const char *best, const char *name);

ESP_END_DECLS

#endif
