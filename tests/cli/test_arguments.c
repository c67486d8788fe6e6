/* Every subcommand reads its command line by its table: what is wrong is said in one line, and what
 * is asked for is shown. The commands are those that `espalier help` lists, so a new one is tested
 * by being there. */
#include "nets.h"
#include "rig.h"

#include "cli/args.h"

#include <espalier/version.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMANDS_MAX = 64 };

static char command_name[COMMANDS_MAX][32];
static int commands;

/* The names below "commands:" in the help. */
static void find_commands(void) {
  process p =
      process_run((const char *const[]){getenv("ESPALIER"), "help", NULL}, &(process_options){0});
  const char *line = strstr(p.out, "\ncommands:\n");
  for (line = line ? line + 11 : ""; *line && *line != '\n'; line = strchr(line, '\n') + 1)
    if (commands < COMMANDS_MAX && line[2] != ' ' &&
        sscanf(line, "  %31[a-z-]", command_name[commands]) == 1)
      commands++;
  process_free(&p);
}

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
}

static process call(const char *const *argument) {
  return espalier(&(process_options){0}, argument);
}
#define CALL(...) call((const char *const[]){__VA_ARGS__, NULL})

/* Status 2, nothing on stdout, and one line on stderr that begins with the command's name. */
static void check_refused(process *p, const char *name, const char *expected) {
  char prefix[64];
  const int length = snprintf(prefix, sizeof prefix, "espalier %s: ", name);
  ck_assert_msg(p->status == 2, "%s: status %d, expected 2 and '%s': %s", name, p->status, expected,
                p->err);
  ck_assert_msg(!*p->out, "%s: prints '%s'", name, p->out);
  ck_assert_msg(strncmp(p->err, prefix, (size_t)length) == 0, "'%s'", p->err);
  ck_assert_msg(strchr(p->err, '\n') == p->err + strlen(p->err) - 1, "'%s'", p->err);
  ck_assert_msg(strstr(p->err, expected), "'%s' lacks '%s'", p->err, expected);
  process_free(p);
}

static void check_shown(process *p, const char *name, const char *expected) {
  ck_assert_msg(p->status == 0 && !*p->err, "%s: status %d: %s", name, p->status, p->err);
  ck_assert_msg(strstr(p->out, expected), "%s: '%s' lacks '%s'", name, p->out, expected);
  process_free(p);
}

/* ---- every command ---- */

START_TEST(without_arguments) {
  const char *name = command_name[_i];
  process p = CALL(name);
  if (p.status == 0)
    check_shown(&p, name, "\n");
  else
    check_refused(&p, name, "expected ");
}
END_TEST

START_TEST(unknown_option) {
  const char *name = command_name[_i];
  process p = CALL(name, "--no-such-option");
  check_refused(&p, name, "unknown option '--no-such-option'; expected: espalier ");
  p = CALL(name, "--hlep");
  check_refused(&p, name, "unknown option '--hlep'; did you mean '--help'?");
  p = CALL(name, "--no-such-option=3");
  check_refused(&p, name, "unknown option '--no-such-option'");
}
END_TEST

START_TEST(surplus_word) {
  enum { WORDS = 40 };
  const char *name = command_name[_i], *argument[WORDS + 2] = {name};
  for (int i = 1; i <= WORDS; i++) argument[i] = "nowhere";
  process p = call(argument);
  if (strstr(p.err, "expected -o")) { /* where the command needs an output: with one */
    check_refused(&p, name, "expected -o");
    argument[1] = "-o";
    argument[2] = "out.safetensors";
    p = call(argument);
  }
  check_refused(&p, name, "nowhere");
  ck_assert(!exists("nowhere") && !exists("runs"));
}
END_TEST

START_TEST(help_of_a_command) {
  const char *name = command_name[_i];
  char usage[64];
  snprintf(usage, sizeof usage, "usage:  espalier %s", name);
  process long_form = CALL(name, "--help"), short_form = CALL(name, "-h"),
          late = CALL(name, "plain.ini", "--help"), by_help = CALL("help", name);
  ck_assert_str_eq(long_form.out, short_form.out);
  ck_assert_str_eq(long_form.out, late.out);
  ck_assert_msg(strncmp(by_help.out, long_form.out, strlen(long_form.out)) == 0, "%s", name);
  process_free(&short_form);
  process_free(&by_help);
  process_free(&late);
  check_shown(&long_form, name, usage);
}
END_TEST

