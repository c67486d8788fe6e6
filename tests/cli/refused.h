/* Commands that fail as they should: in one line that begins with the command, with status 2. */
#ifndef ESP_TESTS_CLI_REFUSED_H
#define ESP_TESTS_CLI_REFUSED_H

#include "rig.h"

#include <stdio.h>
#include <string.h>

/* In its line stand both texts; NULL stands for anything. */
static inline void refused(const char *const *argument, const process_options *options,
                           const char *expected, const char *also) {
  process p = espalier(options, argument);
  ck_assert_msg(p.status == 2, "status %d, signal %d, expected 2 and '%s': '%s'", p.status,
                p.signal, expected ? expected : "", p.err);
  const char *newline = strchr(p.err, '\n');
  ck_assert_msg(newline && !newline[1], "expected one line: '%s'", p.err);
  char prefix[64];
  snprintf(prefix, sizeof prefix, "espalier %s: ", argument[0]);
  ck_assert_msg(strncmp(p.err, prefix, strlen(prefix)) == 0, "'%s'", p.err);
  ck_assert_msg(!expected || strstr(p.err, expected), "'%s' lacks '%s'", p.err, expected);
  ck_assert_msg(!also || strstr(p.err, also), "'%s' lacks '%s'", p.err, also);
  process_free(&p);
}
#define REFUSED(expected, ...) \
  refused((const char *const[]){__VA_ARGS__, NULL}, &(process_options){0}, expected, NULL)

/* Neither the directory that -o out names nor the folder of runs was made. */
static inline void leaves_nothing(void) {
  ck_assert(!exists("out"));
  ck_assert(!exists("runs"));
}

#endif
