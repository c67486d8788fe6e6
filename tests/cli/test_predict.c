/* The command predict: pictures that it cannot read, and files that do not say how pictures are
 * given to their network. */
#include "nets.h"
#include "rig.h"

#include "data/files.h"

#include <espalier/run.h>

#include <stdlib.h>
#include <string.h>

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
  ESPALIER("run", "plain.ini", "-o", "a", "train.epochs=0");
}

/* What is good gets its answer, what is not is named, whatever stands before or behind it. */
START_TEST(the_others_are_answered) {
  png_write_plain(".", "good.png", 40, 30, 200, 100, 50);
  text_write("text.png", "no picture");
  process p = espalier(
      &(process_options){0},
      (const char *[]){"predict", "a", "nowhere.png", "good.png", "text.png", "good.png", NULL});
  ck_assert_int_eq(p.status, 2);
  ck_assert(strstr(p.err, "nowhere.png") && strstr(p.err, "text.png"));
  ck_assert_msg(strstr(p.err, "2 of 4 pictures cannot be read") != NULL, "%s", p.err);
  const char *first = strstr(p.out, "good.png\n");
  ck_assert(first && strstr(first + 1, "good.png\n") && !strstr(p.out, "text.png"));
  process_free(&p);
}
END_TEST

/* Without mean and deviation every picture would have one answer. */
START_TEST(a_file_without_normalisation) {
  esp_loaded_run o;
  esp_error err = {.text = ""};
  ck_assert(esp_load_run(&o, "a", false, 0, NULL, &err) == ESP_OK);
  o.config.data.mean.count = o.config.data.std.count = 0;
  char *text;
  ck_assert(esp_config_text(&o.config, &text, &err) == ESP_OK);
  const esp_provenance from = {text, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"};
  ck_assert_msg(esp_weights_save(o.model, from, "bare.safetensors", &err) == ESP_OK, "%s",
                err.text);
  free(text);
  esp_loaded_run_free(&o);
  png_write_plain(".", "good.png", 40, 30, 200, 100, 50);
  process p = espalier(&(process_options){0},
                       (const char *[]){"predict", "bare.safetensors", "good.png", NULL});
  ck_assert_msg(p.status == 2 && !*p.out, "status %d: %s", p.status, p.out);
  ck_assert_msg(strstr(p.err, "0 numbers as data.mean") != NULL, "%s", p.err);
  process_free(&p);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("predict command");
  TCase *t = tcase_create("predict");
  tcase_set_timeout(t, 120);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_test(t, the_others_are_answered);
  tcase_add_test(t, a_file_without_normalisation);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
