/* IDX files, plain and compressed: the first byte says which of the four. */
#include "fuzz.h"

#include <espalier/data.h>

static const char *const names[4] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                     "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
static const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2,
                                 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  esp_dataset *set;
  esp_error err;
  if (bytes == 0) return 0;
  for (int i = 0; i < 4; i++)
    if (i == data[0] % 4)
      fuzz_put(names[i], data + 1, bytes - 1);
    else
      fuzz_put(names[i], i % 2 ? labels : images, i % 2 ? sizeof labels : sizeof images);
  const esp_data_options options = {.dataset = (char[]){"idx"},
                                    .path = (char *)fuzz_folder(),
                                    .augment = (char[]){""},
                                    .tasks = (char[]){""}};
  if (esp_dataset_load(&set, &options, (esp_shape){0}, 1, &err) == ESP_OK) esp_dataset_free(set);
  return 0;
}