/* Calls `check` with each option in the help of a command: the lines "  -o, --output DIR  ..." and
 * "  --json  ...". */
static void each_option(const char *name,
                        void (*check)(const char *name, const char *option, bool takes_value)) {
  const process_options wide = {.environment = (const char *[]){"COLUMNS=100", NULL}};
  process p = espalier(&wide, (const char *const[]){name, "--help", NULL});
  const char *line = strstr(p.out, "\noptions:\n");
  ck_assert_ptr_nonnull(line);
  for (line += 10; *line; line += strcspn(line, "\n"), line += *line == '\n') {
    char option[32] = "--", value[32] = "";
    const char *dashes = strstr(line, "--"), *end = strchr(line, '\n');
    if (strncmp(line, "  -", 3) != 0 || !dashes || dashes > end) continue;
    sscanf(dashes, "--%29[a-z0-9-]%*1[ ]%31[^ \n]", option + 2, value);
    if (strcmp(option, "--help") != 0) check(name, option, *value != '\0');
  }
  process_free(&p);
}

static void check_option(const char *name, const char *option, bool takes_value) {
  char joined[64];
  snprintf(joined, sizeof joined, "%s=", option);
  process p = takes_value ? CALL(name, option) : CALL(name, joined);
  check_refused(&p, name, option);
  p = takes_value ? CALL(name, option, "1", option, "1") : CALL(name, option, option);
  if (strcmp(option, "--plugin") == 0)
    check_refused(&p, name, ""); /* the one that may be given again, but there is no such file */
  else if (strstr(p.err, "is given twice"))
    check_refused(&p, name, "is given twice");
  else /* the value was wrong already */
    check_refused(&p, name, "'1': expected");
}

START_TEST(missing_value) {
  each_option(command_name[_i], check_option);
}
END_TEST

/* ---- the command itself ---- */

START_TEST(alone) {
  process p = call((const char *const[]){NULL});
  ck_assert_int_eq(p.status, 2);
  ck_assert(!*p.out);
  ck_assert_msg(strncmp(p.err, "usage:  espalier COMMAND", 24) == 0, "'%s'", p.err);
  process_free(&p);
  p = CALL("--versoin");
  ck_assert_int_eq(p.status, 2);
  ck_assert_str_eq(p.err,
                   "espalier: unknown option '--versoin'; 'espalier help' lists the commands\n");
  process_free(&p);
}
END_TEST

START_TEST(version) {
  process p = CALL("--version"), q = CALL("-V");
  ck_assert_str_eq(p.out, q.out);
  process_free(&q);
  check_shown(&p, "--version", "\ncompiler: ");
  p = CALL("-V");
  ck_assert_msg(strncmp(p.out, "espalier " ESP_VERSION "\n", strlen(ESP_VERSION) + 10) == 0, "%s",
                p.out);
  check_shown(&p, "-V", "\nthreads: ");
}
END_TEST

START_TEST(two_things_of_one_name) {
  process p = CALL("help", "run");
  ck_assert_ptr_nonnull(strstr(p.out, "usage:  espalier run"));
  check_shown(&p, "help run", "\n[run]");
}
END_TEST

/* ---- overrides ---- */

enum { OVERRIDES = 300 };

/* COMMAND PATH and 300 overrides, of which the first, the 257th and the last are given. */
static process override_often(const char *command, const char *path, const char *first,
                              const char *middle, const char *last) {
  const char *argument[OVERRIDES + 3] = {command, path};
  for (int i = 0; i < OVERRIDES; i++) argument[i + 2] = "run.seed=3";
  argument[2] = first;
  argument[2 + 256] = middle;
  argument[2 + OVERRIDES - 1] = last;
  return call(argument);
}

