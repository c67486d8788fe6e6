/* Tables of numbers and the names of their columns: the first byte says which file, and how many
 * bytes of what follows are data.target and data.ignore. */
#include "fuzz.h"

#include <espalier/data.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static const char good[] = "a,b,y\n1,2,3\n2,4,5\n3,1,0\n";
  esp_dataset *set;
  esp_error err;
  if (bytes == 0) return 0;
  const int test = data[0] & 1;
  const size_t named = (size_t)(data[0] >> 1 & 15), names = named < bytes ? named : bytes - 1;
  char *name = fuzz_text(data + 1, names);
  fuzz_put(test ? "test.csv" : "train.csv", data + 1 + names, bytes - 1 - names);
  fuzz_put(test ? "train.csv" : "test.csv", good, sizeof good - 1);
  const esp_data_options options = {.dataset = (char[]){"csv"},
                                    .path = (char *)fuzz_folder(),
                                    .table = {.target = data[0] & 32 ? name : (char[]){"y"},
                                              .inputs = (char[]){""},
                                              .ignore = data[0] & 32 ? (char[]){""} : name},
                                    .augment = (char[]){""},
                                    .tasks = (char[]){""}};
  if (esp_dataset_load(&set, &options, (esp_shape){0}, 1, &err) == ESP_OK) esp_dataset_free(set);
  free(name);
  return 0;
}
