/* No command writes over what another hand has made: not over a file, and not into a directory. Its
 * own output it replaces. */
#include "nets.h"
#include "rig.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
  ESPALIER("run", "plain.ini", "-o", "a", "prune.method=magnitude", "prune.structure=channel",
           "prune.sparsity=0.5", "data.validation=16");
}

/* Commands that write the file `name`; what stands there is not theirs. */
static const struct {
  const char *name, *argument[6], *says;
} files[] = {
    {"x.html", {"report", "a", "-o", "x.html"}, "is no page of espalier report"},
    {"a/config.ini", {"report", "a", "-o", "a/config.ini"}, "is no page of espalier report"},
    {"x.csv", {"eval", "a", "--logits", "x.csv"}, "is no table of logits"},
    {"a/log.csv", {"eval", "a", "--logits", "a/log.csv"}, "is no table of logits"},
    {"x.csv", {"overlap", "a", "a", "--csv", "x.csv"}, "is no table of overlaps"},
    {"x.esp", {"pack", "a", "-o", "x.esp"}, "is no packed file"},
    {"x.onnx", {"export", "a", "-o", "x.onnx"}, "was not exported"},
    {"x.c", {"export", "a", "-o", "x.c"}, "was not exported"},
    {"x.h", {"export", "a", "-o", "x.c"}, "was not exported"},
    {"x.safetensors", {"shrink", "a", "-o", "x.safetensors"}, "without a configuration beside it"},
    {"a/dense.safetensors",
     {"shrink", "a", "-o", "a/dense.safetensors"},
     "without a configuration beside it"},
    {"x.ini", {"shrink", "a", "-o", "x.safetensors"}, "is no configuration that espalier wrote"},
    {"x.safetensors",
     {"factorise", "a", "--rank=1", "-o", "x.safetensors"},
     "without a configuration beside it"},
};
enum { FILES = sizeof files / sizeof *files };

START_TEST(a_file_that_is_not_its_own) {
  const char *name = files[_i].name;
  size_t before, after;
  if (strncmp(name, "a/", 2) != 0) text_write(name, "three days of work\n");
  char *mine = bytes_read(name, &before);
  espalier_ends(2, NULL, files[_i].says, files[_i].argument);
  char *there = bytes_read(name, &after);
  ck_assert(before == after && memcmp(mine, there, before) == 0);
  free(mine);
  free(there);
}
END_TEST

/* Its own, and files in which nothing is. */
START_TEST(its_own_output_is_replaced) {
  text_write("x.csv", "");
  text_write("x.esp", "");
  for (int i = 0; i < 2; i++) {
    ESPALIER("eval", "a", "--logits", "x.csv");
    ESPALIER("overlap", "a", "a", "--csv", "y.csv");
    ESPALIER("pack", "a", "-o", "x.esp");
    ESPALIER("export", "a", "-o", "x.onnx");
    ESPALIER("shrink", "a", "-o", "x.safetensors");
  }
}
END_TEST

/* Commands that write into the directory `mine`. */
static const char *const directories[][7] = {
    {"run", "plain.ini", "-o", "mine"},
    {"sweep", "sweep.ini", "-o", "mine"},
    {"search", "plain.ini", "-o", "mine", "data.validation=16", "prune.method=magnitude"},
    {"sensitivity", "a", "-o", "mine"},
    {"instability", "plain.ini", "-o", "mine"},
    {"compress", "a", "-o", "mine", "compress.steps=round"},
};
enum { DIRECTORIES = sizeof directories / sizeof *directories };

START_TEST(a_directory_that_is_not_its_own) {
  ck_assert_int_eq(mkdir("mine", 0777), 0);
  text_write("mine/notes", "three days of work\n");
  text_write("sweep.ini", CONFIG_BEGIN PLAIN_LAYERS "[sweep]\nrun.seed = 1 2\n");
  espalier_ends(2, NULL, "mine: ", directories[_i]);
  ck_assert_int_eq(count_files("mine", ""), 1);
}
END_TEST

int main(void) {
  rig_begin();
  Suite *suite = suite_create("replaced");
  TCase *tests = tcase_create("replaced");
  tcase_set_timeout(tests, 120);
  tcase_add_checked_fixture(tests, setup, NULL);
  tcase_add_loop_test(tests, a_file_that_is_not_its_own, 0, FILES);
  tcase_add_test(tests, its_own_output_is_replaced);
  tcase_add_loop_test(tests, a_directory_that_is_not_its_own, 0, DIRECTORIES);
  suite_add_tcase(suite, tests);
  return rig_end(suite);
}