START_TEST(all_overrides_count) {
  process p =
      override_often("run", "plain.ini", "run.name=a", "train.momentum=0.75", "train.lr=0.125");
  ck_assert_msg(p.status == 0, "%s", p.err);
  process_free(&p);
  char *config = bytes_read("runs/a/config.ini", NULL);
  ck_assert_ptr_nonnull(strstr(config, "\nseed = 3\n"));
  ck_assert_ptr_nonnull(strstr(config, "\nmomentum = 0.75\n"));
  ck_assert_ptr_nonnull(strstr(config, "\nlr = 0.125\n"));
  free(config);
  p = override_often("eval", "runs/a", "data.validation=2", "data.train=80", "data.test=7");
  check_shown(&p, "eval", "test images 7\n");
  p = override_often("eval", "runs/a", "data.test=7", "data.test=8", "data.tset=9");
  check_refused(&p, "eval", "unknown key 'tset'");
}
END_TEST

/* ---- the reader ---- */

typedef struct values {
  bool flag;
  const char *text;
  int number;
  double real, unset;
  esp__words list;
} values;

static const esp__argument arguments[] = {
    {.name = "flag", .letter = 'f', .type = ESP_ARGUMENT_FLAG, .offset = offsetof(values, flag)},
    {.name = "text",
     .letter = 't',
     .type = ESP_ARGUMENT_TEXT,
     .offset = offsetof(values, text),
     .value = "TEXT",
     .expected = "a text"},
    {.name = "number",
     .type = ESP_ARGUMENT_INT,
     .offset = offsetof(values, number),
     .value = "N",
     .fallback = "5",
     .min = -3,
     .max = 9},
    {.name = "real",
     .type = ESP_ARGUMENT_REAL,
     .offset = offsetof(values, real),
     .value = "X",
     .min = -1,
     .max = 1},
    {.name = "unset",
     .type = ESP_ARGUMENT_REAL,
     .offset = offsetof(values, unset),
     .value = "X",
     .min = 0,
     .max = 1},
    {.name = "list",
     .type = ESP_ARGUMENT_LIST,
     .offset = offsetof(values, list),
     .value = "FILE",
     .expected = "a file"},
    {0}};
static const esp__command command = {
    .name = "try",
    .positional = {.usage = "A B", .expected = "two words", .least = 2, .most = 2},
    .overrides = true,
    .options = arguments,
    .options_bytes = sizeof(values)};

#define WORDS(...) (char *[]){__VA_ARGS__}, sizeof(char *[]){__VA_ARGS__} / sizeof(char *)

static esp_status read_words(esp__arguments *a, char **word, size_t words, esp_error *err) {
  return esp__arguments_read(a, &command, (int)words, word, err);
}

START_TEST(everything_is_read) {
  esp__arguments a;
  ck_assert_int_eq(read_words(&a,
                              WORDS("--list", "p", "one", "-t", "-x", "--real=-0.5", "--list=q",
                                    "-", "-f", "a.b=1", "--", "--number", "c.d=2"),
                              NULL),
                   ESP_OK);
  const values *v = a.options;
  ck_assert(v->flag && v->number == 5 && v->real == -0.5 && v->unset != v->unset);
  ck_assert_str_eq(v->text, "-x");
  ck_assert_int_eq(v->list.count, 2);
  ck_assert_str_eq(v->list.item[0], "p");
  ck_assert_str_eq(v->list.item[1], "q");
  ck_assert_int_eq(a.positional.count, 2);
  ck_assert_str_eq(a.positional.item[1], "-");
  ck_assert_int_eq(a.override.count, 3);
  ck_assert_str_eq(a.override.item[1], "--number");
  ck_assert_str_eq(a.override.item[2], "c.d=2");
  esp__arguments_free(&a, &command);
}
END_TEST

static const struct {
  char *word[5];
  const char *expected;
} wrong[] = {
    {{"a"}, "expected two words: espalier try A B [-f] [-t TEXT] [--number N] [--real X]"},
    {{"a", "b", "--number", "10"}, "--number '10': expected a whole number from -3 to 9"},
    {{"a", "b", "--number", "-4"}, "--number '-4': expected a whole number from -3 to 9"},
    {{"a", "b", "--number="}, "--number '': expected a whole number from -3 to 9"},
    {{"a", "b", "--number= 1"}, "--number ' 1': expected"},
    {{"a", "b", "--number=1.5"}, "--number '1.5': expected"},
    {{"a", "b", "--real=nan"}, "--real 'nan': expected a number from -1 to 1"},
    {{"a", "b", "--real", "1e9"}, "--real '1e9': expected a number from -1 to 1"},
    {{"a", "b", "--real=0x1p-1z"}, "--real '0x1p-1z': expected"},
    {{"a", "b", "--text"}, "--text: expected a text after it"},
    {{"a", "b", "--flag=1"}, "--flag '1': expected no value"},
    {{"a", "b", "-ff"}, "unknown option '-ff'; expected: espalier try A B"},
    {{"a", "b", "-f", "--flag"}, "--flag is given twice; expected it once"},
    {{"a", "b", "--numbr=3"}, "unknown option '--numbr'; did you mean '--number'?"},
};

