/* Every entry of the tables of pruning, through the command: a run with one thread that is left
 * alone, and one with three threads, the scalar instructions and other kernels that is killed and
 * resumed with the best instructions, end with the same bits. */
#include "methods.h"
#include "rig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char *const scalar[] = {"ESPALIER_ISA=scalar", NULL};

/* Whether the command came to its end; else it was killed. */
static bool finishes(const process_options *options, const char *const *argument,
                     const char *name) {
  process p = espalier(options, argument);
  ck_assert_msg(p.signal == SIGKILL || (p.status == 0 && !*p.err), "%s: status %d, signal %d: %s",
                name, p.status, p.signal, p.err);
  const bool finished = p.status == 0;
  process_free(&p);
  return finished;
}

/* Begins run b and kills it somewhere behind its first checkpoint; sooner if it had ended by
 * then. */
static void run_and_kill(double seconds, const char *name) {
  static const char *const argument[] = {"run",           "a.ini",           "-o", "b",
                                         "run.threads=3", "train.sparse=on", NULL};
  process_options options = {.environment = scalar,
                             .signal = SIGKILL,
                             .begun = "b/checkpoint.safetensors",
                             .after = seconds};
  while (finishes(&options, argument, name)) {
    ck_assert_msg(options.after > 1e-6, "%s: ends before it can be killed", name);
    options.after *= 0.5;
    remove_tree("b");
  }
}

START_TEST(same_bits) {
  method_case m;
  method_case_of(&m, _i);
  text_write("a.ini", m.text);
  const double began = process_seconds();
  const char *const argument[] = {"run", "a.ini", "-o", "a", "train.sparse=off", NULL};
  ck_assert(finishes(&(process_options){0}, argument, m.name));
  /* A share of the run's time, another for each. */
  run_and_kill((process_seconds() - began) * (double)(_i % 7 + 1) / 8.0, m.name);
  ck_assert(finishes(&(process_options){0}, (const char *const[]){"resume", "b", NULL}, m.name));
  ck_assert_msg(strcmp(hash_of_run("a"), hash_of_run("b")) == 0, "%s: other weights", m.name);
  ck_assert_msg(same_reports("a", "b"), "%s: other reports", m.name);
  ck_assert_int_eq(count_files("b", ".tmp"), 0);
  ck_assert_int_eq(count_files("b", ""), count_files("a", ""));
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("methods command");
  TCase *t = tcase_create("methods command");
  tcase_set_timeout(t, 120);
  tcase_add_checked_fixture(t, rig_open, NULL);
  tcase_add_loop_test(t, same_bits, 0, methods_count());
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
