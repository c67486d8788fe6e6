/* WAV files, up to their features. */
#include "fuzz.h"

#include <espalier/data.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static float feature[30 * 10];
  esp_error err;
  const esp_audio_options options = {.rate = 8000,
                                     .seconds = 0.5,
                                     .window = 32,
                                     .hop = 16,
                                     .bands = 10,
                                     .layout = (char[]){"picture"}};
  (void)esp_sound_load(fuzz_file(data, bytes), &options, (esp_shape){1, 30, 10, 0}, feature, &err);
  return 0;
}
