/* The files of CIFAR-10 and CIFAR-100: the first byte says which is whatever the rest is. */
#include "fuzz.h"

#include <espalier/data.h>

#include <string.h>

enum { TEN_FILES = 7, HUNDRED_FILES = 3, RECORD = 3072 };
static const char *const ten[TEN_FILES] = {
    "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
    "data_batch_5.bin", "test_batch.bin",   "batches.meta.txt"};
static const char *const hundred[HUNDRED_FILES] = {"train.bin", "test.bin", "fine_label_names.txt"};

static void load(const char *dataset) {
  esp_dataset *set;
  esp_error err;
  char kind[16];
  strcpy(kind, dataset);
  const esp_data_options options = {.dataset = kind,
                                    .path = (char *)fuzz_folder(),
                                    .augment = (char[]){""},
                                    .tasks = (char[]){""}};
  if (esp_dataset_load(&set, &options, (esp_shape){0}, 1, &err) == ESP_OK) esp_dataset_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static const uint8_t record[2 + RECORD];
  static const char ten_names[] = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
  if (bytes == 0) return 0;
  const int chosen = data[0] % (TEN_FILES + HUNDRED_FILES);
  for (int i = 0; i < TEN_FILES - 1; i++) fuzz_put(ten[i], record, 1 + RECORD);
  fuzz_put(ten[TEN_FILES - 1], ten_names, strlen(ten_names));
  for (int i = 0; i < HUNDRED_FILES; i++) fuzz_put(hundred[i], record, i < 2 ? 2 + RECORD : 0);
  fuzz_put(chosen < TEN_FILES ? ten[chosen] : hundred[chosen - TEN_FILES], data + 1, bytes - 1);
  load(chosen < TEN_FILES ? "cifar10" : "cifar100");
  return 0;
}
