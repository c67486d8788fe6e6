/* A configuration for every entry of the tables of pruning: each method, distribution, structure,
 * schedule, regulariser and way of retraining. They are read from the tables, so a new entry is
 * tested like the others from its first day: tests/train/test_methods.c looks at every step,
 * tests/cli/test_methods.c kills runs. */
#ifndef METHODS_H
#define METHODS_H

#include <stdbool.h>

enum { METHOD_TEXT = 2048 };
typedef struct method_case {
  char name[64];          /* "distribution = erk" */
  char text[METHOD_TEXT]; /* of an INI file; images of 3x32x32 in 10 classes, 96 of them */
  bool any_total;         /* nothing says how much goes: some, and not all */
  bool at_least;          /* more may be gone than was asked for */
} method_case;

int methods_count(void);
void method_case_of(method_case *m, int i);

#endif
