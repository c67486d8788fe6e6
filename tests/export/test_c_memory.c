/* The memory of exported programs: what it comes to, worked out by hand. */
#include "folder.h"
#include "suite.h"

#include <espalier/export.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *names[] = {(char[]){"ant"}, (char[]){"bee"}, NULL};
static const float mean[1] = {0.5f}, std_[1] = {0.25f};

/* Floats of the memory of that network for images of one 4x4 plane. */
static size_t floats_of(const char *layers) {
  char *folder = folder_make(), path[FOLDER_PATH_MAX];
  esp_model_options opt = {.arch = (char[]){"custom"}, .width = 1.0};
  esp_model *m;
  esp_c_sizes sizes;
  esp_error err;
  opt.layers = strdup(layers);
  ck_assert_msg(esp_model_new(&m, &opt, (esp_shape){1, 4, 4}, 2, 1, &err) == ESP_OK, "%s",
                err.text);
  free(opt.layers);
  const esp_export_source s = {m, names, mean, std_};
  snprintf(path, sizeof path, "%s/net.c", folder);
  ck_assert_msg(esp_export_c(&s, path, &sizes, &err) == ESP_OK, "%s", err.text);
  ck_assert_int_eq(unlink(path), 0);
  path[strlen(path) - 1] = 'h';
  ck_assert_int_eq(unlink(path), 0);
  ck_assert_int_eq(rmdir(folder), 0);
  free(folder);
  esp_model_free(m);
  return sizes.memory / sizeof(float);
}

/* 16 pixels and 3 planes of 16; ReLU and pooling work where they stand, and linear1 needs only the
 * 12 that are left. */
START_TEST(what_takes_each_value_by_itself_needs_none) {
  ck_assert_uint_eq(
      floats_of("conv 3 3x3\nbn\ntanh\nmaxpool 2\nflatten\nlinear 4\nlinear classes\n"), 16 + 48);
}
END_TEST

/* conv1 makes 32, conv2 48; when conv3 makes its 32, those of conv1 are not needed. */
START_TEST(values_that_do_not_live_at_once_share) {
  ck_assert_uint_eq(floats_of("conv 2 3x3\nconv 3 3x3\nconv 2 3x3\nflatten\nlinear classes\n"),
                    48 + 32);
}
END_TEST

/* What is added is there until the sum, which takes its place, made plane by plane. */
START_TEST(a_residual_is_written_over_by_its_sum) {
  ck_assert_uint_eq(
      floats_of("conv 2 3x3\nresidual\n  conv 2 3x3\n  relu\n  conv 2 3x3\n  bn\nend\n"
                "relu\nflatten\nlinear classes\n"),
      32 + 32 + 16);
}
END_TEST

/* Its only layer reads all of x for each output, so the sum cannot be where x is. */
START_TEST(a_layer_does_not_write_over_what_it_reads) {
  ck_assert_uint_eq(
      floats_of("conv 2 3x3\nresidual\n  conv 2 3x3\n  bn\nend\nrelu\nflatten\nlinear classes\n"),
      32 + 32);
}
END_TEST

/* Windows that meet read what the output before would have been written over. */
START_TEST(windows_that_overlap_need_a_place_of_their_own) {
  ck_assert_uint_eq(floats_of("conv 2 3x3\nmaxpool 3 stride 1 pad 1\nflatten\nlinear classes\n"),
                    32 + 32);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("memory of exported C");
  TCase *all = tcase_create("memory");
  tcase_add_test(all, what_takes_each_value_by_itself_needs_none);
  tcase_add_test(all, values_that_do_not_live_at_once_share);
  tcase_add_test(all, a_residual_is_written_over_by_its_sum);
  tcase_add_test(all, a_layer_does_not_write_over_what_it_reads);
  tcase_add_test(all, windows_that_overlap_need_a_place_of_their_own);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}
