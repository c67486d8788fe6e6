/* Run directories that something has happened to: a checkpoint or another file of them is damaged,
 * strange, cut short or gone. It is said in one line, and what is there stays as it is. */
#include "middle.h"
#include "nets.h"
#include "refused.h"
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
}

/* Resuming fails, and leaves the checkpoint as it is. */
static void not_resumed(const void *data, size_t bytes, const char *expected) {
  bytes_write(CHECKPOINT, data, bytes);
  bytes_write("copy", data, bytes);
  REFUSED(expected, "resume", "a");
  ck_assert(same_bytes(CHECKPOINT, "copy"));
}

START_TEST(damaged_checkpoint) {
  stop_in_the_middle();
  size_t bytes, other_bytes;
  char *good = bytes_read(CHECKPOINT, &bytes), *bad = malloc(bytes + 1);
  ck_assert_ptr_nonnull(bad);
  memcpy(bad, good, bytes);
  const size_t cuts[] = {0, 7, 8, 100, bytes / 2, bytes - 1};
  for (int i = 0; i < 6; i++) not_resumed(good, cuts[i], CHECKPOINT);
  bad[bytes] = 'x';
  not_resumed(bad, bytes + 1, CHECKPOINT);
  size_t data = 8;
  for (size_t i = 0; i < 3; i++) data += (size_t)(unsigned char)good[i] << (8 * i);
  for (size_t i = 0; i < 32; i++) { /* the length of the header; the data, which have checksums */
    const size_t at = i < 8 ? i : data + (bytes - data) / 24 * (i - 8);
    bad[at] ^= 64;
    not_resumed(bad, bytes, CHECKPOINT);
    bad[at] ^= 64;
  }
  char *digit = memmem(bad, bytes, "\"stage\":", 8); /* a number that stays one */
  ck_assert_ptr_nonnull(digit);
  digit += strcspn(digit, "0123456789");
  *digit ^= 1;
  not_resumed(bad, bytes, CHECKPOINT);
  ESPALIER("run", "plain.ini", "-o", "same", "train.epochs=0");
  char *weights = bytes_read("same/dense.safetensors", &other_bytes);
  not_resumed(weights, other_bytes, CHECKPOINT);
  ESPALIER("run", "plain.ini", "-o", "other", "model.arch=lenet5", "train.epochs=0");
  char *other = bytes_read("other/checkpoint.safetensors", &other_bytes);
  not_resumed(other, other_bytes, CHECKPOINT);
  bytes_write(CHECKPOINT, good, bytes);
  ESPALIER("resume", "a");
  ESPALIER(RUN, "-o", "b");
  ck_assert_str_eq(hash_of_run("a"), hash_of_run("b"));
  free(good);
  free(bad);
  free(weights);
  free(other);
}
END_TEST

/* What a crash of the system may leave of a run: a file cut in half, emptied, or gone. */
enum { HALF, EMPTY, GONE };
static const struct {
  const char *command, *file;
  int damage;
  const char *expected;
} halves[] = {
    {"resume", "config.ini", GONE, "a: not a run directory: expected a directory with config.ini"},
    {"report", "config.ini", GONE, "a: not a run directory, and holds none"},
    {"watch", "config.ini", GONE, "a: neither a sweep nor a run nor a search"},
    {"resume", "config.ini", EMPTY, "a/config.ini: is empty"},
    {"report", "config.ini", EMPTY, "a/config.ini: is empty"},
    {"watch", "config.ini", EMPTY, "a/config.ini: is empty"},
    {"compare", "config.ini", EMPTY, "a/config.ini: is empty"},
    {"resume", "config.ini", HALF, "a/config.ini:3: expected 'key = value'"},
    {"report", "config.ini", HALF, "a/config.ini:3: expected 'key = value'"},
    {"watch", "config.ini", HALF, "a/config.ini:3: expected 'key = value'"},
    {"compare", "config.ini", HALF, "a/config.ini:3: expected 'key = value'"},
    {"resume", "checkpoint.safetensors", HALF, CHECKPOINT ": "},
    {"resume", "checkpoint.safetensors", EMPTY, CHECKPOINT ": at byte 0"},
    {"inspect", "round-02.safetensors", HALF, "a/round-02.safetensors: "},
    {"bench", "round-02.safetensors", EMPTY, "a/round-02.safetensors: at byte 0"},
    {"shrink", "round-02.safetensors", HALF, "a/round-02.safetensors: "},
    {"eval", "round-02.safetensors", HALF, "a/round-02.safetensors: "},
    {"compare", "result.json", HALF, "nothing in paper.csv is about these runs"},
    {"compare", "result.json", GONE, "nothing in paper.csv is about these runs"},
};

