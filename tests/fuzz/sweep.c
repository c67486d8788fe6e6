/* Files of sweeps: what loads is written out as text that loads. */
#include "fuzz.h"
#include "sweep/file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  esp__sweep_file f;
  esp_error err;
  char *text;
  if (esp__sweep_file_load(&f, fuzz_file(data, bytes), 0, NULL, &err) != ESP_OK) return 0;
  const int axes = f.axes;
  fuzz_need(esp__sweep_file_text(&f, &text, &err) == ESP_OK, "a sweep has a text");
  esp__sweep_file_free(&f);
  fuzz_need(esp__sweep_file_load(&f, fuzz_file((const uint8_t *)text, strlen(text)), 0, NULL,
                                 &err) == ESP_OK,
            "its text loads");
  fuzz_need(f.axes == axes, "with as many lists");
  esp__sweep_file_free(&f);
  free(text);
  return 0;
}
