/* Classes are matched by name, and data are known by their content. */
#include "files.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static char *folder;
static esp_dataset *set;
static esp_data_options opt;
static esp_error err;

/* Two ants and two bees to train on, one of each to test with. */
static void setup(void) {
  folder = folder_make();
  pictures_make(folder);
  opt = options_for("folder", folder);
  ck_assert_msg(esp_dataset_load(&set, &opt, (esp_shape){3, 8, 8}, 1, &err) == ESP_OK, "%s",
                err.text);
}
static void teardown(void) {
  esp_dataset_free(set);
  set = NULL;
  folder_remove(folder);
}

START_TEST(labels_follow_names) {
  char bee[] = "bee", wasp[] = "wasp", ant[] = "ant";
  char *network[] = {bee, wasp, ant};
  ck_assert_msg(esp_dataset_match_classes(set, &opt, network, 3, &err) == ESP_OK, "%s", err.text);
  ck_assert_int_eq(set->classes, 3);
  for (int i = 0; i < 3; i++) ck_assert_str_eq(set->class_name[i], network[i]);
  const int32_t train[] = {2, 2, 0, 0}, test[] = {2, 0};
  ck_assert_mem_eq(set->train.labels, train, sizeof train);
  ck_assert_mem_eq(set->test.labels, test, sizeof test);
  ck_assert_int_eq(set->tasks.item[0].answers, 3);
}
END_TEST

START_TEST(a_class_that_the_network_lacks_is_refused) {
  char ant[] = "ant", wasp[] = "wasp";
  char *network[] = {ant, wasp};
  ck_assert_int_eq(esp_dataset_match_classes(set, &opt, network, 2, &err), ESP_ERR_INPUT);
  ck_assert_str_eq(err.text,
                   "class 'bee' of the data is none of the network's 2 (ant, wasp); classes are "
                   "matched by name");
}
END_TEST

static esp_dataset_digests digests(void) {
  esp_dataset_digests d;
  ck_assert_msg(esp_dataset_digest(set, &d, &err) == ESP_OK, "%s", err.text);
  return d;
}

/* Which of the digests differ: 1 classes, 2 labels, 4 images. */
static int changed(const esp_dataset_digests *a) {
  const esp_dataset_digests b = digests();
  return (strcmp(a->classes, b.classes) != 0) | (strcmp(a->labels, b.labels) != 0) << 1 |
         (strcmp(a->images, b.images) != 0) << 2;
}

START_TEST(each_digest_sees_its_part_alone) {
  const esp_dataset_digests before = digests();
  ck_assert_int_eq(changed(&before), 0);
  set->class_name[1][0] = 'B';
  ck_assert_int_eq(changed(&before), 1);
  set->class_name[1][0] = 'b';
  set->test.labels[1] = 0;
  ck_assert_int_eq(changed(&before), 2);
  set->test.labels[1] = 1;
  set->train.pixels[4 * 3 * 8 * 8 - 1] ^= 1;
  ck_assert_int_eq(changed(&before), 4);
  set->train.pixels[4 * 3 * 8 * 8 - 1] ^= 1;
  ck_assert_int_eq(changed(&before), 0);
}
END_TEST

/* More than one block, so that blocks count, and their order. */
START_TEST(large_images_are_seen_to_the_last) {
  esp_dataset_free(set);
  esp_data_options shapes = options_for("shapes", "");
  shapes.train = 800; /* 3072 bytes each: 2.3 MiB */
  shapes.test = 1;
  ck_assert_int_eq(esp_dataset_load(&set, &shapes, (esp_shape){0}, 1, &err), ESP_OK);
  const esp_dataset_digests before = digests();
  const size_t mebi = 1 << 20, at[] = {0, mebi - 1, mebi, 2 * mebi, 800 * 3072 - 1};
  for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
    set->train.pixels[at[i]] ^= 0x80;
    ck_assert_int_eq(changed(&before), 4);
    set->train.pixels[at[i]] ^= 0x80;
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("identity");
  TCase *tests = tcase_create("identity");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, labels_follow_names);
  tcase_add_test(tests, a_class_that_the_network_lacks_is_refused);
  tcase_add_test(tests, each_digest_sees_its_part_alone);
  tcase_add_test(tests, large_images_are_seen_to_the_last);
  suite_add_tcase(suite, tests);
  return suite_run(suite);
}