START_TEST(errors_of_the_reader) {
  esp__arguments a;
  esp_error err = {0};
  size_t words = 0;
  while (wrong[_i].word[words]) words++;
  ck_assert_int_eq(read_words(&a, (char **)wrong[_i].word, words, &err), ESP_ERR_INPUT);
  ck_assert_msg(strncmp(err.text, wrong[_i].expected, strlen(wrong[_i].expected)) == 0,
                "'%s', expected '%s'", err.text, wrong[_i].expected);
}
END_TEST

/* ---- print ---- */

/* No line is wider than the terminal, and nothing is lost at its border. */
static void check_width(const char *topic, const char *columns) {
  char environment[32];
  snprintf(environment, sizeof environment, "COLUMNS=%s", columns);
  const process_options narrow = {.environment = (const char *[]){environment, NULL}};
  process p = espalier(&narrow, (const char *const[]){"help", topic, NULL});
  for (const char *line = p.out; *line; line = strchr(line, '\n') + 1) {
    const long length = strchr(line, '\n') - line;
    ck_assert_msg(length <= atoi(columns), "help %s: %ld: %.*s", topic, length, (int)length, line);
    ck_assert_msg(length == 0 || line[length - 1] != ' ', "help %s: '%.*s'", topic, (int)length,
                  line);
  }
  process_free(&p);
}

START_TEST(help_is_as_wide_as_the_terminal) {
  static const char *const width[] = {"50", "80", "100"};
  static const char *const section[] = {NULL,    "run", "data",         "model",        "train",
                                        "prune", "log", "prune.method", "model.layers", "rigl"};
  for (size_t w = 0; w < sizeof width / sizeof *width; w++) {
    for (size_t i = 0; i < sizeof section / sizeof *section; i++) check_width(section[i], width[w]);
    for (int i = 0; i < commands; i++) check_width(command_name[i], width[w]);
  }
}
END_TEST

/* The networks in the help of model.layers are networks. */
START_TEST(examples_of_the_layer_language_run) {
  static const char layers[] = "\n    layers =\n", begin[] = CONFIG_BEGIN;
  process p = CALL("help", "model.layers");
  int examples = 0;
  for (const char *at = strstr(p.out, layers); at; at = strstr(at, layers), examples++) {
    char text[4096];
    at += strlen(layers);
    const char *end = strstr(at, "\n\n");
    const int length = (int)(end ? end - at : (long)strlen(at));
    snprintf(text, sizeof text, "%s%.*s\n", begin, length, at);
    text_write("example.ini", text);
    ESPALIER("run", "example.ini", "-o", examples == 0 ? "a" : "b", "train.epochs=1");
  }
  ck_assert_int_eq(examples, 2);
  check_shown(&p, "help model.layers",
              "\n      depthwise KxL [stride N|NxM] [pad N|NxM] [bias|nobias] [bits N]\n");
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("arguments");
  TCase *t = tcase_create("arguments");
  tcase_set_timeout(t, 120);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_loop_test(t, without_arguments, 0, commands);
  tcase_add_loop_test(t, unknown_option, 0, commands);
  tcase_add_loop_test(t, missing_value, 0, commands);
  tcase_add_loop_test(t, surplus_word, 0, commands);
  tcase_add_loop_test(t, help_of_a_command, 0, commands);
  tcase_add_test(t, alone);
  tcase_add_test(t, version);
  tcase_add_test(t, two_things_of_one_name);
  tcase_add_test(t, all_overrides_count);
  tcase_add_test(t, everything_is_read);
  tcase_add_loop_test(t, errors_of_the_reader, 0, sizeof wrong / sizeof *wrong);
  tcase_add_test(t, examples_of_the_layer_language_run);
  tcase_add_test(t, help_is_as_wide_as_the_terminal);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  find_commands();
  if (commands < 17) return EXIT_FAILURE;
  return rig_end(suite());
}
