/* The command factorise: a network of low rank, and a configuration that trains it on. */
#include "nets.h"
#include "rig.h"

#include <stdlib.h>
#include <string.h>

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
  ESPALIER("run", "plain.ini", "-o", "a");
}

static double weights_in(const char *path) {
  double count = 0;
  tensors t = tensors_read(path);
  for (int k = 0; k < t.count; k++)
    if (strstr(t.item[k].name, ".weight")) count += (double)t.item[k].count;
  tensors_free(&t);
  return count;
}

/* The budget is met by what is in the file; the network trains, is pruned to a sparsity, resumes,
 * and is cut again. */
START_TEST(a_network_like_any_other) {
  process p = espalier(
      &(process_options){0},
      (const char *[]){"factorise", "a", "-o", "low.safetensors", "--parameters", "0.6", NULL});
  ck_assert_msg(p.status == 0 && !*p.err, "status %d: %s", p.status, p.err);
  ck_assert(strstr(p.out, "conv2                    ") && strstr(p.out, "MACs an image") &&
            strstr(p.out, "to be trained on"));
  process_free(&p);
  ck_assert(weights_in("low.safetensors") <= 0.6 * PLAIN_WEIGHTS);
  ck_assert(weights_in("low.safetensors") > 0.5 * PLAIN_WEIGHTS);
  ESPALIER("run", "low.ini", "-o", "b", "prune.method=magnitude", "prune.sparsity=0.5");
  ESPALIER("resume", "b");
  ESPALIER("factorise", "low.safetensors", "-o", "lower.safetensors", "--rank", "1");
  ck_assert(weights_in("lower.safetensors") < weights_in("low.safetensors"));
  ESPALIER("eval", "lower.safetensors");
  ESPALIER("factorise", "a", "-o", "train.safetensors", "--method", "tt", "--rank", "1");
  ck_assert(weights_in("train.safetensors") < PLAIN_WEIGHTS);
  ESPALIER("eval", "train.safetensors");
}
END_TEST

/* All the energy is all of the network: nothing that would cost less, nothing written. */
START_TEST(what_is_refused) {
  static const struct {
    const char *option, *value, *message;
  } cases[] = {
      {"--energy", "1", "expected lower ranks"},
      {"--energy", "1.5", "--energy '1.5': expected a number from 0 to 1"},
      {"--macs", "0.0001", "cannot be met"},
      {"--macs", "1", "are below 1"},
      {"--rank", "-1", "--rank '-1': expected a whole number from 0 to 65536"},
      {"--method", "svd", "nothing says how far ranks go down"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    process p =
        espalier(&(process_options){0}, (const char *[]){"factorise", "a", "-o", "out.safetensors",
                                                         cases[i].option, cases[i].value, NULL});
    const char *newline = strchr(p.err, '\n');
    ck_assert_msg(p.status == 2 && newline && !newline[1], "status %d: %s", p.status, p.err);
    ck_assert_msg(strstr(p.err, cases[i].message) != NULL, "'%s' lacks '%s'", p.err,
                  cases[i].message);
    ck_assert(!*p.out && !exists("out.safetensors") && !exists("out.ini"));
    process_free(&p);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("factorise command");
  TCase *t = tcase_create("factorise");
  tcase_set_timeout(t, 120);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_test(t, a_network_like_any_other);
  tcase_add_test(t, what_is_refused);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
