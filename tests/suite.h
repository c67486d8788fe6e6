/* Running a suite: what every test program's main ends with. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>

/* Runs all of it and frees it; 0 if nothing failed, as main returns it. */
static inline int suite_run(Suite *suite) {
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}

#endif