static bool is(const char *text, const char *name) {
  return strcmp(text, name) == 0;
}

/* As above, of a command and the directory it is about, with what else it wants to be called
 * with. */
static void refused_at(const char *expected, const char *command, const char *dir) {
  if (is(command, "shrink"))
    REFUSED(expected, command, dir, "-o", "small.safetensors");
  else
    REFUSED(expected, command, dir, is(command, "compare") ? "paper.csv" : NULL);
}

START_TEST(half_written_runs) {
  char path[64], text[] = "[run]\nseed = 1\nthre";
  ESPALIER("run", "plain.ini", "-o", "a", "prune.method=magnitude", "prune.rounds=2");
  text_write("paper.csv", "sparsity,test_accuracy\n0.9,0.5\n");
  snprintf(path, sizeof path, "a/%s", halves[_i].file);
  size_t bytes;
  char *whole = bytes_read(path, &bytes);
  const bool config = is(halves[_i].file, "config.ini");
  if (config) bytes = 2 * strlen(text);
  if (halves[_i].damage == GONE)
    ck_assert_int_eq(remove(path), 0);
  else
    bytes_write(path, config ? text : whole, halves[_i].damage == HALF ? bytes / 2 : 0);
  const int files = count_files("a", "") + count_files(".", "");
  refused_at(halves[_i].expected, halves[_i].command, "a");
  ck_assert_int_eq(count_files("a", "") + count_files(".", ""), files);
  free(whole);
}
END_TEST

/* Commands that read a run, of a directory that is none. */
START_TEST(not_a_run) {
  static const char *const commands[] = {"report",      "resume", "watch", "compare",
                                         "inspect",     "bench",  "eval",  "shrink",
                                         "sensitivity", "search", "sweep"};
  ck_assert_int_eq(mkdir("odd", 0777), 0);
  text_write("odd/x", "x");
  text_write("paper.csv", "sparsity,test_accuracy\n0.9,0.5\n");
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    refused_at("odd: n", commands[i], "odd");
  REFUSED("odd: no weights in this directory", "overlap", "odd", "odd");
  ck_assert_int_eq(count_files("odd", ""), 1);
  leaves_nothing();
}
END_TEST

/* The header without checksums, as if other tools had written it, and with the position, which is
 * the last tensor, of so many bytes; without a position if that is negative. */
static char *header_text(const tensors *t, int position) {
  cJSON *header = cJSON_Duplicate(t->header, 1);
  cJSON *metadata = cJSON_GetObjectItem(header, "__metadata__"),
        *last = cJSON_GetObjectItem(header, "espalier.position");
  for (cJSON *item = metadata->child, *next; item; item = next) {
    next = item->next;
    if (strncmp(item->string, "sha256", 6) == 0)
      cJSON_Delete(cJSON_DetachItemViaPointer(metadata, item));
  }
  cJSON *offsets = cJSON_GetObjectItem(last, "data_offsets");
  const double begin = cJSON_GetArrayItem(offsets, 0)->valuedouble;
  cJSON_ReplaceItemInArray(offsets, 1, cJSON_CreateNumber(begin + position));
  cJSON_ReplaceItemInArray(cJSON_GetObjectItem(last, "shape"), 0, cJSON_CreateNumber(position));
  if (position < 0) cJSON_DeleteItemFromObject(header, "espalier.position");
  char *text = cJSON_PrintUnformatted(header);
  cJSON_Delete(header);
  return text;
}

