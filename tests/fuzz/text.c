/* Tables and files of texts: the first byte says which. */
#include "fuzz.h"

#include <espalier/data.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static const char good[] = "a\tone\nb\ttwo\n";
  esp_dataset *set;
  esp_error err;
  if (bytes == 0) return 0;
  const int test = data[0] & 1;
  fuzz_put(test ? "test.tsv" : "train.tsv", data + 1, bytes - 1);
  fuzz_put(test ? "train.tsv" : "test.tsv", good, sizeof good - 1);
  const esp_data_options options = {
      .dataset = (char[]){"text"},
      .path = (char *)fuzz_folder(),
      .text = {.tokens = data[0] & 2 ? (char[]){"words"} : (char[]){"characters"},
               .vocabulary = data[0] & 4 ? 5 : 0,
               .length = data[0] & 8 ? 3 : 0},
      .augment = (char[]){""},
      .tasks = (char[]){""}};
  if (esp_dataset_load(&set, &options, (esp_shape){0}, 1, &err) == ESP_OK) esp_dataset_free(set);
  return 0;
}
