/* The command shrink: a smaller network that answers the same, and that is a network like any
 * other. */
#include "nets.h"
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void setup(void) {
  rig_open();
  text_write("stream.ini", CONFIG_BEGIN STREAM_LAYERS);
}

/* The parameters that a file holds, running statistics too. */
static double numbers_in(const char *path) {
  double count = 0;
  tensors t = tensors_read(path);
  for (int k = 0; k < t.count; k++) count += (double)t.item[k].count;
  tensors_free(&t);
  return count;
}

/* Where the sums of a dense layer are those of a pruned one, to the bit. */
#define DIRECT "model.convolution=direct"

static process shrunk(const char *from, const char *to, const char *multiple) {
  char file[64];
  snprintf(file, sizeof file, "%s.safetensors", to);
  process p = espalier(&(process_options){0},
                       (const char *[]){"shrink", from, "-o", file, "--multiple", multiple, NULL});
  ck_assert_msg(p.status == 0 && !*p.err, "status %d: %s", p.status, p.err);
  return p;
}

static void shrinks(const char *from, const char *to, const char *multiple) {
  process p = shrunk(from, to, multiple);
  ck_assert_msg(strstr(p.out, "largest difference of a logit over 48 test images: 0 "), "%s",
                p.out);
  ck_assert(strstr(p.out, "MACs an image") && strstr(p.out, "bytes of the file") &&
            strstr(p.out, "ms an image"));
  process_free(&p);
}

static const char *const structures[] = {"channel", "neuron", "layer", "hybrid", "filter"};

/* Equal to the last digit of every logit, and smaller. */
START_TEST(answers_stay) {
  char structure[64];
  snprintf(structure, sizeof structure, "prune.structure=%s", structures[_i]);
  ESPALIER("run", "stream.ini", "-o", "a", structure, "prune.method=magnitude",
           "prune.sparsity=0.5", "prune.distribution=uniform", DIRECT);
  shrinks("a", "small", "1");
  ESPALIER("eval", "a", "--logits", "a.csv");
  ESPALIER("eval", "small.safetensors", "--logits", "small.csv");
  ck_assert(same_bytes("a.csv", "small.csv"));
  ck_assert_double_lt(numbers_in("small.safetensors"), numbers_in("a/round-01.safetensors"));
  ESPALIER("inspect", "small.safetensors");
}
END_TEST

/* 20 x 16 windows of which 10 x 16 are left go by Winograd; 10 x 8 do not, and round otherwise: the
 * logits stay near, and are not the same. */
START_TEST(answers_stay_near) {
  text_write("narrow.ini", CONFIG_BEGIN
             "  conv 16 3x3 stride 4\n  bn\n  relu\n  conv 20 3x3\n  bn\n  relu\n"
             "  global_avgpool\n  flatten\n  linear classes\n");
  ESPALIER("run", "narrow.ini", "-o", "a", "prune.structure=filter", "prune.method=magnitude",
           "prune.sparsity=0.5", "prune.distribution=uniform");
  process p = shrunk("a", "small", "1");
  const char *found = strstr(p.out, "test images: ");
  const double difference = found ? atof(found + strlen("test images: ")) : 1.0;
  ck_assert_msg(difference > 0.0 && difference < 1e-5, "%s", p.out);
  process_free(&p);
}
END_TEST

/* A gate keeps a share of the channels that there are, so those stay; thresholds go along. */
START_TEST(gates_and_thresholds_stay) {
  const char *const which[] = {"prune.structure=layer", "prune.structure=neuron"};
  ESPALIER("run", "stream.ini", "-o", "a", which[_i], "prune.method=magnitude",
           "prune.sparsity=0.5", "prune.distribution=uniform", "model.gate_density=0.5",
           "model.relu_zeros=0.6", DIRECT);
  shrinks("a", "small", "1");
  ESPALIER("eval", "a", "--logits", "a.csv");
  ESPALIER("eval", "small.safetensors", "--logits", "small.csv");
  ck_assert(same_bytes("a.csv", "small.csv"));
  ck_assert_double_lt(numbers_in("small.safetensors"), numbers_in("a/round-01.safetensors"));
}
END_TEST

/* What is shrunk can be trained on, pruned, resumed and shrunk again; not pruned, it stays. */
START_TEST(a_network_like_any_other) {
#define CHANNELS "prune.method=magnitude", "prune.structure=channel", "prune.sparsity=0.4"
  ESPALIER("run", "stream.ini", "-o", "a", CHANNELS, DIRECT);
  shrinks("a", "small", "1");
  shrinks("small.safetensors", "same", "1");
  ck_assert_double_eq(numbers_in("small.safetensors"), numbers_in("same.safetensors"));
  ESPALIER("run", "small.ini", "-o", "b", CHANNELS);
  ESPALIER("resume", "b");
  shrinks("b", "smaller", "1");
  ck_assert_double_lt(numbers_in("smaller.safetensors"), numbers_in("small.safetensors"));
  shrinks("b", "rounded", "4");
  ck_assert_double_gt(numbers_in("rounded.safetensors"), numbers_in("smaller.safetensors"));
  ESPALIER("run", "smaller.ini", "-o", "c", "train.epochs=0");
  ESPALIER("eval", "b", "--logits", "b.csv");
  ESPALIER("eval", "c", "--logits", "c.csv");
  ck_assert(same_bytes("b.csv", "c.csv"));
}
END_TEST

