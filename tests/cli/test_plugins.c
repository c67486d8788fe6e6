/* Methods from outside: named in a configuration, recorded by the run, and asked for again. */
#include "nets.h"
#include "rig.h"

#include <espalier/file.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Puts one of the plugins that the build made where the test can name it. */
static void put(const char *name, const char *at) {
  char path[4096], *data;
  size_t bytes;
  snprintf(path, sizeof path, "%s/%s.so", getenv("PLUGINS"), name);
  data = bytes_read(path, &bytes);
  bytes_write(at, data, bytes);
  free(data);
}

#define PLUGIN_LINES "[run]\nplugins = extra/sample.so\n[prune]\nmethod = sample\nsparsity = 0.75\n"

static void setup(void) {
  rig_open();
  ck_assert_int_eq(mkdir("configs", 0777), 0);
  ck_assert_int_eq(mkdir("configs/extra", 0777), 0);
  put("sample", "configs/extra/sample.so");
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
  /* The method comes before the plugin that holds it. */
  text_write("configs/own.ini", CONFIG_BEGIN PLAIN_LAYERS PLUGIN_LINES);
}

static void refuses(const char *text, const char *const *argument) {
  process p = espalier(&(process_options){0}, argument);
  ck_assert_int_eq(p.status, 2);
  ck_assert_msg(strstr(p.err, text), "'%s' lacks '%s'", p.err, text);
  ck_assert_ptr_eq(strchr(p.err, '\n'), p.err + strlen(p.err) - 1); /* one line */
  process_free(&p);
}
#define REFUSED(text, ...) refuses(text, (const char *const[]){__VA_ARGS__, NULL})

/* result.json names the plugin; config.ini holds what works from anywhere. */
static void check_record(const char *dir) {
  char path[64];
  cJSON *result = result_read(dir);
  const cJSON *plugins = cJSON_GetObjectItem(result, "plugins"),
              *first = cJSON_GetArrayItem(plugins, 0);
  ck_assert_int_eq(cJSON_GetArraySize(plugins), 1);
  ck_assert_str_eq(cJSON_GetObjectItem(first, "name")->valuestring, "sample");
  ck_assert_str_eq(cJSON_GetObjectItem(first, "version")->valuestring, "1.0");
  ck_assert_uint_eq(strlen(cJSON_GetObjectItem(first, "sha256")->valuestring), 64);
  cJSON_Delete(result);
  snprintf(path, sizeof path, "%s/config.ini", dir);
  char *config = bytes_read(path, NULL);
  ck_assert_ptr_nonnull(strstr(config, "/configs/extra/sample.so\n"));
  ck_assert_ptr_null(strstr(config, "plugins = configs"));
  free(config);
}

START_TEST(a_method_of_a_plugin_prunes_as_its_twin_within) {
  ESPALIER("run", "configs/own.ini", "-o", "out");
  ESPALIER("run", "plain.ini", "-o", "same", "prune.method=magnitude", "prune.sparsity=0.75");
  ck_assert_str_eq(hash_of_run("out"), hash_of_run("same"));
  check_record("out");
  cJSON *result = result_read("out");
  ck_assert_double_eq(number_of(cJSON_GetObjectItem(result, "final"), "sparsity"), 0.75);
  cJSON_Delete(result);
}
END_TEST

START_TEST(an_argument_names_plugins_from_where_one_is) {
  REFUSED("no such plugin", "run", "plain.ini", "run.plugins=extra/sample.so");
  ESPALIER("run", "plain.ini", "-o", "out", "run.plugins=configs/extra/sample.so",
           "prune.method=sample");
  check_record("out");
}
END_TEST

START_TEST(an_option_names_plugins) {
  ESPALIER("run", "plain.ini", "-o", "out", "--plugin", "configs/extra/sample.so",
           "prune.method=sample");
  check_record("out");
  ESPALIER("predict", "--help");
  ESPALIER("list", "criteria", "--plugin=configs/extra/sample.so");
  REFUSED("gone.so: no such plugin", "list", "criteria", "--plugin", "gone.so");
  REFUSED("gone.so: no such plugin", "run", "plain.ini", "--plugin", "gone.so");
  REFUSED("--plugin: expected a plugin after it", "run", "plain.ini", "--plugin");
}
END_TEST