/* Writes the checkpoint again with another position; NULL: with none. */
static void rewrite(const tensors *t, const char *position) {
  const size_t more = position ? strlen(position) : 0;
  char *text = header_text(t, position ? (int)more : -1);
  const uint64_t length = strlen(text);
  uint64_t before;
  memcpy(&before, t->file, 8);
  const char *data = t->file + 8 + before, *end = tensor_of(t, "", "espalier.position")->data;
  const size_t kept = (size_t)(end - data);
  char *file = malloc(8 + length + kept + more);
  ck_assert_ptr_nonnull(file);
  memcpy(file, &length, 8);
  memcpy(file + 8, text, length);
  memcpy(file + 8 + length, data, kept);
  if (position) memcpy(file + 8 + length + kept, position, more);
  not_resumed(file, 8 + length + kept + more, CHECKPOINT);
  cJSON_free(text);
  free(file);
}

/* Positions that no run has: the text of ours with a number changed. */
START_TEST(strange_positions) {
  static const char *const whole[] = {"", "{", "null", "[]", "{}", "{\"stage\":0}", "\"\\ud800\""};
  static const struct {
    const char *name;
    double value;
  } numbers[] = {{"stage", -1},    {"stage", 1},   {"stage", 3},    {"stage", 99},
                 {"stage", 1e300}, {"epoch", -1},  {"epoch", 1},    {"epoch", 1e9},
                 {"epoch", 1e300}, {"batch", -1},  {"batch", 1000}, {"batch", 1e15},
                 {"begun", 0},     {"results", 7}, {"log", 1},      {"layers", 0},
                 {"now", 3},       {"train", 0}};
  stop_in_the_middle();
  tensors t = tensors_read(CHECKPOINT);
  for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) rewrite(&t, whole[i]);
  char *text = tensors_position(&t);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    cJSON *position = cJSON_Parse(text);
    ck_assert_ptr_nonnull(cJSON_GetObjectItem(position, numbers[i].name));
    cJSON_ReplaceItemInObject(position, numbers[i].name, cJSON_CreateNumber(numbers[i].value));
    char *changed = cJSON_PrintUnformatted(position);
    rewrite(&t, changed);
    cJSON_free(changed);
    cJSON_Delete(position);
  }
  rewrite(&t, NULL);
  free(text);
  tensors_free(&t);
}
END_TEST

/* A mask is 0 or 1, and what it leaves out is 0. */
START_TEST(strange_masks) {
  stop_in_the_middle();
  tensors t = tensors_read(CHECKPOINT);
  const tensor *mask = tensor_of(&t, "mask.", "conv1.weight");
  uint8_t *keep = (uint8_t *)mask->data;
  char *position = tensors_position(&t);
  size_t kept = 0;
  while (!kept_at(mask, kept)) kept++;
  keep[kept] = 2;
  rewrite(&t, position);
  keep[kept] = 0;
  rewrite(&t, position);
  free(position);
  tensors_free(&t);
}
END_TEST

/* config.ini of run a with another value of one key. */
static void change_config(const char *whole, const char *key, const char *value) {
  char line[64], *changed = NULL;
  snprintf(line, sizeof line, "\n%s = ", key);
  const char *at = strstr(whole, line);
  ck_assert_msg(at != NULL, "no %s", key);
  at += strlen(line);
  ck_assert_int_gt(
      asprintf(&changed, "%.*s%s%s", (int)(at - whole), whole, value, at + strcspn(at, "\n")), 0);
  text_write("a/config.ini", changed);
  free(changed);
}

/* The configuration of a run is changed behind its back. */
START_TEST(another_config) {
  static const char *const changes[][2] = {{"lr", "0.3"},      {"seed", "9"},
                                           {"epochs", "0"},    {"validation", "5"},
                                           {"arch", "lenet5"}, {"average", "0.9"}};
  stop_in_the_middle();
  char *whole = bytes_read("a/config.ini", NULL);
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    change_config(whole, changes[i][0], changes[i][1]);
    REFUSED(CHECKPOINT, "resume", "a");
  }
  free(whole);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("bad runs");
  TCase *t = tcase_create("bad runs");
  tcase_set_timeout(t, 300);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_test(t, damaged_checkpoint);
  tcase_add_loop_test(t, half_written_runs, 0, (int)(sizeof halves / sizeof *halves));
  tcase_add_test(t, not_a_run);
  tcase_add_test(t, strange_positions);
  tcase_add_test(t, strange_masks);
  tcase_add_test(t, another_config);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