/* ---- what is refused ---- */

static void refused(const char *expected, const char *const *argument) {
  process p = espalier(&(process_options){0}, argument);
  const char *newline = strchr(p.err, '\n');
  ck_assert_msg(p.status == 2, "status %d, signal %d, expected '%s': %s", p.status, p.signal,
                expected, p.err);
  ck_assert_msg(newline && !newline[1] && strstr(p.err, expected), "'%s' lacks '%s'", p.err,
                expected);
  ck_assert(!*p.out && !exists("out.safetensors") && !exists("out.ini"));
  process_free(&p);
}
#define REFUSED(expected, ...) refused(expected, (const char *const[]){"shrink", __VA_ARGS__, NULL})
#define OUT "-o", "out.safetensors"

START_TEST(bad_calls) {
  ESPALIER("run", "stream.ini", "-o", "a", "train.epochs=0");
  REFUSED("expected a run directory or a weights file", OUT);
  REFUSED("expected -o and a file name", "a");
  REFUSED("-o: expected a file name", "a", "-o");
  REFUSED("unknown option '--out'", "a", "--out", "x");
  REFUSED("--multiple: expected a whole number from 1 to 65536 after it", "a", OUT, "--multiple");
  REFUSED("--multiple '0': expected a whole number from 1", "a", OUT, "--multiple", "0");
  REFUSED("--multiple '8x'", "a", OUT, "--multiple", "8x");
  REFUSED("expected the name of a file that ends with .safetensors", "a", "-o", "out.ini");
  REFUSED("nowhere/out.ini", "a", "-o", "nowhere/out.safetensors");
  REFUSED("a path that no configuration can hold", "a", "-o", "out\n.safetensors");
  REFUSED("data.dataset=cifar1", "a", OUT, "data.dataset=cifar1");
}
END_TEST

START_TEST(bad_files) {
  static const char foreign[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
  char other[8 + sizeof foreign + 3] = {(char)(sizeof foreign - 1)};
  size_t bytes;
  ESPALIER("run", "stream.ini", "-o", "a", "train.epochs=0");
  char *file = bytes_read("a/dense.safetensors", &bytes);
  bytes_write("empty", file, 0);
  bytes_write("cut", file, bytes / 2);
  bytes_write("short", file, bytes - 1);
  file[bytes - 5] ^= 1;
  bytes_write("flipped", file, bytes);
  free(file);
  memcpy(other + 8, foreign, sizeof foreign - 1);
  bytes_write("foreign", other, 8 + sizeof foreign - 1 + 4);
  REFUSED("nowhere: no such file", "nowhere", OUT);
  REFUSED(".: no weights in this directory", ".", OUT);
  REFUSED("stream.ini: ", "stream.ini", OUT);
  REFUSED("empty: at byte 0", "empty", OUT);
  REFUSED("cut: ", "cut", OUT);
  REFUSED("short: ", "short", OUT);
  REFUSED("do not match their SHA-256", "flipped", OUT);
  REFUSED("foreign: no 'espalier.config' in its metadata", "foreign", OUT);
}
END_TEST

/* A configuration that is not shrink's own stays; its own is written again. And what comes of a run
 * with a regulariser is a run without. */
START_TEST(what_a_person_wrote_stays) {
  ESPALIER("run", "stream.ini", "-o", "a", "prune.method=magnitude", "prune.structure=channel",
           "prune.sparsity=0.5", "prune.regulariser=l1");
  text_write("mine.ini", CONFIG_BEGIN PLAIN_LAYERS);
  process p = espalier(&(process_options){0},
                       (const char *[]){"shrink", "a", "-o", "mine.safetensors", NULL});
  ck_assert_int_eq(p.status, 2);
  ck_assert_msg(strstr(p.err, "mine.ini: is there, and is no configuration that espalier wrote"),
                "%s", p.err);
  ck_assert(!exists("mine.safetensors"));
  process_free(&p);
  char *text = bytes_read("mine.ini", NULL);
  ck_assert_str_eq(text, CONFIG_BEGIN PLAIN_LAYERS);
  free(text);
  for (int i = 0; i < 2; i++) ESPALIER("shrink", "a", "-o", "small.safetensors");
  ESPALIER("run", "small.ini", "-o", "b", "train.epochs=1");
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("shrink command");
  TCase *t = tcase_create("shrink");
  tcase_set_timeout(t, 120);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_loop_test(t, answers_stay, 0, sizeof structures / sizeof *structures);
  tcase_add_test(t, answers_stay_near);
  tcase_add_loop_test(t, gates_and_thresholds_stay, 0, 2);
  tcase_add_test(t, a_network_like_any_other);
  tcase_add_test(t, bad_calls);
  tcase_add_test(t, bad_files);
  tcase_add_test(t, what_a_person_wrote_stays);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