START_TEST(a_run_goes_on_with_its_plugin) {
  ESPALIER("run", "configs/own.ini", "-o", "whole");
  const process_options killed = {
      .signal = SIGKILL, .begun = "out/checkpoint.safetensors", .after = 0.0};
  process p = espalier(&killed, (const char *[]){"run", "configs/own.ini", "-o", "out",
                                                 "run.checkpoint_minutes=0.0003", NULL});
  process_free(&p);
  ESPALIER("resume", "out");
  ck_assert_str_eq(hash_of_run("out"), hash_of_run("whole"));
}
END_TEST

START_TEST(a_run_does_not_go_on_with_another_plugin) {
  char *config;
  ESPALIER("run", "configs/own.ini", "-o", "out");
  put("other", "configs/extra/sample.so");
  REFUSED("another file of a plugin (name, version, SHA-256): expected sample 1.0 ", "resume",
          "out");
  REFUSED(", found sample 2.0 ", "resume", "out");
  put("sample", "configs/extra/sample.so");
  ESPALIER("resume", "out");
  /* Another method of the same name, without any plugin, is another configuration. */
  config = bytes_read("out/config.ini", NULL);
  char *line = strstr(config, "plugins = ");
  ck_assert_ptr_nonnull(line);
  memset(line + 9, ' ', strcspn(line + 9, "\n"));
  char *method = strstr(config, "method = sample");
  ck_assert_ptr_nonnull(method);
  memcpy(method, "method = taylor", 15);
  text_write("out/config.ini", config);
  free(config);
  REFUSED("was made with the plugin 'sample', which run.plugins does not name", "resume", "out");
}
END_TEST

START_TEST(what_is_wrong_with_a_plugin_is_told_with_its_place) {
  put("taken", "configs/extra/taken.so");
  put("old", "configs/extra/old.so");
  put("other", "configs/extra/other.so");
  text_write("configs/bad.ini",
             CONFIG_BEGIN PLAIN_LAYERS "[run]\nplugins =\n  extra/sample.so\n  extra/gone.so\n");
  REFUSED("configs/bad.ini:30: ", "run", "configs/bad.ini");
  REFUSED("configs/extra/gone.so: no such plugin", "run", "configs/bad.ini");
  REFUSED("not a shared object", "run", "plain.ini", "run.plugins=plain.ini");
  REFUSED("criterion 'magnitude': the name is taken", "run", "plain.ini",
          "run.plugins=configs/extra/taken.so");
  REFUSED("made for version 0 of the plugin interface", "run", "plain.ini",
          "run.plugins=configs/extra/old.so");
  REFUSED("holds another plugin 'sample' than ", "run", "plain.ini",
          "run.plugins=configs/extra/sample.so configs/extra/other.so");
}
END_TEST

/* A file of weights is data: it makes nobody run the code that it names. */
START_TEST(weights_alone_load_no_plugin) {
  ESPALIER("run", "configs/own.ini", "-o", "out");
  ESPALIER("eval", "out");
  REFUSED("was made with the plugin /", "eval", "out/round-01.safetensors");
  ESPALIER("eval", "out/round-01.safetensors", "--plugin", "configs/extra/sample.so");
  ESPALIER("inspect", "out/round-01.safetensors", "--plugin", "configs/extra/sample.so");
}
END_TEST

int main(void) {
  rig_begin();
  Suite *suite = suite_create("plugins of runs");
  TCase *c = tcase_create("plugins");
  tcase_set_timeout(c, 120);
  tcase_add_checked_fixture(c, setup, NULL);
  tcase_add_test(c, a_method_of_a_plugin_prunes_as_its_twin_within);
  tcase_add_test(c, an_argument_names_plugins_from_where_one_is);
  tcase_add_test(c, an_option_names_plugins);
  tcase_add_test(c, a_run_goes_on_with_its_plugin);
  tcase_add_test(c, a_run_does_not_go_on_with_another_plugin);
  tcase_add_test(c, what_is_wrong_with_a_plugin_is_told_with_its_place);
  tcase_add_test(c, weights_alone_load_no_plugin);
  suite_add_tcase(suite, c);
  return rig_end(suite);
}
