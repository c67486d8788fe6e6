/* What the subcommands take on their command lines, as tables, and the one reader of all of them:
 *
 *     espalier COMMAND [OPTION | POSITIONAL | section.key=value] ...
 *
 * An option is --name VALUE, --name=VALUE, -n VALUE or --flag, in any place; `--` ends them. */
#ifndef ESP_CLI_ARGS_H
#define ESP_CLI_ARGS_H

#include <espalier/status.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Words of the command line, in their order. */
typedef struct esp__words {
  const char **item;
  int count;
} esp__words;

typedef enum esp__argument_type {
  ESP_ARGUMENT_FLAG,  /* bool: true where it is given; takes no value */
  ESP_ARGUMENT_TEXT,  /* const char *, part of the command line */
  ESP_ARGUMENT_INT,   /* int from min to max */
  ESP_ARGUMENT_REAL,  /* double from min to max; NAN when not given and without a fallback */
  ESP_ARGUMENT_LIST,  /* esp__words: a text for each time that it is given */
  ESP_ARGUMENT_PARSED /* what `parse` makes of the text */
} esp__argument_type;

/* What a word names, for those who complete it. */
typedef enum esp__word_kind { ESP_WORD_OTHER, ESP_WORD_FILE, ESP_WORD_DIRECTORY } esp__word_kind;

/* An option of a subcommand. */
typedef struct esp__argument {
  const char *name; /* without the dashes; NULL after the last */
  char letter;      /* its short form, 0 = none */
  esp__argument_type type;
  size_t offset;        /* of the member in the command's options struct */
  const char *value;    /* what stands for its value in the usage: "DIR" */
  const char *expected; /* what its value is: "a directory"; unused for INT and REAL */
  const char *fallback; /* the value when it is not given; NULL = 0, false or NULL */
  double min, max;      /* inclusive range of INT and REAL */
  bool (*parse)(const char *text, void *member); /* of PARSED: false if the text is wrong */
  bool required;
  esp__word_kind kind;
  const char *help; /* a sentence or two */
} esp__argument;

/* The row of -o DIR, into a `const char *` of the options struct. */
#define ESP_OUTPUT_DIRECTORY(struct_type, member, text)                                 \
  {                                                                                     \
    .name = "output", .letter = 'o', .type = ESP_ARGUMENT_TEXT,                         \
    .offset = offsetof(struct_type, member), .value = "DIR", .expected = "a directory", \
    .kind = ESP_WORD_DIRECTORY, .help = text                                            \
  }

enum { ESP_ARGUMENTS_ANY = INT_MAX };

/* The words that are neither options nor overrides. */
typedef struct esp__positionals {
  const char *usage;    /* "DIR|FILE INPUT..."; "" where there are none */
  const char *expected; /* what they are, for messages: "one run directory" */
  int least, most;      /* their number */
  esp__word_kind kind;
  const char *(*choice)(size_t i); /* words that the first may be, NULL after the last */
} esp__positionals;

/* One trained network. */
#define ESP_ONE_NETWORK                                                                          \
  {                                                                                              \
    .usage = "DIR|FILE", .expected = "a run directory or a weights file", .least = 1, .most = 1, \
    .kind = ESP_WORD_FILE                                                                        \
  }

/* A command line as read. */
typedef struct esp__arguments {
  esp__words positional;
  esp__words override; /* section.key=value, not looked into */
  esp__words plugin;   /* files that --plugin named; where there are overrides, one of them too */
  char *plugins;       /* that override; NULL = none */
  void *options;       /* the command's own struct */
  bool help;           /* it asks for help instead; nothing behind that was read */
} esp__arguments;

/* A subcommand: an entry next to its code. */
typedef struct esp__command {
  const char *name;
  const char *summary;     /* a line without a full stop */
  const char *description; /* lines: paragraphs; "- " begins an item, four spaces an example */
  esp__positionals positional;
  bool overrides;               /* the words behind the positionals are section.key=value */
  bool plugins;                 /* takes --plugin, as all do that take overrides */
  bool shared;                  /* several processes can carry it out together (ranks.h) */
  const esp__argument *options; /* NULL = none */
  size_t options_bytes;         /* of the options struct */
  esp_status (*run)(const esp__arguments *a, esp_error *err);
} esp__command;

/* Reads what stands behind the subcommand's name. Each error is one line: an unknown option (with
 * the nearest known one), one given twice, a value that is missing, does not parse or lies out of
 * range, too few or too many positionals. On failure *a needs no freeing. */
esp_status esp__arguments_read(esp__arguments *a, const esp__command *c, int argc,
                               char *const *argv, esp_error *err);
void esp__arguments_free(esp__arguments *a, const esp__command *c);

/* The i-th option of a command: those of its table, then --plugin where it takes that; NULL behind
 * the last. */
const esp__argument *esp__option_at(const esp__command *c, int i);

/* Piece i of the usage behind "espalier NAME": the positionals, an option with its brackets, the
 * overrides. Returns NULL behind the last. */
const char *esp__usage_piece(const esp__command *c, int i, char text[128]);

#endif
