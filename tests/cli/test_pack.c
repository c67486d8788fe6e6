/* The command pack: a small file that every command takes for the weights file that it was. */
#include "nets.h"
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void setup(void) {
  rig_open();
  text_write("stream.ini", CONFIG_BEGIN STREAM_LAYERS);
  ESPALIER("run", "stream.ini", "-o", "a", "prune.method=magnitude", "prune.sparsity=0.8");
}

static size_t size_of(const char *path) {
  size_t bytes;
  free(bytes_read(path, &bytes));
  return bytes;
}

START_TEST(a_packed_network_answers_the_same) {
  ESPALIER("pack", "a", "-o", "a.esp");
  ck_assert_uint_lt(4 * size_of("a.esp"), size_of("a/round-01.safetensors"));
  ESPALIER("eval", "a", "--logits", "a.csv");
  ESPALIER("eval", "a.esp", "--logits", "packed.csv");
  ck_assert(same_bytes("a.csv", "packed.csv"));
}
END_TEST

START_TEST(a_packed_file_is_a_weights_file) {
  ESPALIER("pack", "a", "-o", "a.esp");
  ESPALIER("inspect", "a.esp");
  ESPALIER("overlap", "a.esp", "a/round-01.safetensors");
  ESPALIER("pack", "a.esp", "-o", "again.esp");
  ck_assert(same_bytes("a.esp", "again.esp"));
  ESPALIER("run", "stream.ini", "-o", "on", "model.weights=a.esp", "train.epochs=0",
           "prune.method=none");
  ESPALIER("run", "stream.ini", "-o", "off", "model.weights=a/round-01.safetensors",
           "train.epochs=0", "prune.method=none");
  ck_assert_str_eq(hash_of_run("on"), hash_of_run("off"));
  ESPALIER("run", "stream.ini", "-o", "masked", "prune.mask_from=a.esp", "prune.method=none");
  ESPALIER("shrink", "a.esp", "-o", "small.safetensors");
  ESPALIER("sensitivity", "a.esp", "-o", "looked", "data.validation=16");
}
END_TEST

static void refused(const char *const *argument, const char *text) {
  process p = espalier(&(process_options){0}, argument);
  ck_assert_msg(p.status == 2 && strstr(p.err, text) && !*p.out, "status %d: %s", p.status, p.err);
  process_free(&p);
}

/* It does not say where on some other machine its images were. */
START_TEST(who_has_the_images_is_asked_for_them) {
  ESPALIER("pack", "a", "-o", "a.esp");
  refused((const char *[]){"eval", "a.esp", "data.dataset=folder", NULL},
          "expected path = FOLDER in [data], or the argument data.path=FOLDER");
}
END_TEST

START_TEST(what_is_no_packed_file_is_not_replaced) {
  ESPALIER("pack", "a", "-o", "a.esp");
  ESPALIER("pack", "a", "-o", "a.esp");
  text_write("notes.txt", "three days of work\n");
  refused((const char *[]){"pack", "a", "-o", "notes.txt", NULL},
          "notes.txt: is there already and is no packed file; expected another name");
  char *kept = bytes_read("notes.txt", NULL);
  ck_assert_str_eq(kept, "three days of work\n");
  free(kept);
}
END_TEST

START_TEST(a_damaged_file_is_refused_by_every_command) {
  ESPALIER("pack", "a", "-o", "a.esp");
  size_t bytes;
  char *data = bytes_read("a.esp", &bytes);
  data[bytes / 2] ^= 4;
  bytes_write("damaged.esp", data, bytes);
  bytes_write("short.esp", data, bytes / 3);
  free(data);
  static const char *const commands[] = {"eval", "inspect", "pack", "shrink"};
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    for (int file = 0; file < 2; file++) {
      const char *path = file ? "short.esp" : "damaged.esp";
      refused((const char *[]){commands[i], path, i < 2 ? NULL : "-o", "x.safetensors", NULL},
              "its checksum is wrong: damaged or cut short");
    }
  ck_assert(!exists("x.safetensors"));
}
END_TEST

int main(void) {
  rig_begin();
  Suite *suite = suite_create("pack");
  TCase *tests = tcase_create("pack");
  tcase_set_timeout(tests, 120);
  tcase_add_checked_fixture(tests, setup, NULL);
  tcase_add_test(tests, a_packed_network_answers_the_same);
  tcase_add_test(tests, a_packed_file_is_a_weights_file);
  tcase_add_test(tests, who_has_the_images_is_asked_for_them);
  tcase_add_test(tests, what_is_no_packed_file_is_not_replaced);
  tcase_add_test(tests, a_damaged_file_is_refused_by_every_command);
  suite_add_tcase(suite, tests);
  return rig_end(suite);
}
